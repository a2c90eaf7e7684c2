// Links of the node and where they lead: which one has its other end in a namespace, which ones workloads share, and which one an address is routed to.
import { closeSync, openSync, readFileSync } from "node:fs";
import { addressBytes } from "../nftables/address-bytes.ts";
import { withNetns } from "../nftables/netlink/netns.ts";
import { attributesOf, textOf, u32, type Message } from "../nftables/netlink/reader.ts";
import { families, NLM_F_DUMP, NLM_F_REQUEST, openNetlink, type NetlinkSocket } from "../nftables/netlink/socket.ts";
import { createWriter } from "../nftables/netlink/writer.ts";

export const linkLimits = {
  /** Lines of a routing table that are read; a route beyond them leads to no known link. */
  routesMax: 200_000,
} as const;

/** A bridge that workloads share: no way out of the node is behind it. */
export interface SharedLink {
  readonly name: string;
  /** What the node is joined to it by: "10.88.0.0/16". Sorted. */
  readonly prefixes: readonly string[];
}

export interface NodeLinks {
  /** The link that packets from this namespace come in by, when all do by one: its veth, or the bridge that this is a port of; "" otherwise. */
  linkTo(netnsFile: string): { readonly name: string; readonly isShared: boolean };
  /** The link that the node sends packets for an address to, without a gateway; "" when there is none. */
  towards(address: string): string;
  readonly shared: readonly SharedLink[];
}

const RTM_GETLINK = 18;
const RTM_GETNSID = 90;
const NETNSA_NSID = 1;
const NETNSA_FD = 3;
const attribute = { name: 3, link: 5, master: 10, info: 18, kind: 1, peerNamespace: 37 } as const;
/** What virtual machines and pods hang on a bridge. A physical card or a tunnel leads out of the node. */
const portKinds = new Set(["veth", "tun", "ipvlan", "macvlan"]);

interface Link {
  readonly index: number;
  readonly name: string;
  readonly kind: string;
  readonly master: number;
  /** Number that the node's namespace gave the namespace of the other end; -1 when the other end is in the node's. */
  readonly peerNamespace: number;
}

/** Links and routes as they are now, of the namespace of this file (undefined: where we are). Throws "dataplane/netlink" and "dataplane/netns". */
export function nodeLinks(file: string | undefined): NodeLinks {
  const socket = openNetlink({ family: families.route, netns: file });
  try {
    return linksOf(file, readLinks(socket));
  } finally {
    socket.close();
  }
}

function linksOf(file: string | undefined, links: readonly Link[]): NodeLinks {
  const routes = readRoutes(file);
  const byIndex = new Map(links.map((link) => [link.index, link]));
  const shared = sharedAmong(links, routes);
  return {
    shared,
    towards: (address) => routes.towards(address),
    linkTo(netnsFile) {
      const id = namespaceId(file, netnsFile);
      const ends = id < 0 ? [] : links.filter(({ kind, peerNamespace }) => kind === "veth" && peerNamespace === id);
      const ways = new Set(ends.map((end) => byIndex.get(end.master) ?? end));
      const [way] = ways;
      if (ways.size !== 1 || way === undefined) return { name: "", isShared: false };
      return { name: way.name, isShared: way.kind !== "veth" };
    },
  };
}

function sharedAmong(links: readonly Link[], routes: Routes): readonly SharedLink[] {
  return links
    .filter(({ kind, name, index }) => {
      const ports = links.filter(({ master }) => master === index);
      const isInside = ports.length > 0 && ports.every((port) => portKinds.has(port.kind));
      return kind === "bridge" && isInside && !routes.outward.has(name);
    })
    .map(({ name }) => ({ name, prefixes: [...(routes.prefixes.get(name) ?? [])].sort() }))
    .filter(({ prefixes }) => prefixes.length > 0)
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

function readLinks(socket: NetlinkSocket): readonly Link[] {
  const writer = createWriter(64);
  writer.begin(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, new Uint8Array(16));
  writer.end();
  return socket.dump(writer.take()).map(linkOf);
}

function linkOf({ payload }: Message): Link {
  const attributes = attributesOf(payload.subarray(16));
  const number = (value: Uint8Array | undefined, without: number): number =>
    value === undefined ? without : u32(value) | 0;
  const info = attributes.get(attribute.info);
  return {
    index: u32(payload, 4),
    name: textOf(attributes.get(attribute.name)),
    kind: info === undefined ? "" : textOf(attributesOf(info).get(attribute.kind)),
    master: number(attributes.get(attribute.master), 0),
    peerNamespace: number(attributes.get(attribute.peerNamespace), -1),
  };
}

/** The number that the namespace of `file` has for another one; -1 when it never met it. */
function namespaceId(file: string | undefined, other: string): number {
  const descriptor = openSync(other, "r");
  const socket = openNetlink({ family: families.route, netns: file });
  try {
    const writer = createWriter(64);
    writer.begin(RTM_GETNSID, NLM_F_REQUEST, new Uint8Array(4));
    writer.u32(NETNSA_FD, descriptor);
    writer.end();
    for (const { payload } of socket.request(writer.take()).messages) {
      const id = attributesOf(payload.subarray(4)).get(NETNSA_NSID);
      if (id !== undefined) return u32(id) | 0;
    }
    return -1;
  } finally {
    socket.close();
    closeSync(descriptor);
  }
}

interface Routes {
  towards(address: string): string;
  /** By link: prefixes without a gateway. */
  readonly prefixes: ReadonlyMap<string, ReadonlySet<string>>;
  /** Links that packets leave by through a gateway. */
  readonly outward: ReadonlySet<string>;
}

function readRoutes(file: string | undefined): Routes {
  const [four, six] = withNetns(file, () => [
    textOfFile("/proc/thread-self/net/route"),
    textOfFile("/proc/thread-self/net/ipv6_route"),
  ]);
  const outward = new Set<string>();
  const prefixes = new Map<string, Set<string>>();
  /** By family and length, longest first when asked: network in hexadecimal -> link. */
  const byLength = new Map<number, Map<string, string>>();
  const add = (network: string, { length, name }: { readonly length: number; readonly name: string }): void => {
    const key = length + (network.length === 8 ? 0 : 1000);
    const routes = byLength.get(key) ?? new Map<string, string>();
    byLength.set(key, routes);
    if (!routes.has(network)) routes.set(network, name);
    if (length === 0) return void outward.add(name);
    const own = prefixes.get(name) ?? new Set<string>();
    prefixes.set(name, own.add(`${textOfHex(network)}/${length}`));
  };
  for (const line of four.split("\n", linkLimits.routesMax).slice(1)) {
    const [name = "", destination = "", gateway = "", , , , , mask = ""] = line.split(/\s+/);
    if (mask === "" || name === "lo") continue;
    if (gateway !== "00000000") outward.add(name);
    else add(swapped(destination), { length: bitsIn(mask), name });
  }
  for (const line of six.split("\n", linkLimits.routesMax)) {
    const [destination = "", length = "", , , gateway = "", , , , flags = "", name = ""] = line.trim().split(/\s+/);
    // Addresses of the node itself (RTF_LOCAL), groups and link-local ones lead to nobody.
    if (name === "" || name === "lo" || (Number.parseInt(flags, 16) & 0x8000_0000) !== 0) continue;
    if (/^(ff|fe[89ab])/.test(destination)) continue;
    if (!/^0{32}$/.test(gateway)) outward.add(name);
    else add(destination, { length: Number.parseInt(length, 16), name });
  }
  const lengths = [...byLength.keys()].sort((one, other) => other - one);
  return { prefixes, outward, towards };

  function towards(address: string): string {
    const bytes = addressBytes(address);
    if (bytes === undefined) return "";
    for (const key of lengths) {
      if (key >= 1000 !== (bytes.length === 16)) continue;
      const name = byLength.get(key)?.get(networkOf(bytes, key % 1000));
      if (name !== undefined) return name;
    }
    return "";
  }
}

function networkOf(bytes: Uint8Array, length: number): string {
  return [...bytes]
    .map((byte, index) => {
      const bits = Math.min(8, Math.max(0, length - index * 8));
      return (byte & (0xff00 >> bits) & 0xff).toString(16).padStart(2, "0");
    })
    .join("");
}

/** IPv4 stands there as the machine's bytes lie. */
function swapped(hex: string): string {
  return (hex.match(/../g) ?? []).toReversed().join("").toLowerCase();
}

function bitsIn(mask: string): number {
  return Number.parseInt(mask, 16).toString(2).replaceAll("0", "").length;
}

function textOfHex(hex: string): string {
  if (hex.length === 8) return (hex.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)).join(".");
  return (hex.match(/.{4}/g) ?? []).join(":");
}

/** "" where the kernel has no such file (IPv6 is off). */
function textOfFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

// Links, addresses and routes of test namespaces by rtnetlink: no `ip` command. Each call throws with the kernel's word when it refuses.
import { createWriter, type NetlinkWriter } from "../../../src/edge/dataplane/nftables/netlink/writer.ts";
import {
  families,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REQUEST,
  openNetlink,
} from "../../../src/edge/dataplane/nftables/netlink/socket.ts";
import { errnoName } from "../../../src/edge/dataplane/nftables/netlink/libc.ts";
import { addressBytes } from "../../../src/edge/dataplane/nftables/address-bytes.ts";
import { parsePrefix } from "../../../src/base/ip.ts";

const RTM_NEWLINK = 16;
const RTM_NEWADDR = 20;
const RTM_NEWROUTE = 24;
const IFF_UP = 1;
const IFLA_IFNAME = 3;
const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const VETH_INFO_PEER = 1;
const IFLA_NET_NS_FD = 28;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_FLAGS = 8;
const IFA_F_NODAD = 2;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PREFSRC = 7;
const RT_TABLE_MAIN = 254;
const RTPROT_STATIC = 4;
const RT_SCOPE_UNIVERSE = 0;
const RT_SCOPE_LINK = 253;
const RTN_UNICAST = 1;
const RTNH_F_ONLINK = 4;
const RTA_FLAGS_AT = 8;
const change = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;

function ask(what: string, write: (writer: NetlinkWriter) => void): void {
  const writer = createWriter();
  write(writer);
  writer.end();
  const socket = openNetlink({ family: families.route, netns: undefined });
  try {
    for (const answer of socket.request(writer.take()).answers) {
      if (answer.errno !== 0) throw new Error(`${what}: ${errnoName(answer.errno)} ${answer.text}`);
    }
  } finally {
    socket.close();
  }
}

function linkHeader(index: number, flags: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setInt32(4, index, true);
  view.setUint32(8, flags, true);
  view.setUint32(12, flags, true);
  return bytes;
}

/** A pair of joined links: `name` here, `peer.name` in the namespace of an open descriptor. */
export function addVeth(name: string, peer: { readonly name: string; readonly netnsDescriptor: number }): void {
  ask(`veth ${name}`, (writer) => {
    writer.begin(RTM_NEWLINK, change, linkHeader(0, 0));
    writer.text(IFLA_IFNAME, name);
    const info = writer.open(IFLA_LINKINFO);
    writer.text(IFLA_INFO_KIND, "veth");
    const data = writer.open(IFLA_INFO_DATA);
    const other = writer.open(VETH_INFO_PEER);
    writer.raw(linkHeader(0, 0));
    writer.text(IFLA_IFNAME, peer.name);
    writer.u32(IFLA_NET_NS_FD, peer.netnsDescriptor);
    writer.close(other);
    writer.close(data);
    writer.close(info);
  });
}

/** A bridge without ports, in the namespace we are in. */
export function addBridge(name: string): void {
  ask(`bridge ${name}`, (writer) => {
    writer.begin(RTM_NEWLINK, change, linkHeader(0, 0));
    writer.text(IFLA_IFNAME, name);
    const info = writer.open(IFLA_LINKINFO);
    writer.text(IFLA_INFO_KIND, "bridge");
    writer.close(info);
  });
}

/** Makes a link a port of a bridge. */
export function setMaster(index: number, bridge: number): void {
  ask(`port ${index}`, (writer) => {
    writer.begin(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, linkHeader(index, 0));
    writer.u32(IFLA_MASTER, bridge);
  });
}

/** Sets a link up (of the namespace we are in). */
export function setUp(index: number): void {
  ask(`link ${index} up`, (writer) => writer.begin(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, linkHeader(index, IFF_UP)));
}

function bytesOf(address: string): Uint8Array {
  const bytes = addressBytes(address);
  if (bytes === undefined) throw new Error(`not an address: ${address}`);
  return bytes;
}

/** Adds one address with its prefix length; IPv6 ones are usable at once. */
export function addAddress(index: number, address: string, prefixLength: number): void {
  const bytes = bytesOf(address);
  ask(`address ${address}`, (writer) => {
    const header = new Uint8Array(8);
    header[0] = bytes.length === 4 ? 2 : 10;
    header[1] = prefixLength;
    new DataView(header.buffer).setInt32(4, index, true);
    writer.begin(RTM_NEWADDR, change, header);
    writer.bytes(IFA_LOCAL, bytes);
    writer.bytes(IFA_ADDRESS, bytes);
    writer.u32(IFA_FLAGS, bytes.length === 4 ? 0 : IFA_F_NODAD);
  });
}

export interface RouteOptions {
  /** "10.0.0.2", "10.0.0.0/8" or "default" with `family`. */
  readonly to: string;
  readonly family: 4 | 6;
  readonly index: number;
  readonly gateway?: string;
  readonly source?: string;
}

export function addRoute(options: RouteOptions): void {
  ask(`route ${options.to}`, (writer) => {
    const isV4 = options.family === 4;
    const header = new Uint8Array(12);
    const slash = options.to.indexOf("/");
    const isDefault = options.to === "default";
    const whole = isV4 ? 32 : 128;
    header[0] = isV4 ? 2 : 10;
    header[1] = isDefault ? 0 : slash < 0 ? whole : Number(options.to.slice(slash + 1));
    header[4] = RT_TABLE_MAIN;
    header[5] = RTPROT_STATIC;
    header[6] = options.gateway === undefined && isV4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    header[7] = RTN_UNICAST;
    header[RTA_FLAGS_AT] = options.gateway === undefined ? 0 : RTNH_F_ONLINK;
    writer.begin(RTM_NEWROUTE, change, header);
    if (!isDefault) writer.bytes(RTA_DST, bytesOf(networkOf(options.to)));
    if (options.gateway !== undefined) writer.bytes(RTA_GATEWAY, bytesOf(options.gateway));
    if (options.source !== undefined) writer.bytes(RTA_PREFSRC, bytesOf(options.source));
    writer.u32(RTA_OIF, options.index);
  });
}

function networkOf(to: string): string {
  const slash = to.indexOf("/");
  if (parsePrefix(to) === undefined) throw new Error(`not a prefix: ${to}`);
  return slash < 0 ? to : to.slice(0, slash);
}

// Network namespaces of this machine, looked into: which addresses one has, and which interface of the node leads to an address.
import { existsSync, readFileSync } from "node:fs";
import os from "node:os";
import { Fault } from "../../../base/fault.ts";
import { formatAddress, parseAddress } from "../../../base/ip.ts";
import { withNetns } from "../nftables/netlink/netns.ts";

export const namespaceLimits = {
  addressesMax: 32,
  /** Lines of a routing table that are read; a route beyond them leads to no known interface. */
  routesMax: 200_000,
} as const;

/** Where `ip netns` keeps its namespaces. */
const folders = ["/run/netns", "/var/run/netns"] as const;

/** File of a namespace by the name that `ip netns` gave it; undefined when there is none. Names with a slash are none. */
export function namespaceFile(name: string): string | undefined {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) return undefined;
  return folders.map((folder) => `${folder}/${name}`).find((file) => existsSync(file));
}

/** Addresses of the namespace of this file (undefined: where we are) that others may reach it by: no loopback, no link-local ones. Sorted. */
export function addressesIn(file: string | undefined): readonly string[] {
  const interfaces = withNetns(file, () => os.networkInterfaces());
  const found = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !/^(fe[89ab].:|169\.254\.)/i.test(address))
    .map(({ address }) => canonical(address));
  return [...new Set(found)].sort().slice(0, namespaceLimits.addressesMax);
}

/**
 * By address: the interface that the node's namespace reaches exactly this one address by (routes of /32 and /128), as point-to-point links of
 * pods are. Addresses behind a shared bridge or a gateway have none.
 */
export function interfacesByAddress(file: string | undefined): ReadonlyMap<string, string> {
  const [four, six] = withNetns(file, () => [
    textOf("/proc/thread-self/net/route"),
    textOf("/proc/thread-self/net/ipv6_route"),
  ]);
  const found = new Map<string, string>();
  for (const line of linesOf(four)) {
    const [name = "", destination = "", gateway, , , , , mask] = line.split(/\s+/);
    if (mask !== "FFFFFFFF" || gateway !== "00000000" || name === "lo") continue;
    const bytes = destination.match(/../g)?.toReversed() ?? [];
    found.set(bytes.map((byte) => Number.parseInt(byte, 16)).join("."), name);
  }
  for (const line of linesOf(six)) {
    const [destination = "", length, , , gateway = "", , , , , name = ""] = line.trim().split(/\s+/);
    if (length !== "80" || !/^0{32}$/.test(gateway) || name === "lo") continue;
    const address = canonical((destination.match(/.{4}/g) ?? []).join(":"));
    if (!/^fe[89ab].:/.test(address)) found.set(address, name);
  }
  return found;
}

/** The namespace of a file, or a Fault "dataplane/no-namespace" that says which name was looked for. */
export function namespaceFileOrFault(name: string): string {
  const file = namespaceFile(name);
  if (file !== undefined) return file;
  throw new Fault(`there is no network namespace ${name} on this machine`, {
    code: "dataplane/no-namespace",
    kind: "not-found",
    hint: "`ip netns` lists those that have a name",
  });
}

function canonical(address: string): string {
  const parsed = parseAddress(address);
  return parsed === undefined ? address : formatAddress(parsed);
}

function linesOf(text: string): readonly string[] {
  return text.split("\n", namespaceLimits.routesMax);
}

/** "" where the kernel has no such file (IPv6 is off). */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

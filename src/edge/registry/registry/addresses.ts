// Which addresses a registry, a redirect or a realm may resolve to. Judged on the very addresses that are connected to, so that a second answer of the name server changes nothing.
import dns from "node:dns";
import net from "node:net";
import { Fault } from "../../../base/fault.ts";
import { type Address, inRange, parseAddress, parsePrefix } from "../../../base/ip.ts";

const loopback = ["127.0.0.0/8", "::1"];
const never: readonly (readonly [prefix: string, name: string])[] = [
  ["169.254.0.0/16", "link-local"],
  ["fe80::/10", "link-local"],
  ["fd00:ec2::/32", "a cloud's metadata"],
  ["fd20:ce::/32", "a cloud's metadata"],
  ["100.100.100.200", "a cloud's metadata"],
  ["168.63.129.16", "a cloud's metadata"],
  ["192.0.0.192", "a cloud's metadata"],
  ["0.0.0.0/8", "unspecified"],
  ["::", "unspecified"],
  ["224.0.0.0/4", "multicast"],
  ["ff00::/8", "multicast"],
  ["240.0.0.0/4", "reserved"],
];

const rangeOf = (prefix: string) => parsePrefix(prefix)!;
const loopbackRanges = loopback.map(rangeOf);
const neverRanges = never.map(([prefix, name]) => [rangeOf(prefix), name] as const);
/** IPv4 inside IPv6: NAT64 carries it at the end, 6to4 behind its prefix. */
const nat64 = [rangeOf("64:ff9b::/96"), rangeOf("64:ff9b:1::/48"), rangeOf("::/96")];
const sixToFour = rangeOf("2002::/16");

/** Why an address is never connected to; "" when it may be. Loopback is left to `isLoopback`. */
export function forbiddenAddress(text: string): string {
  const address = parseAddress(text);
  if (address === undefined) return "no address";
  for (const [range, name] of neverRanges) if (inRange(address, range)) return name;
  const inner = innerIpv4(address);
  if (inner === undefined || inRange(address, loopbackRanges[1]!)) return "";
  if (inRange(inner, loopbackRanges[0]!)) return "loopback by another name";
  return neverRanges.find(([range]) => inRange(inner, range))?.[1] ?? "";
}

function innerIpv4(address: Address): Address | undefined {
  if (nat64.some((range) => inRange(address, range))) return [0, 0, 0xffff, address[3]];
  if (!inRange(address, sixToFour)) return undefined;
  return [0, 0, 0xffff, ((address[0] & 0xffff) * 65_536 + (address[1] >>> 16)) >>> 0];
}

export function isLoopback(text: string): boolean {
  const address = parseAddress(text);
  return address !== undefined && loopbackRanges.some((range) => inRange(address, range));
}

/** Throws Fault "registry/address" for one that may not be connected to. */
export function refuseAddress(address: string, host: string, isLoopbackListed: boolean): void {
  const reason = isLoopback(address) ? (isLoopbackListed ? "" : "loopback, and not listed") : forbiddenAddress(address);
  if (reason === "") return;
  throw new Fault(`${host} is at an address that is not connected to: ${reason}`, {
    code: "registry/address",
    kind: "forbidden",
    hint: "registries live at ordinary addresses; one on this machine must be listed by name",
  });
}

/** A name look-up for sockets that gives only addresses that may be connected to; one bad address among several refuses the name. */
export function guardedLookup(isLoopbackListed: boolean): net.LookupFunction {
  return (hostname, options, callback) => {
    dns.lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, "", 0);
      try {
        for (const { address } of found) refuseAddress(address, hostname, isLoopbackListed);
      } catch (fault) {
        return callback(fault as NodeJS.ErrnoException, "", 0);
      }
      const [first] = found;
      if (options.all === true) callback(null, found);
      else if (first !== undefined) callback(null, first.address, first.family);
      else callback(Object.assign(new Error("no address"), { code: "ENOTFOUND" }), "", 0);
    });
  };
}

/** For hosts written as numbers, which are never looked up. Node reads "127.1" and "0x7f.1" as names; the resolver then says what they are. */
export function refuseLiteral(hostname: string, isLoopbackListed: boolean): void {
  const bare = hostname.replace(/^\[|\]$/g, "");
  if (net.isIP(bare) !== 0) refuseAddress(bare, hostname, isLoopbackListed);
}

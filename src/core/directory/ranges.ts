// Which addresses are the cluster's own though nobody has them now: ranges that were told, and the neighbourhoods of private addresses that
// its things have. An address in none of them is outside.
import {
  formatAddress,
  inRange,
  isIpv4,
  parseAddress,
  parsePrefix,
  type Address,
  type AddressRange,
} from "../../base/ip.ts";
import type { IdentityEntry } from "../../model/identity-entry.ts";

export const rangeLimits = {
  toldMax: 10_000,
  neighbourhoodsMax: 50_000,
} as const;

export interface Ranges {
  /** "10.244.1.0/24"; what is no range is ignored. */
  add(prefix: string): void;
  learn(kind: IdentityEntry["kind"], address: string): void;
  has(address: string): boolean;
  clear(): void;
}

export function createRanges(): Ranges {
  const told = new Map<string, AddressRange>();
  const neighbourhoods = new Set<string>();
  return {
    add(prefix) {
      if (told.has(prefix) || told.size >= rangeLimits.toldMax) return;
      const range = parsePrefix(prefix);
      if (range !== undefined) told.set(prefix, range);
    },
    learn(kind, address) {
      const parsed = parseAddress(address);
      if (parsed === undefined || !isPrivateAddress(parsed) || neighbourhoods.size >= rangeLimits.neighbourhoodsMax)
        return;
      // Services' addresses lie far apart in a range of their own; those of pods and nodes by the node or the subnet.
      neighbourhoods.add(kind === "service" ? wideOf(parsed) : narrowOf(parsed));
    },
    has(address) {
      const parsed = parseAddress(address);
      if (parsed === undefined) return false;
      if (neighbourhoods.has(narrowOf(parsed)) || neighbourhoods.has(wideOf(parsed))) return true;
      for (const range of told.values()) if (inRange(parsed, range)) return true;
      return false;
    },
    clear() {
      told.clear();
      neighbourhoods.clear();
    },
  };
}

/** The text form that all keys have; what is no address stays as it is. */
export function canonical(address: string): string {
  // Dotted addresses have one form.
  if (!address.includes(":")) return address;
  const parsed = parseAddress(address);
  return parsed === undefined ? address : formatAddress(parsed);
}

/** Addresses that are not of the internet: RFC 1918, shared (RFC 6598), link-local, loopback, and unique local IPv6. */
export function isPrivate(address: string): boolean {
  const parsed = parseAddress(address);
  return parsed !== undefined && isPrivateAddress(parsed);
}

const privateRanges = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "169.254.0.0/16",
  "127.0.0.0/8",
  "fc00::/7",
  "fe80::/10",
  "::1",
].flatMap((prefix) => parsePrefix(prefix) ?? []);

function isPrivateAddress(address: Address): boolean {
  return privateRanges.some((range) => inRange(address, range));
}

/** /24 of IPv4, /64 of IPv6. */
function narrowOf(address: Address): string {
  return isIpv4(address) ? `n${address[3] >>> 8}` : `n${address[0]}:${address[1]}`;
}

/** /16 of IPv4, /64 of IPv6. */
function wideOf(address: Address): string {
  return isIpv4(address) ? `w${address[3] >>> 16}` : `w${address[0]}:${address[1]}`;
}

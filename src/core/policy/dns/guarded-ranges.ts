// The rebinding guard: addresses that a name from outside may not lead to, whoever answers. A name is under its owner's control;
// without this, whoever owns an allowed name could open the way to the cluster, the node and the cloud's metadata.
import { inRange, isIpv4, parseAddress, parsePrefix } from "../../../base/ip.ts";
import type { Address, AddressRange } from "../../../base/ip.ts";

export type GuardedBecause = "no-host" | "loopback" | "link-local" | "metadata" | "private" | "cluster" | "embedded";

/** No prefix lifts these: nothing outside can be meant by them. RFC 6890. */
const never = ["0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "::/128", "ff00::/8"];

/** Clouds' metadata services; only a prefix of exactly this address lifts one, so that "169.254.0.0/16" does not hand out credentials. */
const metadata = [
  "169.254.169.254",
  "169.254.170.2",
  "169.254.170.23",
  "168.63.129.16",
  "100.100.100.200",
  "fd00:ec2::254",
  "fd00:ec2::23",
  "fd20:ce::254",
];

const guarded: readonly (readonly [string, GuardedBecause])[] = [
  ["127.0.0.0/8", "loopback"],
  ["::1/128", "loopback"],
  ["169.254.0.0/16", "link-local"],
  ["fe80::/10", "link-local"],
  ["10.0.0.0/8", "private"],
  ["172.16.0.0/12", "private"],
  ["192.168.0.0/16", "private"],
  ["100.64.0.0/10", "private"],
  ["192.0.0.0/24", "private"],
  ["198.18.0.0/15", "private"],
  ["fc00::/7", "private"],
  ["fec0::/10", "private"],
];

/** IPv6 addresses that carry an IPv4 one, which is what packets may end up at: NAT64 (RFC 6052, 8215), 6to4 (RFC 3056), Teredo, IPv4-compatible. */
const embedding = ["64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96"];

export interface GuardedRanges {
  /** Why an answer may not lead there; undefined when it may. Text that is no address is "no-host". */
  because(address: string): GuardedBecause | undefined;
}

/** `cluster`: prefixes and addresses of pods, services and nodes. `allowed`: prefixes that are lifted. What cannot be parsed: ignored in `allowed`. */
export function createGuardedRanges(options: {
  readonly cluster: readonly string[];
  readonly allowed: readonly string[];
}): GuardedRanges {
  const clusterRanges = rangesOf(options.cluster);
  const allowed = rangesOf(options.allowed);
  const isLifted = (address: Address) => allowed.some((range) => inRange(address, range));
  const isLiftedAlone = (address: Address) =>
    allowed.some(({ low, high }) => low.every((word, index) => word === address[index] && word === high[index]));
  return {
    because(text) {
      const address = parseAddress(text);
      if (address === undefined || contains(neverRanges, address)) return "no-host";
      // An AAAA answer with an IPv4 address inside would be another way to write the same.
      if (isIpv4(address) && text.includes(":")) return "embedded";
      if (contains(metadataRanges, address)) return isLiftedAlone(address) ? undefined : "metadata";
      if (isLifted(address)) return undefined;
      if (contains(clusterRanges, address)) return "cluster";
      const hit = guardedRanges.find(({ range }) => inRange(address, range));
      if (hit !== undefined) return hit.because;
      return contains(embeddingRanges, address) ? "embedded" : undefined;
    },
  };
}

const neverRanges = rangesOf(never);
const metadataRanges = rangesOf(metadata);
const embeddingRanges = rangesOf(embedding);
const guardedRanges = guarded.flatMap(([text, because]) => rangesOf([text]).map((range) => ({ range, because })));

function rangesOf(prefixes: readonly string[]): AddressRange[] {
  return prefixes.map(parsePrefix).filter((range) => range !== undefined);
}

function contains(ranges: readonly AddressRange[], address: Address): boolean {
  return ranges.some((range) => inRange(address, range));
}

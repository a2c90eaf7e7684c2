// Whose answers are believed: the servers that settings name, or else those of the node's resolv.conf and the cluster's DNS service.
import { formatAddress, parseAddress } from "../../../base/ip.ts";

/** As resolv.conf(5): more are not used by resolvers. */
const nameserversMax = 3;
const resolvConfBytesMax = 64 * 1024;

/** Never throws: what is no address is left out. Sorted, without duplicates. */
export function upstreamsOf(given: {
  /** `Enforcement.dns.upstreams`. */
  readonly named: readonly string[];
  /** Text of the node's resolv.conf; "" when there is none. */
  readonly resolvConf: string;
  /** Addresses of the cluster's DNS service, as pods are told. */
  readonly clusterDns: readonly string[];
}): readonly string[] {
  const list = given.named.length > 0 ? given.named : [...nameservers(given.resolvConf), ...given.clusterDns];
  return [...new Set(list)].toSorted();
}

function nameservers(text: string): readonly string[] {
  const found: string[] = [];
  for (const line of text.slice(0, resolvConfBytesMax).split("\n")) {
    const match = /^\s*nameserver\s+(\S+)/.exec(line);
    const address = parseAddress(match?.[1] ?? "");
    // A stub on loopback is of the node alone: no pod can have meant it.
    if (address !== undefined && !/^(127\.|::1$)/.test(formatAddress(address))) found.push(formatAddress(address));
  }
  return found.slice(0, nameserversMax);
}

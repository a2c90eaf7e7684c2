// Which of this node's own addresses questions are turned to: one per family, stable, not of a link to a workload.
import { networkInterfaces } from "node:os";

type Interfaces = ReturnType<typeof networkInterfaces>;

export interface ProxyAddressQuestion {
  /** As the cluster knows this node; preferred where this machine has them. */
  readonly nodeAddresses: readonly string[];
  /** Links to workloads: their addresses come and go. */
  readonly workloadInterfaces: ReadonlySet<string>;
  /** For tests; default: this machine's. */
  readonly interfaces?: Interfaces;
}

/** At most one address per family, IPv4 first; none of loopback and link-local ones. */
export function proxyAddressesOf(question: ProxyAddressQuestion): readonly string[] {
  const interfaces = question.interfaces ?? networkInterfaces();
  const preferred = new Set(question.nodeAddresses);
  const candidates = Object.entries(interfaces)
    .filter(([name]) => !question.workloadInterfaces.has(name))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, list]) => list ?? [])
    .filter(({ address, internal }) => !internal && !isLinkLocal(address));
  return (["IPv4", "IPv6"] as const).flatMap((family) => {
    const mine = candidates.filter((candidate) => candidate.family === family).map(({ address }) => address);
    const chosen = mine.find((address) => preferred.has(address)) ?? mine[0];
    return chosen === undefined ? [] : [chosen];
  });
}

/** fe80::/10 and 169.254.0.0/16. */
export function isLinkLocal(address: string): boolean {
  return /^fe[89ab]/i.test(address) || address.startsWith("169.254.");
}

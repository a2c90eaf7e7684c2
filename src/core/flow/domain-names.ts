// Which name a workload had resolved to an address: from DNS answers, bounded, each as long as its time to live says (within limits).

export const domainLimits = {
  namesMax: 16_384,
  /** Connections often outlive the answer they began with. */
  keptMsMin: 5 * 60 * 1000,
  keptMsMax: 60 * 60 * 1000,
} as const;

export interface DomainNames {
  /** `group` is the workload that asked: an answer given to one says nothing about another. */
  learn(
    group: string,
    question: string,
    addresses: readonly string[],
    validity: { ttlSeconds: number; nowMs: number },
  ): void;
  /** The newest name that this workload had resolved to the address; "" when none is known. */
  nameOf(group: string, address: string, nowMs: number): string;
  readonly size: number;
}

export function createDomainNames(namesMax: number = domainLimits.namesMax): DomainNames {
  const names = new Map<string, { readonly name: string; readonly untilMs: number }>();
  return {
    get size() {
      return names.size;
    },
    learn(group, question, addresses, { ttlSeconds, nowMs }) {
      const keptMs = Math.min(domainLimits.keptMsMax, Math.max(domainLimits.keptMsMin, ttlSeconds * 1000));
      for (const address of addresses) {
        const key = `${group} ${address}`;
        names.delete(key);
        names.set(key, { name: question, untilMs: nowMs + keptMs });
      }
      for (const oldest of names.keys()) {
        if (names.size <= namesMax) break;
        names.delete(oldest);
      }
    },
    nameOf(group, address, nowMs) {
      const known = names.get(`${group} ${address}`);
      return known === undefined || known.untilMs < nowMs ? "" : known.name;
    },
  };
}

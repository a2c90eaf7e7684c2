// Which names anybody on this node had resolved to an address: an address that a rule on names allowed may serve other names as well, and a
// trace must say so. Bounded; what falls out is the address that was looked at longest ago.

export const sharingLimits = { addressesMax: 65_536, namesPerAddressMax: 16 } as const;

export interface Sharing {
  learn(name: string, addresses: readonly string[], untilMs: number): void;
  /** Sorted, at most `namesPerAddressMax`. */
  namesOf(address: string, nowMs: number): readonly string[];
  readonly size: number;
}

export function createSharing(addressesMax: number = sharingLimits.addressesMax): Sharing {
  const known = new Map<string, Map<string, number>>();
  return {
    get size() {
      return known.size;
    },
    learn(name, addresses, untilMs) {
      for (const address of addresses) {
        const names = known.get(address) ?? new Map<string, number>();
        known.delete(address);
        known.set(address, names);
        const before = names.get(name) ?? 0;
        names.delete(name);
        names.set(name, Math.max(before, untilMs));
        for (const oldest of names.keys()) {
          if (names.size <= sharingLimits.namesPerAddressMax) break;
          names.delete(oldest);
        }
      }
      for (const oldest of known.keys()) {
        if (known.size <= addressesMax) break;
        known.delete(oldest);
      }
    },
    namesOf(address, nowMs) {
      const names = [...(known.get(address) ?? [])];
      return names
        .filter(([, untilMs]) => untilMs > nowMs)
        .map(([name]) => name)
        .toSorted();
    },
  };
}

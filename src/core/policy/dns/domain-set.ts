// What the compiler tells whoever fills sets by DNS names: which sets there are, for which names, and whose look-ups fill them.

/** Both sets are keyed (client's address, destination's address) and have timeouts: one client's look-up never widens another's. */
export interface DomainSet {
  readonly set4: string;
  readonly set6: string;
  /** Patterns as in name-pattern.ts. */
  readonly names: readonly string[];
  /** Ids of endpoints whose egress rules match the set. */
  readonly clients: readonly string[];
}

/** A local endpoint that asks: all its addresses get the elements, for it may ask over IPv4 for an IPv6 address. */
export interface DnsClient {
  readonly id: string;
  readonly addresses: readonly string[];
}

// IANA protocol numbers that policies speak of, by name and back.
const numbers = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, sctp: 132, udplite: 136 } as const;

/** "tcp" -> 6; lower case. */
export const protocolNumbers: Readonly<Record<string, number>> = numbers;

const names: ReadonlyMap<number, string> = new Map(Object.entries(numbers).map(([name, number]) => [number, name]));

/** 6 -> "tcp"; a number without a name here as text. */
export function protocolName(protocol: number): string {
  return names.get(protocol) ?? String(protocol);
}

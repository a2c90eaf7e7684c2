// Protocols that ports are named of, by the numbers that packets carry.

const protocols: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132 };

/** 0 for names that are not known. */
export function protocolNumber(name: string): number {
  return protocols[name.toLowerCase()] ?? 0;
}

// A DNS answer of one A record, as bytes (RFC 1035).

export function dnsAnswer(name: string, address: string): Uint8Array {
  const question = [...labels(name), 0, 1, 0, 1];
  const answer = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split(".").map(Number)];
  return Uint8Array.from([0x12, 0x34, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, ...question, ...answer]);
}

function labels(name: string): readonly number[] {
  const bytes = name.split(".").flatMap((label) => [label.length, ...Buffer.from(label, "latin1")]);
  return [...bytes, 0];
}

// Addresses between text and the bytes of a packet: 4 for IPv4, 16 for IPv6.
import { formatAddress, isIpv4, parseAddress } from "../../../base/ip.ts";

/** "10.0.0.1" -> 4 bytes, "fd00::1" -> 16 bytes, anything else -> undefined. */
export function addressBytes(text: string): Uint8Array | undefined {
  const address = parseAddress(text);
  if (address === undefined) return undefined;
  const words = isIpv4(address) ? address.slice(3) : address;
  const bytes = new Uint8Array(words.length * 4);
  for (const [index, word] of words.entries()) {
    bytes[index * 4] = word >>> 24;
    bytes[index * 4 + 1] = (word >>> 16) & 0xff;
    bytes[index * 4 + 2] = (word >>> 8) & 0xff;
    bytes[index * 4 + 3] = word & 0xff;
  }
  return bytes;
}

/** 4 or 16 bytes from `at` on as text. */
export function addressText(bytes: Uint8Array, at: number, length: 4 | 16): string {
  if (length === 4) return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
  const word = (index: number): number =>
    (((bytes[at + index] ?? 0) << 24) |
      ((bytes[at + index + 1] ?? 0) << 16) |
      ((bytes[at + index + 2] ?? 0) << 8) |
      (bytes[at + index + 3] ?? 0)) >>>
    0;
  return formatAddress([word(0), word(4), word(8), word(12)]);
}

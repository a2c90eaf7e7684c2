// Addresses between text and the bytes of a packet: 4 for IPv4, 16 for IPv6.
import { formatAddress, isIpv4, parseAddress } from "../../../base/ip.ts";

/** "10.0.0.1" -> 4 bytes, "fd00::1" -> 16 bytes, anything else -> undefined. */
export function addressBytes(text: string): Uint8Array | undefined {
  const number = ipv4Number(text);
  if (number >= 0) return Uint8Array.of(number >>> 24, (number >>> 16) & 0xff, (number >>> 8) & 0xff, number & 0xff);
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

/** Dotted decimal as an unsigned number, -1 for anything else. Sets hold hundreds of thousands of these: no split, no pattern. */
function ipv4Number(text: string): number {
  let bits = 0;
  let part = -1;
  let dots = 0;
  for (let at = 0; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit === -2) {
      if (part < 0) return -1;
      bits = bits * 256 + part;
      part = -1;
      dots += 1;
    } else if (digit < 0 || digit > 9 || part === 0) return -1;
    else {
      part = part < 0 ? digit : part * 10 + digit;
      if (part > 255) return -1;
    }
  }
  return dots === 3 && part >= 0 ? bits * 256 + part : -1;
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

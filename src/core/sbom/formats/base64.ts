// Base64 (RFC 4648, both alphabets, with or without padding and line breaks) to bytes, without what only Node has.
import { Fault } from "../../../base/fault.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const valueOf = new Uint8Array(256).fill(255);
for (let index = 0; index < 64; index += 1) valueOf[alphabet.charCodeAt(index)] = index;
valueOf["-".charCodeAt(0)] = 62;
valueOf["_".charCodeAt(0)] = 63;

/** Throws Fault "sbom/bad-base64" for any other character. */
export function fromBase64(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((text.length * 3) / 4));
  let [at, bits, held] = [0, 0, 0];
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 0x3d || code === 0x0a || code === 0x0d) continue;
    const value = code < 256 ? (valueOf[code] ?? 255) : 255;
    if (value === 255) throw new Fault("the payload is not base64", { code: "sbom/bad-base64", kind: "usage" });
    held = ((held << 6) | value) & 0xff_ffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at] = (held >> bits) & 0xff;
    at += 1;
  }
  return bytes.subarray(0, at);
}

// Base64 over byte strings, forgiving as back ends are: what a lenient reader would see is what rules get.

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const values = new Int8Array(256).fill(-1);
for (const [index, letter] of alphabet.split("").entries()) values[letter.charCodeAt(0)] = index;

/** `stop` ends at the first foreign character (line ends are passed over); `skip` passes over all of them, padding too. */
export function decodeBase64(value: string, foreign: "stop" | "skip"): string {
  let out = "";
  let bits = 0;
  let count = 0;
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index);
    const sextet = values[code] ?? -1;
    if (sextet < 0) {
      if (foreign === "skip" || code === 0x0a || code === 0x0d) continue;
      break;
    }
    bits = (bits << 6) | sextet;
    count += 1;
    if (count < 4) continue;
    out += String.fromCharCode(bits >>> 16, (bits >>> 8) & 255, bits & 255);
    bits = 0;
    count = 0;
  }
  // The reference's decoder gives whole groups only: a last one that lacks its padding is nothing.
  if (foreign === "stop" && count > 0 && !value.replace(/[\r\n]+/g, "").endsWith(count === 2 ? "==" : "=")) return out;
  if (count === 2) return out + String.fromCharCode((bits >>> 4) & 255);
  if (count === 3) return out + String.fromCharCode((bits >>> 10) & 255, (bits >>> 2) & 255);
  return out;
}

export function encodeBase64(value: string): string {
  let out = "";
  for (let index = 0; index < value.length; index += 3) {
    const left = value.length - index;
    const second = left > 1 ? value.charCodeAt(index + 1) : 0;
    const third = left > 2 ? value.charCodeAt(index + 2) : 0;
    const bits = ((value.charCodeAt(index) & 255) << 16) | ((second & 255) << 8) | (third & 255);
    out += alphabet.charAt(bits >>> 18) + alphabet.charAt((bits >>> 12) & 63);
    out += left > 1 ? alphabet.charAt((bits >>> 6) & 63) : "=";
    out += left > 2 ? alphabet.charAt(bits & 63) : "=";
  }
  return out;
}

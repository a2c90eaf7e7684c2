// Whether a URL in an attribute runs script: character references are decoded and what browsers skip is skipped.
import { passiveDataTypes, scriptSchemes } from "./html-names.ts";

/** So much of a value is read: schemes are short, what stands between their letters is bounded. */
const readMax = 512;
const schemeMax = 48;

const named: ReadonlyMap<string, number> = new Map([
  ["colon", 58],
  ["tab", 9],
  ["newline", 10],
  ["sol", 47],
  ["comma", 44],
  ["semi", 59],
]);

/** True for "javascript:" and its like, however written. */
export function isScriptUrl(value: string): boolean {
  const url = plainUrl(value);
  const colon = url.indexOf(":");
  if (colon < 0) return false;
  const scheme = url.slice(0, colon);
  if (scriptSchemes.includes(scheme)) return true;
  if (scheme !== "data") return false;
  const rest = url.slice(colon + 1);
  return !passiveDataTypes.some((type) => rest.startsWith(type));
}

/** The beginning of the URL in lower case, references decoded, without control bytes and leading noise. */
function plainUrl(value: string): string {
  let plain = "";
  const end = Math.min(value.length, readMax);
  for (let index = 0; index < end && plain.length < schemeMax;) {
    const [code, length] = value.charCodeAt(index) === 38 ? readReference(value, index) : [value.charCodeAt(index), 1];
    index += length;
    // Browsers drop control bytes; before the scheme, spaces and what is no ASCII too.
    if (code <= 31 || code === 127 || (plain === "" && (code === 32 || code > 127))) continue;
    plain += String.fromCharCode(code).toLowerCase();
  }
  return plain;
}

function readReference(value: string, index: number): readonly [number, number] {
  const match = /^&(?:#x([0-9a-f]{1,8});?|#([0-9]{1,9});?|([a-z]{2,8});)/i.exec(value.slice(index, index + 16));
  if (match === null) return [38, 1];
  const [whole, hex, decimal, name] = match;
  if (name !== undefined) {
    const code = named.get(name.toLowerCase());
    return code === undefined ? [38, 1] : [code, whole.length];
  }
  const code = hex === undefined ? Number.parseInt(decimal ?? "0", 10) : Number.parseInt(hex, 16);
  return [code > 0xffff ? 0xfffd : code, whole.length];
}

// urlDecodeUni: as urlDecode, and %uHHHH as IIS reads it: through the unicode map when there is one, else full-width forms folded and of others the low byte.
import { byteMask, foldCodeUnit, hexByteAt, hexWordAt } from "./bytes.ts";
import type { Transformation } from "./transformation.ts";

export const urlDecodeUni: Transformation = urlDecodeUniWith(undefined);

/** With a map of code units to bytes (SecUnicodeMapFile); what it does not name falls back to the low byte. */
export function urlDecodeUniWith(map: ReadonlyMap<number, number> | undefined): Transformation {
  return { name: "urldecodeuni", apply: (value) => decode(value, map), trigger: byteMask("%+"), growthMax: 1 };
}

function decode(value: string, map: ReadonlyMap<number, number> | undefined): string {
  const spaced = value.includes("+") ? value.replaceAll("+", " ") : value;
  let at = spaced.indexOf("%");
  if (at < 0) return spaced;
  let out = "";
  let from = 0;
  while (at >= 0) {
    const isWide = (spaced.charCodeAt(at + 1) | 32) === 0x75;
    const code = isWide ? hexWordAt(spaced, at + 2) : hexByteAt(spaced, at + 1);
    if (code >= 0) {
      const byte = isWide ? (map?.get(code) ?? foldCodeUnit(code)) : code;
      out += spaced.slice(from, at) + String.fromCharCode(byte & 255);
      from = at + (isWide ? 6 : 3);
    }
    at = spaced.indexOf("%", Math.max(from, at + 1));
  }
  return from === 0 ? spaced : out + spaced.slice(from);
}

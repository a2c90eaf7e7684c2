// urlDecode: + is a space, %HH is a byte; an escape that is none stays.
import { byteMask, hexByteAt } from "./bytes.ts";
import type { Transformation } from "./transformation.ts";

export const urlDecode: Transformation = {
  name: "urldecode",
  apply: decodeUrl,
  trigger: byteMask("%+"),
  growthMax: 1,
};

/** Also what arguments of forms and queries go through. */
export function decodeUrl(value: string): string {
  const spaced = value.includes("+") ? value.replaceAll("+", " ") : value;
  let at = spaced.indexOf("%");
  if (at < 0) return spaced;
  let out = "";
  let from = 0;
  while (at >= 0) {
    const byte = hexByteAt(spaced, at + 1);
    if (byte >= 0) {
      out += spaced.slice(from, at) + String.fromCharCode(byte);
      from = at + 3;
    }
    at = spaced.indexOf("%", Math.max(from, at + 1));
  }
  return from === 0 ? spaced : out + spaced.slice(from);
}

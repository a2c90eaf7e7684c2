// What stands between the quotes of a JSON string, decoded to UTF-8 bytes.
import { hexWordAt } from "../transform/bytes.ts";
import { utf8Of } from "./utf8-encode.ts";

const single: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["\\", "\\"],
  ["/", "/"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);

export interface DecodedString {
  readonly text: string;
  /** "" or what is wrong; then `text` keeps what could not be decoded as it stood. */
  readonly error: string;
}

/** Escapes decoded; half a surrogate pair becomes a question mark, as ModSecurity's reader has it. */
export function decodeJsonString(raw: string): DecodedString {
  let at = raw.indexOf("\\");
  if (at < 0) return { text: raw, error: "" };
  let text = "";
  let error = "";
  let from = 0;
  while (at >= 0) {
    text += raw.slice(from, at);
    const next = raw.charAt(at + 1);
    const word = next === "u" ? hexWordAt(raw, at + 2) : -1;
    const plain = single.get(next);
    if (word >= 0) {
      const low = isHigh(word) && raw.slice(at + 6, at + 8) === "\\u" ? hexWordAt(raw, at + 8) : -1;
      const isPair = low >= 0xdc00 && low <= 0xdfff;
      if (isPair) text += utf8Of(0x10000 + (word - 0xd800) * 0x400 + (low - 0xdc00));
      else text += word >= 0xd800 && word <= 0xdfff ? "?" : utf8Of(word);
      from = at + (isPair ? 12 : 6);
    } else if (plain === undefined) {
      error = "unknown escape in a string";
      text += raw.slice(at, at + 2);
      from = at + 2;
    } else {
      text += plain;
      from = at + 2;
    }
    at = raw.indexOf("\\", from);
  }
  return { text: text + raw.slice(from), error };
}

function isHigh(word: number): boolean {
  return word >= 0xd800 && word <= 0xdbff;
}

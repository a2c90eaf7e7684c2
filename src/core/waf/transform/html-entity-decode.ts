// htmlEntityDecode: &#x..; and &#..; (of the number the low byte stays) and the names quot, amp, lt, gt, nbsp. The semicolon may be missing. Decoded once, not again.
import { byteMask, hexDigitAt } from "./bytes.ts";
import type { Transformation } from "./transformation.ts";

const names: ReadonlyMap<string, string> = new Map([
  ["quot", '"'],
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["nbsp", "\xa0"],
]);

export const htmlEntityDecode: Transformation = {
  name: "htmlentitydecode",
  apply: applyHtmlEntityDecode,
  trigger: byteMask("&"),
  growthMax: 1,
};

interface Entity {
  readonly text: string;
  readonly end: number;
}

function applyHtmlEntityDecode(value: string): string {
  let at = value.indexOf("&");
  if (at < 0) return value;
  let out = "";
  let from = 0;
  while (at >= 0) {
    const entity = value.charCodeAt(at + 1) === 0x23 ? numericAt(value, at + 2) : namedAt(value, at + 1);
    if (entity !== undefined) {
      out += value.slice(from, at) + entity.text;
      from = value.charCodeAt(entity.end) === 0x3b ? entity.end + 1 : entity.end;
    }
    at = value.indexOf("&", Math.max(from, at + 1));
  }
  return from === 0 ? value : out + value.slice(from);
}

function numericAt(value: string, start: number): Entity | undefined {
  const isHex = (value.charCodeAt(start) | 32) === 0x78;
  const first = isHex ? start + 1 : start;
  const base = isHex ? 16 : 10;
  let end = first;
  let code = 0;
  for (;;) {
    const digit = hexDigitAt(value, end);
    if (digit < 0 || digit >= base) break;
    // A number too large for 63 bits is the largest one there is, as strtol says: its low byte is 255.
    code = Math.min(code * base + digit, 2 ** 40);
    end += 1;
  }
  if (end === first) return undefined;
  return {
    text: String.fromCharCode(code >= 2 ** 40 ? lowByteOfLong(value.slice(first, end), base) : code % 256),
    end,
  };
}

function lowByteOfLong(digits: string, base: 10 | 16): number {
  const trimmed = digits.replace(/^0+/, "");
  if (trimmed.length > 20) return 255;
  const wide = BigInt((base === 16 ? "0x" : "") + trimmed);
  return wide > 0x7fffffffffffffffn ? 255 : Number(wide & 255n);
}

function namedAt(value: string, start: number): Entity | undefined {
  let end = start;
  while (end < value.length && isAlphanumeric(value.charCodeAt(end)) && end - start < 5) end += 1;
  if (end === start || end - start > 4) return undefined;
  const text = names.get(value.slice(start, end).toLowerCase());
  return text === undefined ? undefined : { text, end };
}

function isAlphanumeric(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || ((code | 32) >= 0x61 && (code | 32) <= 0x7a);
}

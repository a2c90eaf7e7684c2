// Transformers of fields: tolower, toupper, b64, basename, len. Each value of a list by itself.
import type { ReadValue, Value } from "../event.ts";
import type { Transformer } from "../falco/ast.ts";

const byName: Readonly<Record<Transformer, (value: Value) => Value>> = {
  tolower: (value) => mapTexts(value, (text) => text.toLowerCase()),
  toupper: (value) => mapTexts(value, (text) => text.toUpperCase()),
  b64: (value) => mapTexts(value, decodeBase64),
  basename: (value) => mapTexts(value, (text) => text.slice(text.lastIndexOf("/") + 1)),
  len: (value) => (Array.isArray(value) ? value.length : value === undefined ? undefined : String(value).length),
};

/** The field's reader with its transformers behind it, in their order. */
export function transformed(read: ReadValue, transformers: readonly Transformer[]): ReadValue {
  if (transformers.length === 0) return read;
  return (event) => transformers.reduce<Value>((value, name) => byName[name](value), read(event));
}

function mapTexts(value: Value, change: (text: string) => string): Value {
  if (value === undefined) return undefined;
  return Array.isArray(value) ? value.map((one) => change(String(one))) : change(String(value));
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Bytes as characters; what is no base64 ends it. */
export function decodeBase64(text: string): string {
  let bits = 0;
  let count = 0;
  let result = "";
  for (const character of text.replaceAll("-", "+").replaceAll("_", "/")) {
    const value = alphabet.indexOf(character);
    if (value < 0) break;
    bits = ((bits << 6) | value) & 0xffffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    result += String.fromCharCode((bits >> count) & 0xff);
  }
  return result;
}

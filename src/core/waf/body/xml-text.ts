// References in XML text and attribute values: the five predefined names and numbers. Anything else is kept as it stands and is an error: nothing declared is ever expanded.
import { utf8Of } from "./utf8-encode.ts";

const named: ReadonlyMap<string, string> = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["amp", "&"],
  ["quot", '"'],
  ["apos", "'"],
]);

export interface DecodedText {
  readonly text: string;
  readonly isUnknown: boolean;
}

const reference = /&(?:#(\d+)|#x([0-9a-fA-F]+)|([A-Za-z_:][^\t-\r ;&<]*));/y;

export function decodeReferences(raw: string): DecodedText {
  let at = raw.indexOf("&");
  if (at < 0) return { text: raw, isUnknown: false };
  let text = "";
  let from = 0;
  let isUnknown = false;
  while (at >= 0) {
    reference.lastIndex = at;
    const found = reference.exec(raw);
    const decoded = found === null ? undefined : decodedOf(found);
    if (decoded === undefined) isUnknown = true;
    else {
      text += raw.slice(from, at) + decoded;
      from = reference.lastIndex;
    }
    at = raw.indexOf("&", Math.max(from, at + 1));
  }
  return { text: text + raw.slice(from), isUnknown };
}

function decodedOf(found: RegExpExecArray): string | undefined {
  const [, decimal, hex, name] = found;
  if (name !== undefined) return named.get(name);
  const code = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number.parseInt(decimal, 10);
  const isCharacter =
    code === 9 || code === 10 || code === 13 || (code >= 32 && code <= 0xd7ff) || (code >= 0xe000 && code <= 0x10ffff);
  return isCharacter ? utf8Of(code) : undefined;
}

// Texts of resources are Unicode; rules and requests are byte strings. Resources are written in UTF-8.
import { utf8Of } from "../body/utf8-encode.ts";

/** UTF-8 bytes of a text, one character a byte. ASCII comes back as it is. */
export function byteText(text: string): string {
  let index = 0;
  while (index < text.length && text.charCodeAt(index) < 0x80) index += 1;
  if (index === text.length) return text;
  let bytes = "";
  for (const character of text) bytes += utf8Of(character.codePointAt(0) ?? 0);
  return bytes;
}

// A text's UTF-8 bytes in base64, as Sigma's modifier "base64" means it: without the padding, which depends on what follows.
import { utf8Text } from "../engine/utf8.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export function encodeBase64(text: string): string {
  const bytes = utf8Text(text);
  let result = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const [one, two, three] = [bytes.charCodeAt(at), bytes.charCodeAt(at + 1), bytes.charCodeAt(at + 2)];
    const word = (one << 16) | ((two || 0) << 8) | (three || 0);
    const characters = Math.min(4, Math.ceil((Math.min(3, bytes.length - at) * 8) / 6));
    for (let index = 0; index < characters; index += 1) result += alphabet[(word >> (18 - 6 * index)) & 63];
  }
  return result;
}

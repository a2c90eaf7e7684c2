// Text and base64 to bytes and back: latin1 strings, one character one byte. Pure, because the runtime's own coders are not there for core.

/** UTF-8 bytes of a text; a lone surrogate becomes U+FFFD. */
export function utf8Bytes(text: string): string {
  if (!/[\u0080-\uffff]/.test(text)) return text;
  let bytes = "";
  for (const sign of text) {
    const code = sign.codePointAt(0) ?? 0;
    bytes += encode(code >= 0xd800 && code <= 0xdfff ? 0xfffd : code);
  }
  return bytes;
}

function encode(code: number): string {
  if (code < 0x80) return String.fromCharCode(code);
  if (code < 0x800) return String.fromCharCode(0xc0 | (code >> 6), tail(code));
  if (code < 0x10000) return String.fromCharCode(0xe0 | (code >> 12), tail(code >> 6), tail(code));
  return String.fromCharCode(0xf0 | (code >> 18), tail(code >> 12), tail(code >> 6), tail(code));
}

function tail(code: number): number {
  return 0x80 | (code & 0x3f);
}

/** Text of UTF-8 bytes; undefined when they are none. */
export function utf8Text(bytes: string): string | undefined {
  try {
    return decodeURIComponent(
      bytes.replace(/[^A-Za-z0-9]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`),
    );
  } catch {
    // URIError: not UTF-8. There is nothing more to say about it.
    return undefined;
  }
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Standard base64, line breaks allowed; undefined when it is none. */
export function base64Bytes(text: string): string | undefined {
  const letters = text.replace(/[\r\n]/g, "");
  if (letters.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(letters)) return undefined;
  let bytes = "";
  let bits = 0;
  let held = 0;
  for (const letter of letters) {
    if (letter === "=") break;
    held = ((held << 6) | alphabet.indexOf(letter)) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += String.fromCharCode((held >> bits) & 0xff);
    }
  }
  return bytes;
}

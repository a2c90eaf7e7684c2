// Bytes of a request as text that people and stores can take: UTF-8 where it is, else one character a byte; what cannot be printed as \xHH.

/** Linear; bytes in (one character each), text out. */
export function displayText(bytes: string): string {
  const text = /[\u0080-\u00ff]/.test(bytes) ? (utf8Text(bytes) ?? bytes) : bytes;
  // oxlint-disable-next-line no-control-regex -- these are the ones that must not reach a terminal
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, hex);
}

function hex(char: string): string {
  return `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

function utf8Text(bytes: string): string | undefined {
  try {
    return decodeURIComponent(bytes.replace(/[^A-Za-z0-9]/g, percent));
  } catch {
    // URIError: these bytes are no UTF-8, which is an answer.
    return undefined;
  }
}

function percent(char: string): string {
  return `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

// Reading untrusted bytes: every read is checked, the end of the input is a value ("truncated"), and text is made of printable ASCII only.

/** Why a message could not be read: stable words, for counters. */
export type ProtocolRefusal = "truncated" | "malformed" | "over-limit" | "not-this-protocol";

export interface Refused {
  readonly ok: false;
  readonly refusal: ProtocolRefusal;
  /** What exactly, for people; holds no bytes of the input. */
  readonly detail: string;
}

export function refused(refusal: ProtocolRefusal, detail: string): Refused {
  return { ok: false, refusal, detail };
}

/** Big-endian 16 bits, or -1 past the end. */
export function u16At(bytes: Uint8Array, at: number): number {
  const high = bytes[at];
  const low = bytes[at + 1];
  return high === undefined || low === undefined ? -1 : high * 256 + low;
}

/** Big-endian 24 bits, or -1 past the end. */
export function u24At(bytes: Uint8Array, at: number): number {
  const low = u16At(bytes, at + 1);
  return low < 0 ? -1 : (bytes[at] ?? 0) * 65_536 + low;
}

/** Big-endian 32 bits, or -1 past the end. */
export function u32At(bytes: Uint8Array, at: number): number {
  const high = u16At(bytes, at);
  const low = u16At(bytes, at + 2);
  return high < 0 || low < 0 ? -1 : high * 65_536 + low;
}

/** Bytes [from, to) as text; bytes outside printable ASCII become "\xNN", so that no control character reaches a screen. */
export function textOf(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let at = from; at < Math.min(to, bytes.length); at++) {
    const byte = bytes[at] ?? 0;
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : escapeOf(byte);
  }
  return text;
}

export function escapeOf(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}

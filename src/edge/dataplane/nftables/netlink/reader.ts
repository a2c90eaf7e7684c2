// Reads netlink messages and attributes from bytes of the kernel. Nothing throws: a length that does not fit ends the walk.

export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly portId: number;
  readonly payload: Uint8Array;
}

const headerBytes = 16;

/** The messages of one datagram, in order; views into the given bytes. */
export function* messagesOf(bytes: Uint8Array): Generator<Message> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at + headerBytes <= bytes.length) {
    const length = view.getUint32(at, true);
    if (length < headerBytes || at + length > bytes.length) return;
    yield {
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      portId: view.getUint32(at + 12, true),
      payload: bytes.subarray(at + headerBytes, at + length),
    };
    at += (length + 3) & ~3;
  }
}

/** Attributes by their type (flags taken off); of repeated ones the last. */
export function attributesOf(bytes: Uint8Array): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  for (const [type, value] of attributeList(bytes)) found.set(type, value);
  return found;
}

/** Attributes in order, for lists in which one type repeats. */
export function* attributeList(bytes: Uint8Array): Generator<readonly [number, Uint8Array]> {
  let at = 0;
  while (at + 4 <= bytes.length) {
    const length = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
    if (length < 4 || at + length > bytes.length) return;
    const type = ((bytes[at + 2] ?? 0) | ((bytes[at + 3] ?? 0) << 8)) & 0x3fff;
    yield [type, bytes.subarray(at + 4, at + length)];
    at += (length + 3) & ~3;
  }
}

export function u16be(bytes: Uint8Array, at = 0): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

export function u32be(bytes: Uint8Array, at = 0): number {
  return (u16be(bytes, at) * 65_536 + u16be(bytes, at + 2)) >>> 0;
}

export function u32(bytes: Uint8Array, at = 0): number {
  return (
    ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0
  );
}

export function u64be(bytes: Uint8Array, at = 0): number {
  return u32be(bytes, at) * 4_294_967_296 + u32be(bytes, at + 4);
}

const decoder = new TextDecoder();

/** Text up to its closing 0. */
export function textOf(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return "";
  const end = bytes.indexOf(0);
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

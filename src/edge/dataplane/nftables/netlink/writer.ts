// Writes netlink messages one behind the other into one growing buffer. Lengths are filled in when a message or a nest ends; values are in host
// order unless a name says otherwise (host order is little endian: x86-64 and arm64 are what Garrison runs on).

export interface NetlinkWriter {
  /** Begins a message; returns where it stands. `payload` is the family's fixed header. */
  begin(type: number, flags: number, payload: Uint8Array): number;
  end(): void;
  u8(type: number, value: number): void;
  u16be(type: number, value: number): void;
  u32(type: number, value: number): void;
  u32be(type: number, value: number): void;
  u64be(type: number, value: number): void;
  bytes(type: number, value: Uint8Array): void;
  /** Text with the closing 0 that the kernel's strings have. */
  text(type: number, value: string): void;
  /** Opens an attribute that holds attributes (or, with `raw`, plain bytes first); give the result to `close`. */
  open(type: number): number;
  close(at: number): void;
  raw(value: Uint8Array): void;
  readonly length: number;
  /** Number of messages begun so far: the sequence number of the last one. */
  readonly count: number;
  /** Cuts back to a length that was read before, e.g. an element that did not fit any more. */
  cutTo(length: number): void;
  /** What was written; a view that is good until the next write. */
  take(): Uint8Array;
}

export const NLA_F_NESTED = 0x8000;
const headerBytes = 16;
const encoder = new TextEncoder();

export function createWriter(bytesFirst = 4096): NetlinkWriter {
  let buffer = new Uint8Array(bytesFirst);
  let view = new DataView(buffer.buffer);
  let at = 0;
  let messageAt = 0;
  let count = 0;

  function need(bytes: number): void {
    if (at + bytes <= buffer.length) return;
    const larger = new Uint8Array(Math.max(buffer.length * 2, at + bytes + 64));
    larger.set(buffer.subarray(0, at));
    buffer = larger;
    view = new DataView(buffer.buffer);
  }
  function head(type: number, payloadBytes: number): void {
    need(payloadBytes + 8);
    view.setUint16(at, payloadBytes + 4, true);
    view.setUint16(at + 2, type, true);
    at += 4;
  }
  function pad(): void {
    while (at % 4 !== 0) {
      need(4);
      buffer[at] = 0;
      at += 1;
    }
  }
  function put(value: Uint8Array): void {
    need(value.length + 4);
    if (value.length <= 16)
      for (let index = 0; index < value.length; index += 1) buffer[at + index] = value[index] ?? 0;
    else buffer.set(value, at);
    at += value.length;
    pad();
  }

  return {
    begin: (type, flags, payload) => {
      need(headerBytes + payload.length + 4);
      messageAt = at;
      count += 1;
      view.setUint32(at, 0, true);
      view.setUint16(at + 4, type, true);
      view.setUint16(at + 6, flags, true);
      view.setUint32(at + 8, count, true);
      view.setUint32(at + 12, 0, true);
      at += headerBytes;
      put(payload);
      return messageAt;
    },
    end: () => view.setUint32(messageAt, at - messageAt, true),
    u8: (type, value) => {
      head(type, 1);
      view.setUint32(at, value & 0xff, true);
      at += 4;
    },
    u16be: (type, value) => {
      head(type, 2);
      view.setUint32(at, 0, true);
      view.setUint16(at, value, false);
      at += 4;
    },
    u32: (type, value) => {
      head(type, 4);
      view.setUint32(at, value, true);
      at += 4;
    },
    u32be: (type, value) => {
      head(type, 4);
      view.setUint32(at, value, false);
      at += 4;
    },
    u64be: (type, value) => {
      head(type, 8);
      view.setBigUint64(at, BigInt(value), false);
      at += 8;
    },
    bytes: (type, value) => {
      head(type, value.length);
      put(value);
    },
    text: (type, value) => {
      need(value.length + 8);
      const start = at;
      at += 4;
      for (let index = 0; index < value.length; index += 1) {
        const code = value.charCodeAt(index);
        // Rules and sets are named in ASCII; anything else takes the long way.
        if (code === 0 || code > 0x7f) {
          at = start;
          const encoded = encoder.encode(`${value}\0`);
          head(type, encoded.length);
          return put(encoded);
        }
        buffer[at + index] = code;
      }
      buffer[at + value.length] = 0;
      at += value.length + 1;
      view.setUint16(start, at - start, true);
      view.setUint16(start + 2, type, true);
      return pad();
    },
    open: (type) => {
      need(8);
      view.setUint16(at, 0, true);
      view.setUint16(at + 2, type, true);
      at += 4;
      return at - 4;
    },
    close: (start) => view.setUint16(start, at - start, true),
    raw: put,
    get length() {
      return at;
    },
    get count() {
      return count;
    },
    cutTo: (length) => {
      at = length;
    },
    take: () => buffer.subarray(0, at),
  };
}

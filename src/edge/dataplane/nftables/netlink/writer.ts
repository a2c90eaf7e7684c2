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
  /** What was written; a view that is good until the next write. */
  take(): Uint8Array;
}

export const NLA_F_NESTED = 0x8000;
const headerBytes = 16;
const encoder = new TextEncoder();

interface State {
  buffer: Uint8Array;
  view: DataView;
  at: number;
  messageAt: number;
  count: number;
}

function need(state: State, bytes: number): void {
  if (state.at + bytes <= state.buffer.length) return;
  const larger = new Uint8Array(Math.max(state.buffer.length * 2, state.at + bytes + 64));
  larger.set(state.buffer.subarray(0, state.at));
  state.buffer = larger;
  state.view = new DataView(larger.buffer);
}

/** The header of an attribute with a payload of so many bytes, for which there is room afterwards. */
function head(state: State, type: number, payloadBytes: number): void {
  need(state, payloadBytes + 8);
  state.view.setUint16(state.at, payloadBytes + 4, true);
  state.view.setUint16(state.at + 2, type, true);
  state.at += 4;
}

function pad(state: State): void {
  need(state, 4);
  while (state.at % 4 !== 0) {
    state.buffer[state.at] = 0;
    state.at += 1;
  }
}

function put(state: State, value: Uint8Array): void {
  need(state, value.length + 4);
  const { buffer, at } = state;
  if (value.length > 16) buffer.set(value, at);
  else for (let index = 0; index < value.length; index += 1) buffer[at + index] = value[index] ?? 0;
  state.at += value.length;
  pad(state);
}

function begin(state: State, header: { readonly type: number; readonly flags: number }, payload: Uint8Array): number {
  need(state, headerBytes + payload.length + 4);
  const { view, at } = state;
  state.messageAt = at;
  state.count += 1;
  view.setUint32(at, 0, true);
  view.setUint16(at + 4, header.type, true);
  view.setUint16(at + 6, header.flags, true);
  view.setUint32(at + 8, state.count, true);
  view.setUint32(at + 12, 0, true);
  state.at += headerBytes;
  put(state, payload);
  return at;
}

/** Names of rules and sets are ASCII and many: written letter by letter. Anything else takes the long way. */
function text(state: State, type: number, value: string): void {
  need(state, value.length + 8);
  const start = state.at;
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index);
    if (code === 0 || code > 0x7f) {
      const encoded = encoder.encode(`${value}\0`);
      head(state, type, encoded.length);
      return put(state, encoded);
    }
    state.buffer[start + 4 + index] = code;
  }
  state.buffer[start + 4 + value.length] = 0;
  state.view.setUint16(start, value.length + 5, true);
  state.view.setUint16(start + 2, type, true);
  state.at = start + value.length + 5;
  return pad(state);
}

function open(state: State, type: number): number {
  need(state, 8);
  const { at } = state;
  state.view.setUint16(at, 0, true);
  state.view.setUint16(at + 2, type, true);
  state.at += 4;
  return at;
}

/** An empty writer; `bytesFirst` is what is set aside before it grows. */
export function createWriter(bytesFirst = 4096): NetlinkWriter {
  const buffer = new Uint8Array(bytesFirst);
  const state: State = { buffer, view: new DataView(buffer.buffer), at: 0, messageAt: 0, count: 0 };
  const word = (type: number, value: number, isLittle: boolean): void => {
    head(state, type, 4);
    state.view.setUint32(state.at, value, isLittle);
    state.at += 4;
  };
  return {
    begin: (type, flags, payload) => begin(state, { type, flags }, payload),
    end: () => state.view.setUint32(state.messageAt, state.at - state.messageAt, true),
    u8: (type, value) => {
      head(state, type, 1);
      state.view.setUint32(state.at, value & 0xff, true);
      state.at += 4;
    },
    u16be: (type, value) => {
      head(state, type, 2);
      state.view.setUint32(state.at, 0, true);
      state.view.setUint16(state.at, value, false);
      state.at += 4;
    },
    u32: (type, value) => word(type, value, true),
    u32be: (type, value) => word(type, value, false),
    u64be: (type, value) => {
      head(state, type, 8);
      state.view.setBigUint64(state.at, BigInt(value), false);
      state.at += 8;
    },
    bytes: (type, value) => {
      head(state, type, value.length);
      put(state, value);
    },
    text: (type, value) => text(state, type, value),
    open: (type) => open(state, type),
    close: (start) => state.view.setUint16(start, state.at - start, true),
    raw: (value) => put(state, value),
    get length() {
      return state.at;
    },
    get count() {
      return state.count;
    },
    take: () => state.buffer.subarray(0, state.at),
  };
}

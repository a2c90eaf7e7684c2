// A growing byte buffer for the encoder: little-endian bulk copies, LEB128 lengths, UTF-8 strings.

const shortTextLength = 96;

export class ByteWriter {
  bytes: Buffer;
  position = 0;

  constructor(capacity: number) {
    this.bytes = Buffer.allocUnsafe(Math.max(256, capacity));
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.position + count;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.position);
    this.bytes = grown;
  }

  /** Unsigned LEB128, as ClickHouse's VarUInt; whole numbers up to 2^53. */
  varint(value: number): void {
    this.reserve(9);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.position++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.position++] = rest;
  }

  /** Length in bytes, then UTF-8; lone surrogates become U+FFFD. */
  string(value: string): void {
    const length = value.length;
    if (length <= shortTextLength && this.#ascii(value, length)) return;
    const byteLength = Buffer.byteLength(value, "utf8");
    this.varint(byteLength);
    this.reserve(byteLength);
    this.position += this.bytes.write(value, this.position, "utf8");
  }

  /** A 64-bit unsigned little-endian whole number up to 2^53. */
  u64(value: number): void {
    this.reserve(8);
    this.bytes.writeUInt32LE(value >>> 0, this.position);
    this.bytes.writeUInt32LE(Math.floor(value / 4_294_967_296), this.position + 4);
    this.position += 8;
  }

  /** The bytes of a typed array as they lie in memory (all supported machines are little-endian). */
  copy(values: Uint8Array | Uint16Array | Uint32Array | Int16Array | Int32Array): void {
    this.reserve(values.byteLength);
    this.bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), this.position);
    this.position += values.byteLength;
  }

  /** What was written, as its own memory. */
  finish(): Uint8Array {
    return new Uint8Array(this.bytes.subarray(0, this.position));
  }

  /** Short ASCII text without a call into the runtime: the common case by far. */
  #ascii(value: string, length: number): boolean {
    this.reserve(length + 1);
    const { bytes, position } = this;
    for (let i = 0; i < length; i += 1) {
      const code = value.charCodeAt(i);
      if (code >= 0x80) return false;
      bytes[position + 1 + i] = code;
    }
    bytes[position] = length;
    this.position = position + 1 + length;
    return true;
  }
}

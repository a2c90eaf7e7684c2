// A bounded reader over a block's bytes. Every step is checked against the end: a short or lying block is a Fault, never a bad read.
import { Fault } from "../../base/fault.ts";

export class ByteReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  position = 0;
  /** What is being read, for the fault's message. */
  place = "header";

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The fault for this place; `what` finishes the sentence "block is malformed at <place>: ...". */
  fault(what: string): Fault {
    return new Fault(`block is malformed at ${this.place}, byte ${this.position}: ${what}`, {
      code: "blocks/malformed",
      kind: "usage",
      hint: "agent and server must speak the same wire version; upgrade the older one",
    });
  }

  /** Steps over `count` bytes and returns where they began. */
  skip(count: number): number {
    const start = this.position;
    if (count > this.bytes.length - start)
      throw this.fault(`needs ${count} bytes, ${this.bytes.length - start} are left`);
    this.position = start + count;
    return start;
  }

  /** Unsigned LEB128 up to 2^53. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i += 1) {
      const byte = this.bytes[this.position];
      if (byte === undefined) throw this.fault("ends inside a length");
      this.position += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) throw this.fault("length beyond 2^53");
        return value;
      }
      scale *= 128;
    }
    throw this.fault("length of more than 8 bytes");
  }

  /** 64-bit unsigned little-endian, refused above 2^53. */
  u64(): number {
    const at = this.skip(8);
    const value = this.view.getUint32(at + 4, true) * 4_294_967_296 + this.view.getUint32(at, true);
    if (value > Number.MAX_SAFE_INTEGER) throw this.fault("number beyond 2^53");
    return value;
  }

  /** A short ASCII-or-UTF-8 name of at most `bytesMax` bytes. */
  name(bytesMax: number): string {
    const length = this.varint();
    if (length > bytesMax) throw this.fault(`name of ${length} bytes, at most ${bytesMax}`);
    const start = this.skip(length);
    return new TextDecoder().decode(this.bytes.subarray(start, start + length));
  }

  /** Steps over `count` length-prefixed strings of at most `bytesMax` each. */
  skipStrings(count: number, bytesMax: number): void {
    const { bytes } = this;
    const end = bytes.length;
    for (let i = 0; i < count; i += 1) {
      const first = bytes[this.position];
      let length: number;
      if (first !== undefined && first < 0x80) {
        this.position += 1;
        length = first;
      } else {
        length = this.varint();
      }
      if (length > bytesMax) throw this.fault(`text of ${length} bytes, at most ${bytesMax}`);
      if (length > end - this.position) throw this.fault("ends inside a text");
      this.position += length;
    }
  }
}

// Body bytes that wait for a verdict: bounded for one message and for all of a side. What does not fit is not taken, and the limit is named.

export interface HoldBook {
  bytes: number;
  readonly bytesMax: number;
}

export interface Hold {
  readonly chunks: readonly Buffer[];
  readonly bytes: number;
  /** "" when it was taken, else the limit that it would go over. */
  add(chunk: Buffer): string;
  /** Lets go of all; more may be added after it. */
  drop(): void;
}

export function createHold(book: HoldBook, bytesMax: number): Hold {
  let chunks: Buffer[] = [];
  let bytes = 0;
  return {
    get chunks() {
      return chunks;
    },
    get bytes() {
      return bytes;
    },
    add(chunk) {
      if (bytes + chunk.length > bytesMax) return `over ${bytesMax} bytes`;
      if (book.bytes + chunk.length > book.bytesMax) return `all held bodies over ${book.bytesMax} bytes`;
      chunks.push(chunk);
      bytes += chunk.length;
      book.bytes += chunk.length;
      return "";
    },
    drop() {
      book.bytes -= bytes;
      bytes = 0;
      chunks = [];
    },
  };
}

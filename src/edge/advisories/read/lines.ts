// Bytes -> lines and whole texts, bounded: a line that is too long is told and passed over, a document that is too large is refused.
import { unreadable } from "./unreadable.ts";

/** The largest record of any feed is a few megabytes (the kernel's). */
export const lineBytesMax = 32 * 2 ** 20;
/** A document that has to be read whole. */
export const documentBytesMax = 128 * 2 ** 20;

export interface Line {
  readonly number: number;
  /** undefined: longer than `lineBytesMax`. */
  readonly text: string | undefined;
}

/** Lines without their ends; empty ones are left out. The last needs no end. */
export async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let number = 0;
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  const finish = (last: Uint8Array): Line | undefined => {
    number += 1;
    const isTooLong = heldBytes + last.length > lineBytesMax;
    const text = isTooLong
      ? undefined
      : Buffer.concat([...held, last])
          .toString("utf8")
          .trim();
    [held, heldBytes] = [[], 0];
    return text === "" ? undefined : { number, text };
  };
  for await (const piece of bytes) {
    let from = 0;
    for (;;) {
      const end = piece.indexOf(0x0a, from);
      if (end < 0) break;
      const line = finish(piece.subarray(from, end));
      if (line !== undefined) yield line;
      from = end + 1;
    }
    const rest = piece.subarray(from);
    heldBytes += rest.length;
    if (heldBytes <= lineBytesMax) held.push(rest);
    else held = [];
  }
  if (heldBytes > 0) {
    const line = finish(new Uint8Array(0));
    if (line !== undefined) yield line;
  }
}

/** The whole document as text, without a byte order mark. Throws when it is larger than `bytesMax`. */
export async function wholeText(bytes: AsyncIterable<Uint8Array>, bytesMax = documentBytesMax): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of bytes) {
    length += piece.length;
    if (length > bytesMax) throw unreadable(`it is larger than ${Math.round(bytesMax / 2 ** 20)} MiB`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces)
    .toString("utf8")
    .replace(/^\uFEFF/, "");
}

/** The whole document as JSON. Throws with the parser's words. */
export async function wholeJson(bytes: AsyncIterable<Uint8Array>): Promise<unknown> {
  const text = await wholeText(bytes);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw unreadable(`it is not JSON: ${(cause as Error).message.slice(0, 200)}`);
  }
}

/** The first bytes of a stream, and the stream as if they had not been read. */
export async function peek(
  bytes: AsyncIterable<Uint8Array>,
  count: number,
): Promise<{ readonly head: Uint8Array; readonly bytes: AsyncIterable<Uint8Array> }> {
  const pieces = bytes[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  let length = 0;
  let failure: unknown;
  while (length < count && failure === undefined) {
    try {
      const next = await pieces.next();
      if (next.done === true) break;
      held.push(next.value);
      length += next.value.length;
    } catch (thrown) {
      // What was read is still worth recognising; the reader meets the failure where it is.
      failure = thrown;
    }
  }
  async function* again(): AsyncGenerator<Uint8Array> {
    yield* held;
    if (failure !== undefined) throw failure;
    for (;;) {
      const next = await pieces.next();
      if (next.done === true) return;
      yield next.value;
    }
  }
  return { head: Buffer.concat(held).subarray(0, count), bytes: again() };
}

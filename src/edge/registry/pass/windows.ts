// Of a file over its cataloguer's limit: head, tail, and a window around each needle, taken from the stream as it goes by. Memory is what is kept plus one tail; nothing of the rest is copied twice.
import type { LargeFile, LargeFileWants } from "../../../core/sbom/cataloger.ts";

export interface WindowTaker {
  write(bytes: Buffer): void;
  finish(): { readonly head: Buffer; readonly large: LargeFile };
}

/** A stretch of the file, copied. Kept at most: windows times needles times their size, by the cataloguer's own numbers. */
interface Window {
  readonly offset: number;
  readonly bytes: Buffer;
  filled: number;
}

export function createWindowTaker(wants: LargeFileWants, path: string, sizeBytes: number): WindowTaker {
  const needles = wants
    .needles(path)
    .map((text) => ({ bytes: Buffer.from(text, "latin1"), count: 0, from: 0 }))
    .filter((needle) => needle.bytes.length > 0);
  const keptBefore = Math.max(wants.beforeBytes, 0) + Math.max(0, ...needles.map((needle) => needle.bytes.length));
  const head = Buffer.alloc(Math.min(wants.headBytes, sizeBytes));
  const tail = Buffer.alloc(Math.min(wants.tailBytes, sizeBytes));
  const windows: Window[] = [];
  let open: Window[] = [];
  /** The end of what went by: where a needle may have begun, and what stands before one. */
  let last: Buffer = Buffer.alloc(0);
  let position = 0;

  const fillOpen = (bytes: Buffer) => {
    for (const window of open) window.filled += bytes.copy(window.bytes, window.filled);
    open = open.filter((window) => window.filled < window.bytes.length);
  };
  /** Opens a window around the needle at `at`; what stands before it is in `last` (which ends at `position`) or in `bytes` (which begin there). */
  const take = (bytes: Buffer, at: number) => {
    const offset = Math.max(0, at - wants.beforeBytes, position - last.length);
    const end = Math.min(sizeBytes, at + wants.afterBytes);
    const window: Window = { offset, bytes: Buffer.alloc(Math.max(end - offset, 0)), filled: 0 };
    if (offset < position) window.filled = last.copy(window.bytes, 0, offset - (position - last.length));
    window.filled += bytes.copy(window.bytes, window.filled, Math.max(0, offset - position));
    windows.push(window);
    if (window.filled < window.bytes.length) open.push(window);
  };
  /** Needles that begin in `seen`, which lies at `start` of the file and is a part of what is at hand. */
  const search = (needle: (typeof needles)[number], seen: Buffer, start: number, bytes: Buffer) => {
    while (needle.count < wants.windowsMax) {
      const at = seen.indexOf(needle.bytes, Math.max(0, needle.from - start));
      if (at < 0) return;
      take(bytes, start + at);
      needle.count++;
      needle.from = start + at + wants.afterBytes + 1;
    }
  };
  return {
    write(bytes) {
      if (position < head.length) bytes.copy(head, position);
      const tailStart = sizeBytes - tail.length;
      if (position + bytes.length > tailStart)
        bytes.copy(tail, Math.max(0, position - tailStart), Math.max(0, tailStart - position));
      fillOpen(bytes);
      for (const needle of needles) {
        // First across the seam, where only the needle's own length matters, then in the piece as it is.
        const seam = Math.min(last.length, needle.bytes.length - 1);
        if (seam > 0) {
          const both = Buffer.concat([last.subarray(last.length - seam), bytes.subarray(0, needle.bytes.length - 1)]);
          search(needle, both, position - seam, bytes);
        }
        search(needle, bytes, position, bytes);
      }
      if (needles.length > 0) last = lastOf(last, bytes, keptBefore);
      position += bytes.length;
    },
    finish() {
      const parts = windows.map((window) => ({
        offset: window.offset,
        bytes: window.bytes.subarray(0, window.filled),
      }));
      // Which needle was met first depends on the pieces; what is given must not.
      parts.sort((left, right) => left.offset - right.offset || left.bytes.length - right.bytes.length);
      return { head, large: { sizeBytes, windows: [...parts, { offset: sizeBytes - tail.length, bytes: tail }] } };
    },
  };
}

/** The last bytes of two pieces. */
function lastOf(left: Buffer, right: Buffer, bytes: number): Buffer {
  if (right.length >= bytes) return Buffer.from(right.subarray(right.length - bytes));
  return Buffer.concat([left.subarray(Math.max(0, left.length + right.length - bytes)), right]);
}

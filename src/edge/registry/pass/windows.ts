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
  let last = Buffer.alloc(0);
  let position = 0;

  const fillOpen = (bytes: Buffer) => {
    for (const window of open) window.filled += bytes.copy(window.bytes, window.filled);
    open = open.filter((window) => window.filled < window.bytes.length);
  };
  /** `seen` is what is in memory, from `start` of the file on; all of it is taken into the window that begins in it. */
  const take = (seen: Buffer, start: number, at: number) => {
    const offset = Math.max(0, at - wants.beforeBytes, start);
    const end = Math.min(sizeBytes, at + wants.afterBytes);
    const window: Window = { offset, bytes: Buffer.alloc(Math.max(end - offset, 0)), filled: 0 };
    window.filled = seen.copy(window.bytes, 0, offset - start);
    windows.push(window);
    if (window.filled < window.bytes.length) open.push(window);
  };
  return {
    write(bytes) {
      if (position < head.length) bytes.copy(head, position);
      const tailStart = sizeBytes - tail.length;
      if (position + bytes.length > tailStart)
        bytes.copy(tail, Math.max(0, position - tailStart), Math.max(0, tailStart - position));
      fillOpen(bytes);
      if (needles.length > 0) {
        const start = position - last.length;
        const seen = last.length === 0 ? bytes : Buffer.concat([last, bytes]);
        for (const needle of needles) {
          let at = needle.count < wants.windowsMax ? seen.indexOf(needle.bytes, Math.max(0, needle.from - start)) : -1;
          while (at >= 0) {
            take(seen, start, start + at);
            needle.count++;
            needle.from = start + at + wants.afterBytes + 1;
            at = needle.count < wants.windowsMax ? seen.indexOf(needle.bytes, needle.from - start) : -1;
          }
          needle.from = Math.max(needle.from, position + bytes.length - needle.bytes.length + 1);
        }
        last = Buffer.from(seen.subarray(Math.max(0, seen.length - keptBefore)));
      }
      position += bytes.length;
    },
    finish() {
      const parts = windows.map((window) => ({
        offset: window.offset,
        bytes: window.bytes.subarray(0, window.filled),
      }));
      parts.sort((left, right) => left.offset - right.offset);
      return { head, large: { sizeBytes, windows: [...parts, { offset: sizeBytes - tail.length, bytes: tail }] } };
    },
  };
}

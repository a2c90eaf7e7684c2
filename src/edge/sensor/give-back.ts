// Memory that only the start of a process needed goes back to the machine: freed heap of the C library, and pages of programs' files, which the kernel
// reads again from its page cache where they are wanted: of 52 MiB of Node's file that are resident after a start, about 36 stay in use.
import { readFileSync } from "node:fs";
import { libcLibrary } from "./libbpf.ts";

export interface MemoryRange {
  readonly start: bigint;
  readonly length: number;
}

const MADV_DONTNEED = 4;

/** Once, when the start is over; a few milliseconds. Throws the Fault "sensor/no-library" without the C library. */
export function giveBack(): void {
  const libc = libcLibrary();
  const advise = libc.func("int madvise(uint64_t, size_t, int)");
  for (const { start, length } of unwrittenFiles(readFileSync("/proc/self/smaps", "utf8")))
    advise(start, length, MADV_DONTNEED);
  libc.func("int malloc_trim(size_t)")(0);
}

/**
 * Of /proc/PID/smaps the mappings of files that hold nothing but the file: private, not writable, and no page was ever written, neither one that is in
 * memory nor one that was swapped out (relocations are written before such a mapping becomes read-only: they would be lost).
 */
export function unwrittenFiles(smaps: string): readonly MemoryRange[] {
  const found: MemoryRange[] = [];
  let mapping: MemoryRange | undefined;
  let written = new Set<string>(writtenPages);
  for (const line of smaps.split("\n")) {
    if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) {
      mapping = fileMapping(line);
      written = new Set<string>(writtenPages);
      continue;
    }
    const none = /^(\w+): +0 kB$/.exec(line)?.[1];
    if (mapping === undefined || none === undefined || !written.delete(none) || written.size > 0) continue;
    found.push(mapping);
  }
  return found;
}

/** What a kernel does not say is not known to be nothing. */
const writtenPages = ["Anonymous", "Swap"] as const;

/** Undefined: written to, shared, no file, or one that is gone. */
function fileMapping(head: string): MemoryRange | undefined {
  const [, from = "0", to = "0", name = ""] = /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p \S+ \S+ \d+ +(\/.*)$/.exec(head) ?? [];
  if (name === "" || name.endsWith(" (deleted)")) return undefined;
  const start = BigInt(`0x${from}`);
  return { start, length: Number(BigInt(`0x${to}`) - start) };
}

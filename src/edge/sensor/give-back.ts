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
 * Of /proc/PID/smaps the mappings of files that hold nothing but the file: private, not writable, and no page was ever written (relocations are
 * written before such a mapping becomes read-only: they would be lost).
 */
export function unwrittenFiles(smaps: string): readonly MemoryRange[] {
  const found: MemoryRange[] = [];
  let mapping: MemoryRange | undefined;
  for (const line of smaps.split("\n")) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p \S+ \S+ \d+ +(\/.*)$/.exec(line);
    if (head !== null) {
      const [, from = "0", to = "0", name = ""] = head;
      const start = BigInt(`0x${from}`);
      mapping = name.endsWith(" (deleted)") ? undefined : { start, length: Number(BigInt(`0x${to}`) - start) };
    } else if (/^[0-9a-f]+-/.test(line)) mapping = undefined;
    else if (mapping !== undefined && /^Anonymous: +0 kB$/.test(line)) {
      found.push(mapping);
      mapping = undefined;
    }
  }
  return found;
}

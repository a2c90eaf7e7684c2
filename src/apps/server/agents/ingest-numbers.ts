// The ingest number: one per accepted block, rising for ever, over restarts and lost folders too. Live streams use it as their cursor.
// It starts at the clock (milliseconds) or above everything reserved before, whichever is higher.
import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../../base/clock.ts";

const fileName = "ingest.number";
/** Numbers reserved by one write of the file; a crash skips at most these. */
const reserveCount = 100_000;

export interface IngestNumbers {
  /** The next number. */
  next(): number;
  /** The highest number given out; the start minus one before the first. */
  readonly last: number;
}

/** Opens the counter in the spool folder. `above` is the highest number already in use there. */
export async function openIngestNumbers(folder: string, clock: Clock, above: number): Promise<IngestNumbers> {
  const path = join(folder, fileName);
  const start = Math.max(clock.nowMs(), (await readReserved(path)) + 1, above + 1);
  let last = start - 1;
  let reserved = start + reserveCount;
  await writeReserved(folder, path, reserved);
  let reserving: Promise<void> | undefined;

  async function reserveMore(): Promise<void> {
    const wanted = last + 2 * reserveCount;
    await writeReserved(folder, path, wanted);
    reserved = wanted;
  }

  function reserveSoon(): void {
    // A failed write (full disk) is tried again by the next number; the clock keeps restarts rising meanwhile.
    reserving ??= reserveMore()
      .catch(() => undefined)
      .finally(() => {
        reserving = undefined;
      });
  }

  return {
    next() {
      last += 1;
      if (last > reserved - reserveCount / 2) reserveSoon();
      return last;
    },
    get last() {
      return last;
    },
  };
}

async function readReserved(path: string): Promise<number> {
  try {
    const value = Number((await readFile(path, "utf8")).trim());
    // An unreadable number is no fault: the clock and the spool's own files still keep the order.
    return Number.isSafeInteger(value) && value > 0 ? value : 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}

async function writeReserved(folder: string, path: string, reserved: number): Promise<void> {
  const temporary = join(folder, `${fileName}.tmp`);
  const file = await open(temporary, "w", 0o600);
  try {
    await file.writeFile(`${reserved}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

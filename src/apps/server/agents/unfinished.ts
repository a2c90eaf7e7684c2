// What an earlier run left: the blocks in the spool and the groups in the book, put together.
import type { SpoolEntry } from "./block-origin.ts";
import { groupNameOf, type GroupBook } from "./group-book.ts";
import { newInsert, type Insert } from "./insert.ts";

export interface Unfinished {
  /** To be tried as they were. */
  readonly inserts: readonly Insert[];
  /** In the store already. */
  readonly stored: readonly SpoolEntry[];
  /** Never tried. */
  readonly free: readonly SpoolEntry[];
  /** Ingest numbers of groups whose blocks have left the spool. */
  readonly gone: readonly number[];
}

/**
 * A group of which a file is missing is doubtful: either it was stored and its removal had begun, or somebody took the file. So is every
 * block outside of a group when a group's file could not be read.
 */
export function unfinishedOf(found: readonly SpoolEntry[], book: Pick<GroupBook, "found" | "damaged">): Unfinished {
  const byIngest = new Map(found.map((entry) => [entry.ingest, entry]));
  const take = (numbers: readonly number[]): SpoolEntry[] =>
    numbers.flatMap((number) => {
      const entry = byIngest.get(number);
      byIngest.delete(number);
      return entry === undefined ? [] : [entry];
    });
  const gone = book.found
    .flatMap(({ plan }) => [...plan.stored, ...plan.inserts.flat()])
    .filter((number) => !byIngest.has(number));
  const inserts: Insert[] = [];
  const stored: SpoolEntry[] = [];
  for (const { name, plan } of book.found) {
    stored.push(...take(plan.stored));
    for (const numbers of plan.inserts) {
      const entries = take(numbers);
      if (entries.length === 0) continue;
      inserts.push(newInsert(name, entries, { isPlanned: true, isDoubtful: entries.length < numbers.length }));
    }
  }
  const free = [...byIngest.values()];
  if (book.damaged.length === 0) return { inserts, stored, free, gone };
  const doubtful = free.map((entry) => newInsert(groupNameOf(entry.ingest), [entry], { isDoubtful: true }));
  return { inserts: [...inserts, ...doubtful], stored, free: [], gone };
}

// Which clause of an entry is asked when. An entry with words to find waits for its words, and only then for its bytes; an entry without is decided by bytes in two
// rounds. What is left out makes an entry a candidate more often, never less.
import { addByte, emptySet, foldByte, isEmptySet, withBothCases, type ByteSet } from "../regex/byte-set.ts";
import type { Clause } from "../regex/pattern.ts";
import type { PrefilterEntry } from "./prefilter.ts";

/** Words of one entry's clauses that are waited for, and clauses that are looked at once they are there. */
const wordClausesMax = 3;
const lateClausesMax = 2;

export interface Wanted {
  /** Folded, two bytes or more. */
  readonly words: readonly string[];
  readonly mask: ByteSet;
}

export interface EntryPlan {
  /** Clauses (labels) of words alone: all must be found. */
  readonly waits: readonly number[];
  /** Clauses that are looked at when the words are there. */
  readonly late: readonly number[];
  /** Without words to wait for: the one or two clauses of which a byte or word must stand there. */
  readonly ranks: readonly number[];
}

export interface EntriesPlan {
  readonly clauses: readonly Wanted[];
  readonly entries: readonly EntryPlan[];
}

export function fold(word: string): string {
  if (!/[A-Z\u0100-\uffff]/.test(word)) return word;
  let folded = "";
  for (let at = 0; at < word.length; at++) folded += String.fromCharCode(foldByte(word.charCodeAt(at) & 255));
  return folded;
}

/** Words of two bytes or more, and the bytes; undefined: the clause says nothing. */
function wantedOf(clause: Clause): Wanted | undefined {
  if (clause.kind === "bytes") return { words: [], mask: clause.mask };
  const mask = emptySet();
  const words = new Set<string>();
  for (const literal of clause.literals) {
    if (literal === "") return undefined;
    if (literal.length === 1) addByte(mask, literal.charCodeAt(0) & 255);
    else words.add(fold(literal));
  }
  return { words: [...words], mask: withBothCases(mask) };
}

export function planEntries(entries: readonly PrefilterEntry[]): EntriesPlan {
  const clauses: Wanted[] = [];
  const labels = new Map<string, number>();
  function labelOf(wanted: Wanted): number {
    const key = `${wanted.mask.join(",")}|${wanted.words.join("\u0000")}`;
    const label = labels.get(key) ?? clauses.push(wanted) - 1;
    labels.set(key, label);
    return label;
  }
  const plans = entries.map((entry): EntryPlan => {
    const waits: number[] = [];
    const others: number[] = [];
    for (const clause of entry) {
      const wanted = wantedOf(clause);
      if (wanted === undefined) continue;
      const list = isEmptySet(wanted.mask) && wanted.words.length > 0 ? waits : others;
      const label = labelOf(wanted);
      if (!list.includes(label)) list.push(label);
    }
    if (waits.length === 0) return { waits, late: [], ranks: others.slice(0, 2) };
    return { waits: waits.slice(0, wordClausesMax), late: others.slice(0, lateClausesMax), ranks: [] };
  });
  return { clauses, entries: plans };
}

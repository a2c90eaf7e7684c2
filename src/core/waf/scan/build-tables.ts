// Clauses of all entries to flat tables: equal clauses once, words into the automaton, bytes into classes of bytes that no clause tells apart.
import { addByte, bytesOf, emptySet, foldByte, isEmptySet, withBothCases, type ByteSet } from "../regex/byte-set.ts";
import type { Clause } from "../regex/pattern.ts";
import { buildAutomaton } from "./build-automaton.ts";
import type { PrefilterEntry, PrefilterTables } from "./prefilter.ts";

interface Wanted {
  readonly words: readonly string[];
  readonly mask: ByteSet;
  readonly entries: number[];
}

function fold(word: string): string {
  let folded = "";
  for (let at = 0; at < word.length; at++) folded += String.fromCharCode(foldByte(word.charCodeAt(at) & 255));
  return folded;
}

/** Words of two bytes or more, and the bytes; undefined: the clause says nothing. */
function wantedOf(clause: Clause): { words: readonly string[]; mask: ByteSet } | undefined {
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

function distinctClauses(entries: readonly PrefilterEntry[]): { clauses: readonly Wanted[]; needs: Uint8Array } {
  const byKey = new Map<string, Wanted>();
  const needs = new Uint8Array(entries.length);
  for (const [index, entry] of entries.entries()) {
    for (const clause of entry) {
      const wanted = wantedOf(clause);
      if (wanted === undefined) continue;
      const key = `${wanted.mask.join(",")}|${wanted.words.toSorted().join("\u0000")}`;
      let known = byKey.get(key);
      if (known === undefined) {
        known = { ...wanted, entries: [] };
        byKey.set(key, known);
      }
      if (known.entries.includes(index)) continue;
      known.entries.push(index);
      needs[index] = (needs[index] ?? 0) + 1;
    }
  }
  return { clauses: [...byKey.values()], needs };
}

/** Bytes that are in the same clauses get one class; class 0: in none. */
function byteClasses(clauses: readonly Wanted[]): { classOf: Uint8Array; count: number } {
  const masked = clauses.filter((clause) => !isEmptySet(clause.mask));
  const classOf = new Uint8Array(256);
  const known = new Map<string, number>();
  for (let byte = 0; byte < 256; byte++) {
    const key = masked.map((clause) => (((clause.mask[byte >>> 5] ?? 0) >>> (byte & 31)) & 1).toString()).join("");
    if (!key.includes("1")) continue;
    const number = known.get(key) ?? known.size + 1;
    known.set(key, number);
    classOf[byte] = Math.min(number, 255);
  }
  return { classOf, count: known.size + 1 };
}

function shared<Table extends Int32Array | Uint32Array | Uint16Array | Uint8Array>(
  table: Table,
  make: new (buffer: SharedArrayBuffer) => Table,
): Table {
  const copy = new make(new SharedArrayBuffer(table.byteLength));
  copy.set(table);
  return copy;
}

function share(parts: PrefilterTables["parts"]): PrefilterTables {
  if (typeof SharedArrayBuffer === "undefined") return { parts, bytes: sizeOf(parts) };
  const copies: Record<string, Int32Array | Uint32Array | Uint16Array | Uint8Array> = {};
  for (const [name, part] of Object.entries(parts)) {
    if (part instanceof Uint8Array) copies[name] = shared(part, Uint8Array);
    else if (part instanceof Uint16Array) copies[name] = shared(part, Uint16Array);
    else if (part instanceof Uint32Array) copies[name] = shared(part, Uint32Array);
    else copies[name] = shared(part, Int32Array);
  }
  return { parts: copies, bytes: sizeOf(copies) };
}

function sizeOf(parts: PrefilterTables["parts"]): number {
  return Object.values(parts).reduce((sum, part) => sum + part.byteLength, 0);
}

/** Which clauses an entry has, flat: clause c belongs to entries from entryAt[c] on. */
function entryLists(clauses: readonly Wanted[]): { entryAt: Int32Array; entries: Int32Array } {
  const entryAt = new Int32Array(clauses.length + 1);
  const entries: number[] = [];
  for (const [at, clause] of clauses.entries()) {
    entries.push(...clause.entries);
    entryAt[at + 1] = entries.length;
  }
  return { entryAt, entries: Int32Array.from(entries) };
}

/** Entries whose candidate bit is the whole truth about "one of these texts stands in the value, case ignored". */
function exactEntries(entries: readonly PrefilterEntry[]): Uint32Array {
  const exact = new Uint32Array((entries.length + 31) >>> 5);
  for (const [index, entry] of entries.entries()) {
    const [only] = entry;
    if (entry.length !== 1 || only?.kind !== "literals" || !only.isCaseless) continue;
    if (only.literals.includes("")) continue;
    exact[index >>> 5] = (exact[index >>> 5] ?? 0) | (1 << (index & 31));
  }
  return exact;
}

export function buildTables(entries: readonly PrefilterEntry[]): PrefilterTables {
  const { clauses, needs } = distinctClauses(entries);
  const words = clauses.flatMap((clause, label) => clause.words.map((word): [string, number] => [word, label]));
  const automaton = buildAutomaton(words);
  const { classOf, count } = byteClasses(clauses);
  const classWords = Math.max(1, (count + 31) >>> 5);
  const clauseClasses = new Int32Array(clauses.length * classWords);
  for (const [at, clause] of clauses.entries()) {
    for (const byte of bytesOf(clause.mask)) {
      const number = classOf[byte] ?? 0;
      const place = at * classWords + (number >>> 5);
      clauseClasses[place] = (clauseClasses[place] ?? 0) | (1 << (number & 31));
    }
  }
  const interesting = emptySet();
  for (let byte = 0; byte < 256; byte++) if (classOf[byte] !== 0) addByte(interesting, byte);
  const { rest, shift, reportsFrom, ...dense } = automaton;
  return share({
    ...dense,
    ...entryLists(clauses),
    facts: Int32Array.of(shift, reportsFrom, entries.length, clauses.length, classWords),
    restEdgeAt: rest.edgeAt,
    restEdgeByte: rest.edgeByte,
    restEdgeTo: rest.edgeTo,
    restLabelAt: rest.labelAt,
    restLabels: rest.labels,
    needs,
    classOf,
    clauseClasses,
    interesting,
    exact: exactEntries(entries),
  });
}

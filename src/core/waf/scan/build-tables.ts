// Clauses of all entries to flat tables that workers share: words into the automaton, bytes into rows of bits.
import { addByte, bytesOf, emptySet, type ByteSet } from "../regex/byte-set.ts";
import { buildAutomaton } from "./build-automaton.ts";
import { planEntries, type EntriesPlan } from "./plan-entries.ts";
import type { PrefilterEntry, PrefilterTables } from "./prefilter.ts";

type Table = Int32Array | Uint32Array | Uint16Array | Uint8Array;

function shared<Kind extends Table>(table: Kind, make: new (buffer: SharedArrayBuffer) => Kind): Kind {
  const copy = new make(new SharedArrayBuffer(table.byteLength));
  copy.set(table);
  return copy;
}

function share(parts: PrefilterTables["parts"]): PrefilterTables {
  const bytes = Object.values(parts).reduce((sum, part) => sum + part.byteLength, 0);
  if (typeof SharedArrayBuffer === "undefined") return { parts, bytes };
  const copies: Record<string, Table> = {};
  for (const [name, part] of Object.entries(parts)) {
    if (part instanceof Uint8Array) copies[name] = shared(part, Uint8Array);
    else if (part instanceof Uint16Array) copies[name] = shared(part, Uint16Array);
    else if (part instanceof Uint32Array) copies[name] = shared(part, Uint32Array);
    else copies[name] = shared(part, Int32Array);
  }
  return { parts: copies, bytes };
}

/** Lists one after the other: list n is from at[n] to at[n + 1]. */
function flatLists(lists: readonly (readonly number[])[]): { at: Int32Array; list: Int32Array } {
  const at = new Int32Array(lists.length + 1);
  const all: number[] = [];
  for (const [index, list] of lists.entries()) {
    for (const item of list) all.push(item);
    at[index + 1] = all.length;
  }
  return { at, list: Int32Array.from(all) };
}

function setBit(bits: Uint32Array | Int32Array, index: number): void {
  bits[index >>> 5] = (bits[index >>> 5] ?? 0) | (1 << (index & 31));
}

interface RankTables {
  /** Entries that bytes decide, by their number among those. */
  readonly ranked: Int32Array;
  readonly words: number;
  /** Row of each byte; row 0 is empty. A row has `words` bits for the first rank and as many for the second. */
  readonly rowOf: Uint16Array;
  readonly rows: Int32Array;
  readonly interesting: ByteSet;
  /** Second rank of entries with one clause: always set. */
  readonly single: Int32Array;
}

function rankTables({ clauses, entries }: EntriesPlan): RankTables {
  const ranked = entries.flatMap((entry, index) => (entry.ranks.length > 0 ? [index] : []));
  const words = (ranked.length + 31) >>> 5;
  const ofByte = Array.from({ length: 256 }, () => new Int32Array(words * 2));
  const single = new Int32Array(words);
  for (const [number, index] of ranked.entries()) {
    const { ranks } = entries[index] as (typeof entries)[number];
    if (ranks.length === 1) setBit(single, number);
    for (const [rank, label] of ranks.entries())
      for (const byte of bytesOf(clauses[label]?.mask ?? emptySet()))
        setBit((ofByte[byte] as Int32Array).subarray(rank * words, (rank + 1) * words), number);
  }
  const rowOf = new Uint16Array(256);
  const rows: number[] = Array.from({ length: words * 2 }, () => 0);
  const known = new Map<string, number>([[rows.join(","), 0]]);
  const interesting = emptySet();
  for (const [byte, bits] of ofByte.entries()) {
    const key = bits.join(",");
    const row = known.get(key) ?? known.size;
    if (!known.has(key)) {
      known.set(key, row);
      rows.push(...bits);
    }
    rowOf[byte] = row;
    if (row !== 0) addByte(interesting, byte);
  }
  return { ranked: Int32Array.from(ranked), words, rowOf, rows: Int32Array.from(rows), interesting, single };
}

/** Entries whose candidate bit is the whole truth about "one of these texts stands in the value, case ignored". */
function exactEntries(entries: readonly PrefilterEntry[]): Uint32Array {
  const exact = new Uint32Array((entries.length + 31) >>> 5);
  for (const [index, entry] of entries.entries()) {
    const [only] = entry;
    if (entry.length === 1 && only?.kind === "literals" && only.isCaseless && !only.literals.includes(""))
      setBit(exact, index);
  }
  return exact;
}

/** What a found word clause does: entries that wait for it, and bits of ranks, as number * 2 + rank. */
function wordEffects({ clauses, entries }: EntriesPlan, ranked: Int32Array): { waits: number[][]; ranks: number[][] } {
  const waits: number[][] = clauses.map(() => []);
  const ranks: number[][] = clauses.map(() => []);
  for (const [index, entry] of entries.entries()) for (const label of entry.waits) waits[label]?.push(index);
  for (const [number, index] of ranked.entries())
    for (const [rank, label] of (entries[index]?.ranks ?? []).entries()) ranks[label]?.push(number * 2 + rank);
  return { waits, ranks };
}

export function buildTables(given: readonly PrefilterEntry[]): PrefilterTables {
  const plan = planEntries(given);
  const { clauses, entries } = plan;
  const ranks = rankTables(plan);
  const effects = wordEffects(plan, ranks.ranked);
  const words = clauses.flatMap((clause, label) => clause.words.map((word): [string, number] => [word, label]));
  const { rest, shift, reportsFrom, ...dense } = buildAutomaton(words);
  const waits = flatLists(effects.waits);
  const rankBits = flatLists(effects.ranks);
  const late = flatLists(entries.map((entry) => entry.late));
  const masks = new Int32Array(clauses.length * 8);
  for (const [label, clause] of clauses.entries()) masks.set(clause.mask, label * 8);
  const always = new Uint32Array((entries.length + 31) >>> 5);
  for (const [index, entry] of entries.entries())
    if (entry.waits.length === 0 && entry.ranks.length === 0) setBit(always, index);
  return share({
    ...dense,
    facts: Int32Array.of(shift, reportsFrom, entries.length, clauses.length, ranks.words),
    restEdgeAt: rest.edgeAt,
    restEdgeByte: rest.edgeByte,
    restEdgeTo: rest.edgeTo,
    restLabelAt: rest.labelAt,
    restLabels: rest.labels,
    waitAt: waits.at,
    waits: waits.list,
    rankAt: rankBits.at,
    rankBits: rankBits.list,
    lateAt: late.at,
    late: late.list,
    masks,
    waitCounts: Uint8Array.from(entries, (entry) => entry.waits.length),
    ranked: ranks.ranked,
    rowOf: ranks.rowOf,
    rows: ranks.rows,
    single: ranks.single,
    interesting: ranks.interesting,
    always,
    exact: exactEntries(given),
  });
}

// One pass over a value: bytes that stand in it, words that stand in it, and from both the entries whose clauses all hold.
// Fixed cost per call is a few dozen nanoseconds; nothing is allocated but when a new combination of byte classes is seen (bounded).
import { assert } from "../../../base/assert.ts";
import { buildTables } from "./build-tables.ts";
import type { Prefilter, PrefilterEntry, PrefilterTables } from "./prefilter.ts";

/** Combinations of byte classes whose outcome is remembered; a full memory is emptied. */
export const combinationsMax = 4096;

/** What the bytes alone decide: entries that need no word, clauses that hold, and how many clauses of each entry are still open. */
interface ByteOutcome {
  readonly key: Int32Array;
  readonly bits: Uint32Array;
  readonly holds: Uint8Array;
  readonly open: Uint8Array;
}

function part<Table>(tables: PrefilterTables, name: string, kind: new (...parts: never[]) => Table): Table {
  const found = tables.parts[name];
  assert(found instanceof kind, `prefilter table ${name}`);
  return found;
}

interface ByteRules {
  readonly size: number;
  readonly clauses: number;
  readonly classWords: number;
  readonly clauseClasses: Int32Array;
  readonly needs: Uint8Array;
  readonly entryAt: Int32Array;
  readonly entries: Int32Array;
}

function outcomeOf(rules: ByteRules, present: Int32Array): ByteOutcome {
  const { size, clauses, classWords, clauseClasses, needs, entryAt, entries } = rules;
  const holds = new Uint8Array(clauses);
  const open = needs.slice();
  for (let clause = 0; clause < clauses; clause++) {
    let isThere = false;
    for (let word = 0; word < classWords; word++)
      if (((clauseClasses[clause * classWords + word] ?? 0) & (present[word] ?? 0)) !== 0) isThere = true;
    if (!isThere) continue;
    holds[clause] = 1;
    for (let at = entryAt[clause] ?? 0; at < (entryAt[clause + 1] ?? 0); at++) {
      const entry = entries[at] ?? 0;
      open[entry] = (open[entry] ?? 1) - 1;
    }
  }
  const bits = new Uint32Array((size + 31) >>> 5);
  for (let entry = 0; entry < size; entry++)
    if (open[entry] === 0) bits[entry >>> 5] = (bits[entry >>> 5] ?? 0) | (1 << (entry & 31));
  return { key: present.slice(), bits, holds, open };
}

/** Remembers outcomes by the classes of bytes that are present. */
function createByteOutcomes(rules: ByteRules): (present: Int32Array) => ByteOutcome {
  const slots: (ByteOutcome | undefined)[] = Array.from({ length: combinationsMax }, () => undefined);
  return (present) => {
    let hash = 0;
    for (let word = 0; word < present.length; word++) hash = Math.imul(hash ^ (present[word] ?? 0), 0x9e3779b1);
    const slot = (hash ^ (hash >>> 15)) & (combinationsMax - 1);
    const known = slots[slot];
    if (known !== undefined) {
      let word = 0;
      while (word < present.length && known.key[word] === present[word]) word += 1;
      if (word === present.length) return known;
    }
    const outcome = outcomeOf(rules, present);
    slots[slot] = outcome;
    return outcome;
  };
}

/** Makes the scan over `entries`; `tables` of an equal prefilter (another worker's) spare the building. */
export function createPrefilter(entries: readonly PrefilterEntry[], tables = buildTables(entries)): Prefilter {
  const facts = part(tables, "facts", Int32Array);
  const [shift = 0, reportsFrom = 0, size = 0, clauses = 0, classWords = 1] = facts;
  const columnOf = part(tables, "columnOf", Uint8Array);
  const next = part(tables, "next", Uint16Array);
  const labelAt = part(tables, "labelAt", Int32Array);
  const labels = part(tables, "labels", Int32Array);
  const restOf = part(tables, "restOf", Int32Array);
  const edgeAt = part(tables, "restEdgeAt", Int32Array);
  const edgeByte = part(tables, "restEdgeByte", Uint8Array);
  const edgeTo = part(tables, "restEdgeTo", Int32Array);
  const restLabelAt = part(tables, "restLabelAt", Int32Array);
  const restLabels = part(tables, "restLabels", Int32Array);
  const entryAt = part(tables, "entryAt", Int32Array);
  const entryList = part(tables, "entries", Int32Array);
  const classOf = part(tables, "classOf", Uint8Array);
  const interesting = part(tables, "interesting", Uint32Array);
  const outcomeFor = createByteOutcomes({
    size,
    clauses,
    classWords,
    clauseClasses: part(tables, "clauseClasses", Int32Array),
    needs: part(tables, "needs", Uint8Array),
    entryAt,
    entries: entryList,
  });

  const byteMask = new Uint32Array(8);
  const present = new Int32Array(classWords);
  const result = new Uint32Array((size + 31) >>> 5);
  const found = new Int32Array(clauses);
  let foundCount = 0;
  // Stamps say "already in this call" without clearing.
  let stamp = 0;
  const stampOfClause = new Int32Array(clauses);
  const stampOfState = new Int32Array(restOf.length);
  const stampOfEntry = new Int32Array(size);
  const openOfEntry = new Uint8Array(size);

  function note(label: number): void {
    if (stampOfClause[label] === stamp) return;
    stampOfClause[label] = stamp;
    found[foundCount++] = label;
  }

  /** Words that go on after a prefix: compares until the tree ends. Bounded by the longest word. */
  function follow(value: string, from: number, root: number): void {
    let node = root;
    for (let at = from; at < value.length; at++) {
      const code = value.charCodeAt(at) & 255;
      const byte = code >= 65 && code <= 90 ? code + 32 : code;
      let edge = edgeAt[node] as number;
      const end = edgeAt[node + 1] as number;
      while (edge < end && edgeByte[edge] !== byte) edge += 1;
      if (edge === end) return;
      node = edgeTo[edge] as number;
      for (let label = restLabelAt[node] as number; label < (restLabelAt[node + 1] as number); label++)
        note(restLabels[label] as number);
    }
  }

  function report(value: string, at: number, place: number): void {
    const root = restOf[place] as number;
    if (root >= 0) follow(value, at + 1, root);
    if (stampOfState[place] === stamp) return;
    stampOfState[place] = stamp;
    for (let label = labelAt[place] as number; label < (labelAt[place + 1] as number); label++)
      note(labels[label] as number);
  }

  function scan(value: string): void {
    let state = 0;
    for (let at = 0; at < value.length; at++) {
      const byte = value.charCodeAt(at) & 255;
      byteMask[byte >>> 5] = (byteMask[byte >>> 5] as number) | (1 << (byte & 31));
      state = next[(state << shift) | (columnOf[byte] as number)] as number;
      if (state >= reportsFrom) report(value, at, state - reportsFrom);
    }
  }

  function readClasses(): void {
    present.fill(0);
    for (let word = 0; word < 8; word++) {
      let bits = (byteMask[word] as number) & (interesting[word] as number);
      while (bits !== 0) {
        const number = classOf[(word << 5) + 31 - Math.clz32(bits & -bits)] as number;
        present[number >>> 5] = (present[number >>> 5] as number) | (1 << (number & 31));
        bits &= bits - 1;
      }
    }
  }

  function closeWords(outcome: ByteOutcome): void {
    for (let at = 0; at < foundCount; at++) {
      const clause = found[at] as number;
      if (outcome.holds[clause] === 1) continue;
      for (let place = entryAt[clause] as number; place < (entryAt[clause + 1] as number); place++) {
        const entry = entryList[place] as number;
        const open = (stampOfEntry[entry] === stamp ? openOfEntry[entry] : outcome.open[entry]) as number;
        stampOfEntry[entry] = stamp;
        openOfEntry[entry] = open - 1;
        if (open === 1) result[entry >>> 5] = (result[entry >>> 5] as number) | (1 << (entry & 31));
      }
    }
  }

  return {
    size,
    tables,
    byteMask,
    exact: part(tables, "exact", Uint32Array),
    candidates: (value) => {
      stamp = (stamp + 1) | 0;
      foundCount = 0;
      byteMask.fill(0);
      scan(value);
      readClasses();
      const outcome = outcomeFor(present);
      result.set(outcome.bits);
      if (foundCount > 0) closeWords(outcome);
      return result;
    },
  };
}

// One pass over a value: bytes that stand in it, words that stand in it, and from both the entries whose clauses all hold.
// Nothing is allocated per call; entries without a hit cost nothing.
import { assert } from "../../../base/assert.ts";
import { buildTables } from "./build-tables.ts";
import type { Prefilter, PrefilterEntry, PrefilterTables } from "./prefilter.ts";

function part<Table>(tables: PrefilterTables, name: string, kind: new (...parts: never[]) => Table): Table {
  const found = tables.parts[name];
  assert(found instanceof kind, `prefilter table ${name}`);
  return found;
}

interface Waiting {
  /** A word clause was found; false: it had been found in this call already. */
  readonly found: (label: number) => void;
  begin(): void;
  /** Adds to `result` the entries all of whose words were found and whose late clauses hold. */
  finish(byteMask: Uint32Array, result: Uint32Array): void;
  readonly ranks: Int32Array;
}

/** What was found in the call at hand. Stamps say "in this call" so that nothing has to be cleared. */
function createWaiting(tables: PrefilterTables): Waiting {
  const [, , size = 0, clauses = 0, rankWords = 0] = part(tables, "facts", Int32Array);
  const waitAt = part(tables, "waitAt", Int32Array);
  const waits = part(tables, "waits", Int32Array);
  const waitCounts = part(tables, "waitCounts", Uint8Array);
  const rankAt = part(tables, "rankAt", Int32Array);
  const rankBits = part(tables, "rankBits", Int32Array);
  const lateAt = part(tables, "lateAt", Int32Array);
  const late = part(tables, "late", Int32Array);
  const masks = part(tables, "masks", Int32Array);
  const single = part(tables, "single", Int32Array);
  const ranks = new Int32Array(rankWords * 2);
  const stampOfClause = new Int32Array(clauses);
  const stampOfEntry = new Int32Array(size);
  const openOfEntry = new Uint8Array(size);
  const complete = new Int32Array(size);
  let completeCount = 0;
  let stamp = 0;

  function holds(label: number, byteMask: Uint32Array): boolean {
    if (stampOfClause[label] === stamp) return true;
    for (let word = 0; word < 8; word++)
      if (((masks[label * 8 + word] as number) & (byteMask[word] as number)) !== 0) return true;
    return false;
  }

  return {
    ranks,
    begin: () => {
      stamp = (stamp + 1) | 0;
      completeCount = 0;
      for (let word = 0; word < rankWords; word++) {
        ranks[word] = 0;
        ranks[rankWords + word] = single[word] as number;
      }
    },
    found: (label) => {
      if (stampOfClause[label] === stamp) return;
      stampOfClause[label] = stamp;
      for (let place = waitAt[label] as number; place < (waitAt[label + 1] as number); place++) {
        const entry = waits[place] as number;
        const open = (stampOfEntry[entry] === stamp ? openOfEntry[entry] : waitCounts[entry]) as number;
        stampOfEntry[entry] = stamp;
        openOfEntry[entry] = open - 1;
        if (open === 1) complete[completeCount++] = entry;
      }
      for (let place = rankAt[label] as number; place < (rankAt[label + 1] as number); place++) {
        const bit = rankBits[place] as number;
        const word = (bit & 1) * rankWords + (bit >>> 6);
        ranks[word] = (ranks[word] as number) | (1 << ((bit >>> 1) & 31));
      }
    },
    finish: (byteMask, result) => {
      for (let at = 0; at < completeCount; at++) {
        const entry = complete[at] as number;
        let isCandidate = true;
        for (let place = lateAt[entry] as number; isCandidate && place < (lateAt[entry + 1] as number); place++)
          isCandidate = holds(late[place] as number, byteMask);
        if (isCandidate) result[entry >>> 5] = (result[entry >>> 5] as number) | (1 << (entry & 31));
      }
    },
  };
}

/** Walks the automaton over a value: fills `byteMask`, tells `waiting` of words. */
function createScan(tables: PrefilterTables, waiting: Waiting, byteMask: Uint32Array): (value: string) => void {
  const [shift = 0, reportsFrom = 0] = part(tables, "facts", Int32Array);
  const columnOf = part(tables, "columnOf", Uint8Array);
  const next = part(tables, "next", Uint16Array);
  const labelAt = part(tables, "labelAt", Int32Array);
  const labels = part(tables, "labels", Int32Array);
  const restOf = part(tables, "restOf", Int32Array);
  const restBytes = part(tables, "restBytes", Int32Array);
  const edgeAt = part(tables, "restEdgeAt", Int32Array);
  const edgeByte = part(tables, "restEdgeByte", Uint8Array);
  const edgeTo = part(tables, "restEdgeTo", Int32Array);
  const restLabelAt = part(tables, "restLabelAt", Int32Array);
  const restLabels = part(tables, "restLabels", Int32Array);
  const { found } = waiting;

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
        found(restLabels[label] as number);
    }
  }

  function report(value: string, at: number, place: number): void {
    const goesOn = restBytes[place] as number;
    // Letters of both cases have the same low five bits.
    if (goesOn !== 0 && ((goesOn >>> (value.charCodeAt(at + 1) & 31)) & 1) === 1)
      follow(value, at + 1, restOf[place] as number);
    for (let label = labelAt[place] as number; label < (labelAt[place + 1] as number); label++)
      found(labels[label] as number);
  }

  return (value) => {
    let state = 0;
    for (let at = 0; at < value.length; at++) {
      const byte = value.charCodeAt(at) & 255;
      byteMask[byte >>> 5] = (byteMask[byte >>> 5] as number) | (1 << (byte & 31));
      state = next[(state << shift) | (columnOf[byte] as number)] as number;
      if (state >= reportsFrom) report(value, at, state - reportsFrom);
    }
  };
}

/** Makes the scan over `entries`; `tables` of an equal prefilter (another worker's) spare the building. */
export function createPrefilter(entries: readonly PrefilterEntry[], tables = buildTables(entries)): Prefilter {
  const [, , size = 0, , rankWords = 0] = part(tables, "facts", Int32Array);
  const interesting = part(tables, "interesting", Uint32Array);
  const rowOf = part(tables, "rowOf", Uint16Array);
  const rows = part(tables, "rows", Int32Array);
  const ranked = part(tables, "ranked", Int32Array);
  const always = part(tables, "always", Uint32Array);
  const byteMask = new Uint32Array(8);
  const result = new Uint32Array((size + 31) >>> 5);
  const waiting = createWaiting(tables);
  const { ranks } = waiting;
  const scan = createScan(tables, waiting, byteMask);

  /** Bits of the ranks that the value's bytes set. */
  function readBytes(): void {
    const width = rankWords * 2;
    let last = 0;
    for (let word = 0; word < 8; word++) {
      let bits = (byteMask[word] as number) & (interesting[word] as number);
      while (bits !== 0) {
        const row = rowOf[(word << 5) + 31 - Math.clz32(bits & -bits)] as number;
        bits &= bits - 1;
        if (row === last) continue;
        last = row;
        for (let at = 0; at < width; at++) ranks[at] = (ranks[at] as number) | (rows[row * width + at] as number);
      }
    }
  }

  function addRanked(): void {
    for (let word = 0; word < rankWords; word++) {
      let bits = (ranks[word] as number) & (ranks[rankWords + word] as number);
      while (bits !== 0) {
        const entry = ranked[(word << 5) + 31 - Math.clz32(bits & -bits)] as number;
        bits &= bits - 1;
        result[entry >>> 5] = (result[entry >>> 5] as number) | (1 << (entry & 31));
      }
    }
  }

  return {
    size,
    tables,
    byteMask,
    exact: part(tables, "exact", Uint32Array),
    candidates: (value) => {
      byteMask.fill(0);
      result.set(always);
      waiting.begin();
      scan(value);
      readBytes();
      addRanked();
      waiting.finish(byteMask, result);
      return result;
    },
  };
}

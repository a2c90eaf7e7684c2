// One pass over a value says which patterns may match it at all. Sound: a pattern that is not named does not match. `createPrefilter` (create-prefilter.ts) makes one.
import type { Clause } from "../regex/pattern.ts";

/** Tables of a prefilter; over SharedArrayBuffer where the runtime has it, so that workers share one copy. */
export interface PrefilterTables {
  readonly bytes: number;
  readonly parts: Readonly<Record<string, Int32Array | Uint32Array | Uint16Array | Uint8Array>>;
}

export interface Prefilter {
  /** How many entries it was made of: one per pattern, in the order given. */
  readonly size: number;
  readonly tables: PrefilterTables;
  /**
   * Candidates of a value: bit i of the result is set when entry i may match. The result is the prefilter's own array, valid until the next call.
   * Entries without clauses are always set. Time: one table look-up per byte.
   */
  candidates(value: string): Uint32Array;
  /** The 256-bit set of bytes that stand in the value last given to `candidates`; valid until the next call. */
  readonly byteMask: Uint32Array;
  /** Entries of one caseless literal clause: their candidate bit is the verdict "one of these texts stands there". The word list of `pm` as such a clause needs no check. */
  readonly exact: Uint32Array;
}

export type PrefilterEntry = readonly Clause[];

// A regular expression of a rule, ready to run. Subjects are byte strings (latin1). Time is linear in the subject for every pattern and subject.
// `compilePattern` (compile-pattern.ts) makes one.

/** What every match holds. All clauses of a pattern are necessary; none at all says nothing. */
export type Clause =
  /** One of these texts stands in the subject. Lower case when `isCaseless`: then compared with ASCII case folded. */
  | { readonly kind: "literals"; readonly literals: readonly string[]; readonly isCaseless: boolean }
  /** One of these bytes stands in the subject: 256 bits, bit b of word b >>> 5. */
  | { readonly kind: "bytes"; readonly mask: Uint32Array };

export interface PatternOptions {
  /** `^` and `$` at every line; default false, as CRS expects. */
  readonly isMultiline: boolean;
  /** `.` matches a newline; default true, as all engines compile rules. */
  readonly isDotAll: boolean;
  readonly isCaseless: boolean;
}

export interface Pattern {
  readonly source: string;
  /** Worked out anew each time: they are asked for once, and take memory. */
  readonly clauses: readonly Clause[];
  readonly captureCount: number;
  /** Subjects up to this many bytes go to V8, longer ones to our matcher; Infinity: proven linear in V8. 0: never V8. */
  readonly v8BytesMax: number;
  /** Why: "linear", or the construct that is not proven. */
  readonly v8Because: string;
  /** Has look-around, a back-reference or an atomic group: a run that reaches its step limit answers "no match" and is counted. Worth a note to who wrote the rule. */
  readonly isStepLimited: boolean;
  test(subject: string): boolean;
  /** Groups 0 to 9 of the leftmost match as a backtracking engine finds it; undefined: a group that took no part. */
  exec(subject: string): readonly (string | undefined)[] | undefined;
  /** Where the leftmost match begins; -1: none. */
  indexIn(subject: string): number;
}

/** Steps that our matcher took since the last call of `takeSteps`: bytes read, states made, cache flushes. For tests and budgets. */
export interface MatcherSteps {
  readonly bytes: number;
  readonly statesMade: number;
  readonly cacheFlushes: number;
  /** Instructions looked at while states were made, or by the backtracking that finds captures. */
  readonly visits: number;
  /** Runs of irregular patterns that were given up at their step limit: answered "no match". */
  readonly limited: number;
}

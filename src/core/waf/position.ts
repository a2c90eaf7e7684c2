// Where something stands in rule texts, and what is wrong there. Shared by all parts of the WAF.

export interface SourcePosition {
  /** As the reader named it: a path relative to the rules' folder where there is one. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1; 0: the whole line. */
  readonly column: number;
}

export interface WafProblem {
  /** error: the directive is refused, the rest goes on. warning: taken, but it will not do what it seems to say. note: worth knowing. */
  readonly severity: "error" | "warning" | "note";
  /** "waf/kebab". */
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly position: SourcePosition;
  /** The rule it is about, when known. */
  readonly ruleId?: number;
}

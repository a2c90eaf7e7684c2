// One operator of SecLang, bound to its argument. The list is operators.ts; each is a file of its own.
import type { Pattern, PatternOptions } from "../regex/pattern.ts";
import type { RuleOperator } from "../seclang/rule-set.ts";

/** What an operator may ask of the transaction: macros in its argument are expanded per call. */
export interface OperatorScope {
  expand(argument: string): string;
}

export interface OperatorHit {
  /** What matched; for the log and MATCHED_VAR's neighbours. */
  readonly matched: string;
  /** TX:0 to TX:9 when the rule captures. */
  readonly captures: readonly (string | undefined)[];
}

export interface BoundOperator {
  /** Without negation: the engine applies it. Never throws, whatever the value. Undefined: no match. */
  readonly evaluate: (value: string, scope: OperatorScope) => OperatorHit | undefined;
  /** Same verdict for the same value: does not read the scope. Such operators may be remembered per value. */
  readonly isPure: boolean;
  /** Of rx and rxGlobal: for the prefilter's clauses. */
  readonly pattern?: Pattern;
}

/** What all operators of a rule set share. */
export interface OperatorContext {
  readonly patternOptions: PatternOptions;
}

export const defaultOperatorContext: OperatorContext = {
  patternOptions: { isMultiline: false, isDotAll: true, isCaseless: false },
};

/** Fault "waf/bad-argument" or "waf/bad-pattern" when the argument cannot be read. */
export type OperatorMaker = (operator: RuleOperator, context?: OperatorContext) => BoundOperator;

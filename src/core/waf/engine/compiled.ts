// The compiled form of a rule set: parts with their tests, rules with their places, names with their slots. Read by everything that runs.
import type { Clause, Pattern } from "../regex/pattern.ts";
import type { BoundOperator } from "../operators/operator.ts";
import type { WafProblem } from "../position.ts";
import type { ControlAction, Phase, Rule, RulePart, RuleSet, RuleVariable } from "../seclang/rule-set.ts";
import type { Transformation } from "../transform/transformation.ts";
import type { Macro } from "./macro.ts";
import type { Selector } from "./selectors.ts";
import type { SlotNames } from "./variable-store.ts";
import type { VariableReader } from "./variables.ts";

export interface CompiledTarget {
  readonly selector: Selector;
  /** "&ARGS:q". */
  readonly countName: string;
  /** Of variables that are no values of the request. */
  readonly read: VariableReader | undefined;
  /** Exclusions of the same rule that concern this variable. */
  readonly without: readonly Selector[];
}

export interface CompiledAssignment {
  readonly collection: string;
  /** Slot of a TX variable whose name is plain; -1: the name is made while running, or it is another collection. */
  readonly slot: number;
  readonly key: Macro;
  readonly change: "set" | "add" | "subtract" | "unset";
  readonly value: Macro;
  /** Which anomaly score it adds to. */
  readonly score: "" | "inbound" | "outbound";
}

export type CompiledControl =
  | Exclude<ControlAction, { readonly kind: `ruleRemove${string}` }>
  /** Rules by their places. */
  | { readonly kind: "removeRules"; readonly rules: Uint32Array }
  | { readonly kind: "removeTargets"; readonly rules: Uint32Array; readonly targets: readonly Selector[] };

export interface CompiledPart {
  /** Its place among all parts that are pure: entry of the prefilter. -1: depends on more than a value. */
  readonly pure: number;
  readonly source: RulePart;
  readonly targets: readonly CompiledTarget[];
  readonly transformations: readonly Transformation[];
  readonly operator: BoundOperator;
  /** Of rx. */
  readonly pattern: Pattern | undefined;
  readonly clauses: readonly Clause[];
  readonly isNegated: boolean;
  readonly isCapture: boolean;
  readonly isMultiMatch: boolean;
  readonly assignments: readonly CompiledAssignment[];
  readonly controls: readonly CompiledControl[];
  readonly collections: readonly { readonly collection: string; readonly key: Macro }[];
  /** Something happens when it matches, even if the rest of its chain does not. */
  readonly hasEffects: boolean;
  readonly logData: Macro;
  readonly message: Macro;
  /** "Operator `Rx' with parameter ..." for logs. */
  readonly operatorText: string;
}

export interface CompiledRule {
  /** Place among all rules, in file order. */
  readonly index: number;
  readonly phase: Phase;
  readonly rule: Rule;
  /** Head first. */
  readonly parts: readonly CompiledPart[];
  /** Pure parts that all must have been hit, else nothing can come of it. */
  readonly needs: readonly number[];
  /** It is asked in each request: its head depends on more than values. */
  readonly isAlways: boolean;
  /** Place of the first rule after the marker or rule of skipAfter; -1: none; Infinity: to the end. */
  readonly skipTo: number;
  readonly redirect: Macro;
  readonly paranoia: number;
}

export interface Compiled {
  readonly ruleSet: RuleSet;
  readonly problems: readonly WafProblem[];
  readonly rules: readonly CompiledRule[];
  /** Places of a phase's rules, in order; index 1 to 5. */
  readonly phases: readonly (readonly number[])[];
  /** Bits of the rules of each phase. */
  readonly phaseBits: readonly Uint32Array[];
  readonly ruleWords: number;
  /** Pure parts, in the order of the prefilter's entries, and the rules they belong to. */
  readonly pureParts: readonly CompiledPart[];
  readonly ruleOfPart: Int32Array;
  /** 1: a hit of this part makes its rule worth asking. */
  readonly isTrigger: Uint8Array;
  readonly names: SlotNames;
  /** TX slots that a selector by pattern, or of all, means. */
  slotsOf(selector: Selector): readonly number[];
  isMadeNameOf(selector: Selector, name: string): boolean;
  /** Rules by id range, tag or message. */
  rulesByTag(tag: string): Uint32Array;
  rulesByRange(from: number, to: number): Uint32Array;
  /** Bits of the operator's rules that ask for it: where none does the engine decides by itself. */
  readonly asks: { readonly bodyError: Uint32Array; readonly multipartError: Uint32Array };
}

export type { RuleVariable };

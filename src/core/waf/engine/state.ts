// A transaction while it runs: values, what was found in them, variables of rules, what matched. Made once and used again for the next request.
import type { ConnectionFacts, Interruption, MatchedRule, TransactionPolicy, WafBudget } from "./engine.ts";
import type { Compiled } from "./compiled.ts";
import type { PolicyProgram } from "./policy-program.ts";
import type { VariableStore } from "./variable-store.ts";
import type { PersistentRecord } from "./persistent.ts";
import type { BodyKind } from "../body/body-parser.ts";
import type { RunningExclusions } from "./exclusions.ts";

/** Parts of the outside that rules can ask for. */
export interface Clocks {
  readonly nowMs: () => number;
  readonly nowUs: () => number;
}

/** What parsing of bodies said, for REQBODY_*, MULTIPART_* and others. */
export interface BodyFacts {
  processor: BodyKind | "";
  isForced: boolean;
  error: string;
  bytes: number;
  isOverLimit: boolean;
  isResponseOverLimit: boolean;
  /** Upper-case names as rules have them. */
  flags: Readonly<Record<string, number>>;
  argumentsBytes: number;
  filesBytes: number;
  isUrlBroken: boolean;
  /** Texts of the body whose element or attribute is named as a secret is. */
  secretTexts: string[];
}

export interface State {
  readonly compiled: Compiled;
  readonly clocks: Clocks;
  program: PolicyProgram;
  policy: TransactionPolicy;
  id: string;
  startedUs: number;
  phase: number;
  store: VariableStore;
  connection: ConnectionFacts;
  body: BodyFacts;

  /** Values: parallel lists, linked by source in the order they came; so many of them are in use. Lists keep their room from one transaction to the next. */
  valueCount: number;
  readonly valueSource: number[];
  readonly valueKey: string[];
  readonly valueText: string[];
  readonly valueNext: number[];
  readonly sourceHead: Int32Array;
  readonly sourceTail: Int32Array;

  /** For each part: values it hit, linked in the order of values; so many hits are in use. */
  hitCount: number;
  readonly partHead: Int32Array;
  readonly partTail: Int32Array;
  readonly hitValue: number[];
  readonly hitNext: number[];
  readonly touchedParts: number[];
  /** Bit of a rule, by its place among all rules: its head was hit. */
  readonly pending: Uint32Array;
  /** Rules that were taken away while rules ran; undefined: none. */
  removed: Uint32Array | undefined;
  exclusions: RunningExclusions | undefined;

  matchedName: string;
  matchedValue: string;
  /** MATCHED_VARS and their names: so many of the lists are in use. */
  matchedCount: number;
  readonly matchedNames: string[];
  readonly matchedValues: string[];
  highestSeverity: number;
  /** The rule that runs: RULE:id and others. */
  ruleIndex: number;
  persistent: Map<string, PersistentRecord> | undefined;

  engineMode: "on" | "off" | "detectionOnly";
  isAuditOff: boolean;
  isRequestBodyWanted: boolean;
  isResponseBodyWanted: boolean;
  /** allow: no more rules of this phase, of the request, at all. */
  allowed: "" | "phase" | "request" | "all";
  interruption: Interruption | undefined;
  rules: MatchedRule[];
  /** What reports of rules must not repeat; the rules hold this very list, which is filled at the end. */
  secrets: string[];
  rulesOmitted: number;
  notInspected: string[];
  /** The first limit that was reached; "": none. */
  overLimit: string;
  /** The policy takes away what rules ask about bodies that cannot be read: then the engine decides. */
  isBodyAskExcluded: boolean;

  budget: WafBudget;
  budgetBytes: number;
  budgetSteps: number;
  /** Time inside the engine before this call, and when this call began: what passes between calls is not ours. */
  spentUs: number;
  enteredUs: number;
  isOverBudget: boolean;
  requestBytes: number;
  responseBytes: number;
}

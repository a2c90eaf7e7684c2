// The WAF engine as its users see it: one compiled rule set, many transactions. `createWafEngine` (create-engine.ts) makes one.
// Feeding order: connection, request line, request headers, body chunks, end of body, response headers, response chunks, end, finish. Steps may be left out
// at the end, not in the middle; each returns an interruption when the transaction is to be stopped (blocking mode only).
import type { RuleSet } from "../seclang/rule-set.ts";
import type { WafProblem } from "../position.ts";
import type { PrefilterTables } from "../scan/prefilter.ts";
import type { WafHashes } from "../transform/transformation.ts";

export interface WafEngineOptions {
  readonly ruleSet: RuleSet;
  readonly hashes: WafHashes;
  /** Milliseconds since the epoch, for TIME* variables. */
  readonly nowMs: () => number;
  /** Microseconds on a clock that only goes forward; the budget is measured with it. */
  readonly nowUs: () => number;
  /** A fresh id for a transaction: UNIQUE_ID. */
  readonly uniqueId: () => string;
  /** Values remembered between transactions; 0 switches the memo off. */
  readonly memoEntriesMax?: number;
  /** Of transactions whose policy has none. */
  readonly budget?: WafBudget;
  /** List rules that matched without being logged: for explanations. Slower. */
  readonly isSilentListed?: boolean;
  /** Of an engine over the very same rule set, in another thread: spares the building. Those of another set (by digest) are not used. */
  readonly tables?: EngineTables;
  /** `^` and `$` of all patterns match at line ends too, as libmodsecurity 3 and Coraza have it; the Core Rule Set expects that they do not. Default: false. */
  readonly isMultiline?: boolean;
  /** Tests only: every rule is asked about every value, one by one. */
  readonly isPlain?: boolean;
  /** Tests only: false asks every pattern, whatever the scan says. */
  readonly isPrefiltered?: boolean;
}

/** What engines over one rule set share: read only, in shared memory where the runtime has it. */
export interface EngineTables {
  readonly digest: string;
  readonly prefilter: PrefilterTables;
}

export interface WafBudget {
  readonly usMax: number;
  /** Bytes of all values that rules look at in one transaction. */
  readonly bytesMax: number;
  /** What blocking mode does when the budget is used up; detection mode logs. */
  readonly onExceeded: "block" | "pass";
}

/** One policy's say over the shared rule set. Made once per policy by core/waf/policy; bit sets and tables, never recompiled rules. */
export interface TransactionPolicy {
  readonly name: string;
  readonly mode: "off" | "detect" | "block";
  readonly paranoia: 1 | 2 | 3 | 4;
  /** Levels up to this one are looked at and logged, but only `paranoia` counts to the score. */
  readonly detectionParanoia: 1 | 2 | 3 | 4;
  readonly inboundThreshold: number;
  readonly outboundThreshold: number;
  readonly responseBodies: boolean;
  /** Else the engine's. */
  readonly budget?: WafBudget;
  /** tx.* values set before phase 1, over what crs-setup says: keys in lower case. */
  readonly settings: ReadonlyMap<string, string>;
  readonly exclusions: readonly Exclusion[];
  /** Rules of overlay layers count only for policies that name the layer. */
  readonly layers: readonly string[];
}

export interface Exclusion {
  readonly id: string;
  /** Rules it takes away, or takes targets from. All given conditions must hold. */
  readonly ruleIds: readonly { readonly from: number; readonly to: number }[];
  readonly tags: readonly string[];
  /** "" : the whole rule. Else a target in SecLang: "ARGS:comment", "REQUEST_COOKIES:/^sess/". */
  readonly target: string;
  /** Glob over REQUEST_FILENAME with `*` (no slash) and `**`; "" : all paths. */
  readonly path: string;
  readonly methods: readonly string[];
}

export interface ConnectionFacts {
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly serverAddress: string;
  readonly serverPort: number;
}

export interface Interruption {
  readonly action: "deny" | "drop" | "redirect";
  readonly status: number;
  /** With "redirect". */
  readonly location: string;
  readonly ruleId: number;
  readonly phase: number;
  /** "rule", or "budget: time", "budget: bytes", "limit: ...". */
  readonly because: string;
}

/** A variable that a rule matched, before redaction. Values leave the process only through core/waf/report. */
export interface MatchedVariable {
  /** "ARGS:q", "REQUEST_HEADERS:User-Agent". */
  readonly name: string;
  readonly value: string;
  /** What the operator matched, and where in the value as the rule saw it (after transformations). */
  readonly matched: string;
  readonly transformed: string;
  /** What the rule says of this variable (logdata); "" in chains, whose text is the rule's. */
  readonly logData: string;
}

export interface MatchedRule {
  readonly ruleId: number;
  readonly phase: number;
  readonly message: string;
  readonly logData: string;
  /** The same texts with every value of the request left out: for variables that may not be shown at all. Equal to the text: nothing in it is of the request. */
  readonly messageMasked: string;
  readonly logDataMasked: string;
  /** Secrets of the request, that no text which leaves may repeat. */
  readonly secrets: readonly string[];
  readonly severity: number | undefined;
  readonly tags: readonly string[];
  readonly paranoia: number;
  readonly file: string;
  readonly line: number;
  /** "Rx", "!Within". */
  readonly operator: string;
  readonly operatorArgument: string;
  readonly variables: readonly MatchedVariable[];
  /** Matched, but not listed: over the limit. */
  readonly variablesOmitted: number;
  /** Points it added to the inbound and outbound anomaly scores. */
  readonly score: number;
  readonly isDisruptive: boolean;
  /** Rules with nolog are listed only by engines that were asked to (`isSilentListed`); reports leave them out by this. */
  readonly isLogged: boolean;
  readonly version: string;
  readonly revision: string;
  readonly maturity: string;
  readonly accuracy: string;
}

export interface TransactionReport {
  readonly id: string;
  readonly policy: string;
  readonly mode: "off" | "detect" | "block";
  /** What was or (detect) would have been done; undefined: passed. */
  readonly interruption: Interruption | undefined;
  readonly isBlocked: boolean;
  readonly rules: readonly MatchedRule[];
  /** Matched, but not listed: over the limit. */
  readonly rulesOmitted: number;
  readonly inboundScore: number;
  readonly outboundScore: number;
  /** What was not looked at, and why: "request body over 131072 bytes". Empty: all was. */
  readonly notInspected: readonly string[];
  readonly evaluationUs: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

export interface Transaction {
  readonly id: string;
  connection(facts: ConnectionFacts): void;
  /** The request line as it came: target with its query, protocol "HTTP/1.1". */
  requestLine(method: string, target: string, protocol: string): void;
  /** All headers as they came, in order, repeated ones too. Runs phase 1. */
  requestHeaders(headers: readonly (readonly [name: string, value: string])[]): Interruption | undefined;
  /** Whether rules want to see the body; false: it may be passed on unread. */
  readonly wantsRequestBody: boolean;
  requestBody(chunk: string): Interruption | undefined;
  /** Runs phase 2. Also for requests without a body. */
  endRequest(): Interruption | undefined;
  responseHeaders(
    status: number,
    protocol: string,
    headers: readonly (readonly [name: string, value: string])[],
  ): Interruption | undefined;
  readonly wantsResponseBody: boolean;
  responseBody(chunk: string): Interruption | undefined;
  /** Runs phase 4. */
  endResponse(): Interruption | undefined;
  /** Runs phase 5; the transaction takes nothing any more. */
  finish(): TransactionReport;
}

export interface WafEngine {
  readonly ruleSet: RuleSet;
  readonly problems: readonly WafProblem[];
  readonly tables: EngineTables;
  begin(policy: TransactionPolicy): Transaction;
  /** Figures since the engine was made. */
  readonly figures: WafEngineFigures;
  emptyMemo(): void;
  /** Makes the next `partsMax` patterns ready (all, if not given) before requests need them; true: all are. Until then budgets are wider. */
  warm(partsMax?: number): boolean;
}

export interface WafEngineFigures {
  readonly transactions: number;
  readonly memoEntries: number;
  readonly memoHits: number;
  readonly patternsRun: number;
  readonly patternsSkipped: number;
  readonly budgetExceeded: number;
}

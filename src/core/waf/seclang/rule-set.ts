// A rule set as data: what SecLang texts say after everything implicit was made explicit (default actions merged, updates applied, removed rules gone).
// The engine's compiler reads only this. Texts are latin1: one character is one byte.
import type { SourcePosition } from "../position.ts";

export type Phase = 1 | 2 | 3 | 4 | 5;

/** Names of collections and variables in upper case, as the reference has them: "ARGS", "TX", "REQUEST_HEADERS", "XML", ... */
export interface RuleVariable {
  readonly name: string;
  /** all: the whole collection or a plain variable. key: one member, compared without case. regex: members whose key matches. xpath: XML:/*, XML://@*, JSON is flattened. */
  readonly select: "all" | "key" | "regex" | "xpath";
  /** Key in lower case, regular expression or path; "" with "all". Macros in keys are not expanded (none of CRS has any). */
  readonly argument: string;
  /** `&ARGS`: how many, instead of their values. */
  readonly isCount: boolean;
  /** `!ARGS:password`: taken away from the targets before it. */
  readonly isExcluded: boolean;
}
// In `variables` of a part what is excluded stands last: `!ARGS:x|ARGS` and `ARGS|!ARGS:x` say the same.

export interface RuleOperator {
  /** Lower case without "@": "rx", "pm", "pmfromfile", "detectsqli", ...; "unconditionalmatch" for SecAction. */
  readonly name: string;
  readonly argument: string;
  readonly isNegated: boolean;
  /** The words of pm; of pmFromFile and ipMatchFromFile what the files say: comments and empty lines gone, trimmed, in file order. */
  readonly words: readonly string[];
}

/** A text with `%{...}` in it, cut into pieces. */
export type MacroPart =
  | { readonly text: string }
  /** `%{tx.name}`: collection in upper case, key in lower case ("" for a plain variable). */
  | { readonly collection: string; readonly key: string };
/** No piece: the empty text. */
export type MacroText = readonly MacroPart[];

export type VariableAssignment = {
  /** "TX", "IP", "GLOBAL", ... in upper case. */
  readonly collection: string;
  readonly key: MacroText;
  readonly change: "set" | "add" | "subtract" | "unset";
  readonly value: MacroText;
};

export type ControlAction =
  | { readonly kind: "ruleEngine"; readonly value: "on" | "off" | "detectionOnly" }
  | { readonly kind: "auditEngine"; readonly value: string }
  | { readonly kind: "auditLogParts"; readonly value: string }
  | { readonly kind: "requestBodyProcessor"; readonly value: "URLENCODED" | "MULTIPART" | "JSON" | "XML" | "" }
  | { readonly kind: "requestBodyAccess" | "responseBodyAccess" | "forceRequestBodyVariable"; readonly value: boolean }
  /** Ids may be ranges. */
  | { readonly kind: "ruleRemoveById"; readonly ranges: readonly IdRange[] }
  | { readonly kind: "ruleRemoveByTag" | "ruleRemoveByMsg"; readonly pattern: string }
  | {
      readonly kind: "ruleRemoveTargetById";
      readonly ranges: readonly IdRange[];
      readonly targets: readonly RuleVariable[];
    }
  | {
      readonly kind: "ruleRemoveTargetByTag" | "ruleRemoveTargetByMsg";
      readonly pattern: string;
      readonly targets: readonly RuleVariable[];
    };

export interface IdRange {
  readonly from: number;
  readonly to: number;
}

export type DisruptiveAction =
  | "none"
  | "pass"
  | "block"
  | "deny"
  | "drop"
  | "allow"
  | "allow:phase"
  | "allow:request"
  | "redirect";

export interface TransformationStep {
  /** Lower case, as the reference names it: "urldecodeuni", "htmlentitydecode", ... `t:none` has been applied already and never stands here. */
  readonly name: string;
}

/** One SecRule or SecAction: the head of a chain, or a link of it. */
export interface RulePart {
  readonly position: SourcePosition;
  /** Empty for SecAction. */
  readonly variables: readonly RuleVariable[];
  readonly operator: RuleOperator;
  readonly transformations: readonly TransformationStep[];
  readonly isMultiMatch: boolean;
  readonly isCapture: boolean;
  readonly assignments: readonly VariableAssignment[];
  readonly controls: readonly ControlAction[];
  /** expirevar: the variable goes away this many seconds after it was set. */
  readonly expirations: readonly {
    readonly collection: string;
    readonly key: MacroText;
    readonly seconds: MacroText;
  }[];
  /** initcol and setuid/setsid/setrsc: collection name -> key. */
  readonly collections: readonly { readonly collection: string; readonly key: MacroText }[];
  /** Empty: none. */
  readonly logData: MacroText;
  readonly message: MacroText;
}

export interface Rule {
  readonly kind: "rule";
  /** Never 0 (a rule without an id is refused). Unique within the floor and one layer: two teams may use the same number, never one of the floor's. */
  readonly id: number;
  readonly phase: Phase;
  readonly head: RulePart;
  /** Links of the chain after the head, in order. All must match. */
  readonly links: readonly RulePart[];
  /** What the head says, with SecDefaultAction merged: "block" stands for the default's own action, which is `blockAction`. */
  readonly disruptive: DisruptiveAction;
  readonly blockAction: DisruptiveAction;
  readonly status: number;
  readonly redirect: MacroText;
  readonly isLogged: boolean;
  readonly isAudited: boolean;
  readonly severity: number | undefined;
  readonly tags: readonly string[];
  readonly version: string;
  readonly revision: string;
  readonly maturity: string;
  readonly accuracy: string;
  /** skip:N, 0 for none. */
  readonly skip: number;
  /** Name of a marker, or "id:123" of a rule; "" for none. */
  readonly skipAfter: string;
  /** Of the file or layer it came from: "" for the floor, else the overlay's name. */
  readonly layer: string;
}

export interface Marker {
  readonly kind: "marker";
  readonly name: string;
  readonly position: SourcePosition;
}

export interface EngineSettings {
  readonly ruleEngine: "on" | "off" | "detectionOnly";
  readonly requestBodyAccess: boolean;
  readonly responseBodyAccess: boolean;
  /** Without parameters, in lower case. */
  readonly responseBodyTypes: readonly string[];
  readonly requestBodyBytesMax: number;
  readonly requestBodyNoFilesBytesMax: number;
  readonly responseBodyBytesMax: number;
  readonly requestBodyLimitAction: "reject" | "processPartial";
  readonly responseBodyLimitAction: "reject" | "processPartial";
  readonly jsonDepthMax: number;
  readonly argumentsMax: number;
  readonly argumentSeparator: string;
  readonly cookieFormat: 0 | 1;
  /** SecCollectionTimeout, seconds. */
  readonly collectionTimeoutSeconds: number;
  readonly componentSignatures: readonly string[];
  readonly webAppId: string;
  /** SecArgumentsLimit and others that are taken and have no effect here are problems of severity note. */
  readonly unicodeMap: ReadonlyMap<number, number> | undefined;
}

export interface RuleSet {
  readonly settings: EngineSettings;
  /** In file order; phases are picked out by the compiler. */
  readonly items: readonly (Rule | Marker)[];
  /** Of everything that was read: texts and word lists. Hex of 64 bits or more; equal for equal content. */
  readonly digest: string;
  readonly files: readonly { readonly file: string; readonly bytes: number }[];
}

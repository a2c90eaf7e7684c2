// What users of garrison/waf see. Self-contained: these declarations are all that the package publishes of the library.
import type { IncomingMessage, ServerResponse } from "node:http";

/** SecLang as text. `file` names it in problems. */
export interface WafRuleText {
  readonly text: string;
  readonly file?: string;
}

export interface WafOptions {
  /** A Core Rule Set's folder, a folder of .conf files, files, texts, or several of them in order. */
  readonly rules: string | WafRuleText | readonly (string | WafRuleText)[];
  /** Default "detect": nothing is stopped, events say what would have been. */
  readonly mode?: "off" | "detect" | "block";
  /** Levels of the Core Rule Set that count to the score; 1 by default. */
  readonly paranoia?: 1 | 2 | 3 | 4;
  /** Levels that are looked at without counting; at least `paranoia`. */
  readonly detectionParanoia?: 1 | 2 | 3 | 4;
  /** Score at which a request is stopped; 5 by default. */
  readonly inboundThreshold?: number;
  readonly exclusions?: readonly WafExclusionInput[];
  /** Variables of crs-setup: { allowed_methods: "GET POST" }. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Word lists of rules given as texts, by file name. */
  readonly wordLists?: Readonly<Record<string, string>>;
  readonly budget?: {
    readonly milliseconds?: number;
    readonly bytes?: number;
    /** In mode "block"; "block" by default. */
    readonly onExceeded?: "block" | "pass";
  };
  readonly limits?: Partial<WafLibraryLimits>;
  /** Behind a proxy: the client's address from a header that your proxy sets, and only from a connection of that proxy. Undefined: the connection's own. */
  readonly clientAddress?: (head: {
    readonly headers: readonly (readonly [name: string, value: string])[];
    readonly connectionAddress: string;
  }) => string | undefined;
  /** Requests that rules spoke about, that were stopped, or of which a part was not looked at. Values are redacted. */
  readonly onEvent?: (event: WafLibraryEvent) => void;
}

export interface WafLibraryLimits {
  /** Body bytes held for a verdict. Beyond: 413 in mode "block"; else the rest is not looked at, and told. */
  readonly bodyBytesMax: number;
  /** For a body to arrive. Beyond: 408 in mode "block"; else what came is judged. */
  readonly bodyMsMax: number;
}

/** Takes rules, or one of their targets, away. At least one of rules and tags. */
export interface WafExclusionInput {
  /** "942100" or "942000-942999". */
  readonly rules?: readonly string[];
  readonly tags?: readonly string[];
  /** "ARGS:comment"; left out: the whole rule. */
  readonly target?: string;
  /** Glob over the path. */
  readonly path?: string;
  readonly methods?: readonly string[];
  /** Why: three characters at least. */
  readonly reason: string;
  /** ISO time after which it does nothing. */
  readonly expiresAt?: string;
}

/** A request that is whole. Headers as pairs in the order they came, or as an object. */
export interface WafRequest {
  readonly method: string;
  /** Path with query, as it came. */
  readonly target: string;
  /** "HTTP/1.1" by default. */
  readonly protocol?: string;
  readonly headers:
    | readonly (readonly [name: string, value: string])[]
    | Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Uint8Array | string;
  readonly clientAddress?: string;
  readonly clientPort?: number;
}

export interface WafDecision {
  /** Of the transaction: the same in the answer and in the event. */
  readonly id: string;
  /** Stop here and answer with what follows. */
  readonly isBlocked: boolean;
  /** Close the connection without an answer. */
  readonly isDropped: boolean;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Says the status and the id, and nothing of rules. */
  readonly body: string;
  readonly inboundScore: number;
  /** Rules that are logged, in the order they matched. */
  readonly ruleIds: readonly number[];
  readonly notInspected: readonly string[];
}

export interface WafLibraryEvent {
  readonly id: string;
  readonly time: Date;
  readonly verdict: "blocked" | "detected" | "logged" | "failed";
  readonly method: string;
  readonly host: string;
  /** Without its query. */
  readonly path: string;
  readonly clientAddress: string;
  readonly status: number;
  readonly inboundScore: number;
  readonly inboundThreshold: number;
  /** "rule", "budget: time", "limit: request body", ... "" when nothing stopped it. */
  readonly because: string;
  readonly notInspected: readonly string[];
  readonly rules: readonly WafEventRule[];
  /** One line for each rule, in ModSecurity's format. */
  readonly lines: readonly string[];
}

export interface WafEventRule {
  readonly id: number;
  readonly message: string;
  readonly severity: string;
  readonly score: number;
  readonly phase: number;
  /** "ARGS:q". */
  readonly variable: string;
  /** What matched, redacted. */
  readonly matched: string;
  /** What stands around it, redacted. */
  readonly excerpt: string;
}

export interface WafRuleProblem {
  readonly severity: string;
  readonly message: string;
  readonly file: string;
  readonly line: number;
}

/** As node:http servers and Express call it. */
export type WafMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

export interface Waf {
  /** Judges a request that is in memory. */
  inspect(request: WafRequest): WafDecision;
  /** Judges a request of a server; its body is read and put back, so that handlers read it as if nobody had. */
  inspectIncoming(request: IncomingMessage): Promise<WafDecision>;
  /** Judges the head of a request that asks for another protocol: a server's 'upgrade' and 'connect' events. What follows on the connection is not looked at. */
  inspectHandshake(request: IncomingMessage): WafDecision;
  /** Judges a Fetch API request; its body stays readable. */
  inspectFetch(request: Request, source?: WafFetchSource): Promise<WafDecision>;
  readonly middleware: WafMiddleware;
  /** What is wrong with the rules: refused lines, parts that are not supported, exclusions that do nothing. */
  readonly problems: readonly WafRuleProblem[];
  readonly rules: number;
}

export interface WafFetchSource {
  readonly clientAddress?: string;
  readonly clientPort?: number;
  /** Names and values in turn, as node:http keeps them: nearer to what came than Headers are. */
  readonly rawHeaders?: readonly string[];
}

// A request that a WAF rule spoke about: which rules, which variables, what was done. Values are redacted before a row is made; unmatched requests make no row.
import { z } from "zod";
import { address, choice, flag, i32, text, texts, time, u16, u32, u64, u8, words, word, u32s } from "./column.ts";
import { fidelities, originColumns, subjectColumns, workloadKinds } from "./identity.ts";

/** detected: would have been blocked. logged: rules matched, below the threshold. failed: over a limit or budget, passed or blocked as `blocked` says. */
export const wafVerdicts = ["blocked", "detected", "logged", "failed"] as const;

export const WafEvent = z.object({
  time: time(),
  ...originColumns,
  verdict: choice(wafVerdicts),
  mode: choice(["detect", "block"]),
  /** The WafPolicy, "" for none (flags or unselected). */
  policy: word(),
  /** extproc, extauthz, authrequest, proxy, transparent, library. */
  door: word(),
  /** Phase of the interruption, 0 for none. */
  phase: u8(),
  /** Status that the client got; 0 when not known. */
  status: u16(),
  method: word(),
  host: word(),
  /** Without its query string, key-like segments redacted. */
  path: text(),
  clientAddress: address(),
  clientPort: u16(),
  /** What a listed proxy said; "::" when none did. */
  forwardedFor: address(),
  clientNamespace: word(),
  clientWorkload: word(),
  clientKind: choice(workloadKinds).default("Unknown"),
  clientService: word(),
  clientPod: word(),
  /** Why the client is not known; empty when it is. */
  clientReason: word(),
  serverAddress: address(),
  serverPort: u16(),
  inboundScore: i32(),
  outboundScore: i32(),
  inboundThreshold: i32(),
  outboundThreshold: i32(),
  /** Rules that are logged, in the order they matched. The next arrays go with it, index by index. */
  ruleIds: u32s(),
  messages: words(),
  /** "ARGS:q", the first variable each rule matched. */
  variables: texts(),
  /** Every variable that each rule matched, as "942100 ARGS:q": what an exclusion has to cover. Not index by index with the others. */
  places: texts(),
  /** The matched piece of its value, redacted; "" when all of it was. */
  values: texts(),
  /** What the variable held around it, redacted, at most 256 characters. */
  excerpts: texts(),
  severities: words(),
  scores: u32s(),
  rulePhases: u32s(),
  paranoias: u32s(),
  /** Of all rules, each once. */
  tags: words(),
  /** The rule that interrupted; 0 for none. */
  decidingRule: u32(),
  /** "rule", "budget: time", "limit: request body", ... */
  because: word(),
  /** What was not looked at and why; empty: all was. */
  notInspected: texts(),
  transactionId: text(),
  traceId: text(),
  /** Digest of the rule set. */
  ruleSet: word(),
  requestBytes: u64(),
  responseBytes: u64(),
  evaluationUs: u32(),
  isTls: flag(),
  ...subjectColumns,
  fidelity: choice(fidelities).default("proxy"),
});
export type WafEvent = z.infer<typeof WafEvent>;

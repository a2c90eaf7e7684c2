// A detection: a rule, a baseline or a foreign sensor says that something hostile or odd happened.
import { z } from "zod";
import { choice, text, texts, time, u32, word, words } from "./column.ts";
import { fidelities, originColumns, subjectColumns } from "./identity.ts";
import { severities } from "./runtime-words.ts";

export { severities };

/** What was done about it. would-*: a dry run says what it would have done. */
export const securityActions = [
  "detected",
  "killed",
  "denied",
  "would-kill",
  "would-deny",
  "frozen",
  "isolated",
] as const;

export const SecurityEvent = z.object({
  time: time(),
  ...originColumns,
  severity: choice(severities),
  /** What said so: "garrison", "falco", "tetragon", ... */
  source: word(),
  rule: word(),
  title: text(),
  message: text(),
  tags: words(),
  /** MITRE ATT&CK technique ids, e.g. "T1059". */
  techniques: words(),
  /** In order of time, each "<RFC 3339> <kind>: <text>". */
  evidence: texts(),
  action: choice(securityActions).default("detected"),
  /** The RuntimePolicy or Baseline that asked for the action; "" for none. */
  policy: word(),
  /** Of an action that was done: what proves it ("kernel: SIGKILL at exec of /usr/bin/nc, plane kill"). */
  receipt: text(),
  /** Names of ancestors, nearest first, at most 8. */
  ancestors: texts(),
  /** The rule's output fields, each "name=value", values redacted. */
  outputFields: texts(),
  count: u32(),
  processId: text(),
  pid: u32(),
  process: word(),
  executable: word(),
  ...subjectColumns,
  fidelity: choice(fidelities).default("foreign"),
});
export type SecurityEvent = z.infer<typeof SecurityEvent>;

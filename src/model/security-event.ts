// A detection: a rule, a baseline or a foreign sensor says that something hostile or odd happened.
import { z } from "zod";
import { choice, text, texts, time, u32, word, words } from "./column.ts";
import { fidelities, originColumns, subjectColumns } from "./identity.ts";

export const severities = ["critical", "high", "medium", "low", "info"] as const;

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
  evidence: texts(),
  count: u32(),
  processId: text(),
  pid: u32(),
  process: word(),
  executable: word(),
  ...subjectColumns,
  fidelity: choice(fidelities).default("foreign"),
});
export type SecurityEvent = z.infer<typeof SecurityEvent>;

// Something wrong with a thing, with its life cycle. Findings live in Garrison's own store, never in etcd.
import { z } from "zod";
import { choice, text, texts, time, word } from "./column.ts";
import { originColumns, subjectColumns } from "./identity.ts";
import { severities } from "./security-event.ts";

export const findingStates = ["open", "accepted", "mitigated", "fixed"] as const;

export const Finding = z.object({
  time: time(),
  ...originColumns,
  findingId: text(),
  source: word(),
  severity: choice(severities),
  rule: word(),
  title: text(),
  state: choice(findingStates),
  evidence: texts(),
  ...subjectColumns,
});
export type Finding = z.infer<typeof Finding>;

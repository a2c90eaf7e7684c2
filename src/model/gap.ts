// What was not seen, and why: lost, sampled, not looked at. Shown wherever data of that window is shown; silence is never a zero.
import { z } from "zod";
import { choice, text, time, u64, word } from "./column.ts";
import { originColumns } from "./identity.ts";

export const gapReasons = [
  "ring-full", // the kernel's ring had no room
  "queue-full", // the agent's queue pushed out rows
  "spool-full", // the agent's disk spool reached its cap
  "spool-corrupt", // a spool file could not be read back
  "block-refused", // the server refused a block
  "agent-down", // nobody was looking
  "sensor-down", // the sensor could not run or was stopped
  "out-of-range", // a time outside the accepted range
  "disk-full", // the store dropped or refused rows
  "limit", // a named limit was reached
  "inventory-down", // the cluster's API server could not be read, or a part of it
  "policy-unenforced", // somebody removed the rules that policies are enforced by; until they were back
  "merged", // detail was merged away by a higher aggregation level
] as const;

export const Gap = z.object({
  time: time(),
  ...originColumns,
  durationMs: u64(),
  /** The table whose rows are missing: "flows", "process_events", ... or "*". */
  table: word(),
  reason: choice(gapReasons),
  /** Rows known to be lost; 0 with `counted: "no"` when nobody could count. */
  rows: u64(),
  counted: choice(["exact", "estimate", "no"]),
  detail: text(),
});
export type Gap = z.infer<typeof Gap>;

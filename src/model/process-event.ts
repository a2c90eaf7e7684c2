// A process began (fork), became another program (exec) or ended (exit). Arguments are redacted in the agent; environments are never read.
import { z } from "zod";
import { choice, flag, i32, text, texts, time, u32, u64, word } from "./column.ts";
import { fidelities, originColumns, subjectColumns } from "./identity.ts";

export const processActions = ["exec", "fork", "exit", "running"] as const;

export const ProcessEvent = z.object({
  time: time(),
  ...originColumns,
  /** "running": it ran already when the agent started (start-up inventory). */
  action: choice(processActions),
  /** Unique on a node for ever: "<pid>.<start in ms since boot, base 36>.<first 8 of the boot id>". */
  processId: text(),
  parentProcessId: text(),
  pid: u32(),
  parentPid: u32(),
  uid: u32(),
  gid: u32(),
  /** Effective capabilities as a bit mask (bit n = capability n of linux/capability.h). */
  capabilities: u64(),
  /** The kernel's short name, at most 15 bytes. */
  name: word(),
  /** Path resolved by the kernel from the opened file, not from an argument. */
  executable: word(),
  arguments: texts(),
  /** True when the kernel side cut the arguments at its limit. */
  argumentsCut: flag(),
  /** Kinds of what was redacted, e.g. ["password-flag"]; the values never leave the agent. */
  redacted: texts(),
  workingDirectory: word(),
  /** Names of ancestors, nearest first, at most 8. */
  ancestors: texts(),
  startTime: time(),
  /** On exit: the code (0-255) or -1, and the signal or 0. */
  exitCode: i32(),
  signal: u32(),
  durationMs: u64(),
  ...subjectColumns,
  fidelity: choice(fidelities).default("kernel"),
});
export type ProcessEvent = z.infer<typeof ProcessEvent>;

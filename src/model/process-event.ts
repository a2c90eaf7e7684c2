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
  /** Its program has no file any more, or never had one (memfd). */
  fileless: flag(),
  /** Its program stands in the writable layer of the container's overlay: it is not of the image. */
  upper: flag(),
  /** The script that its interpreter runs, as asked for; "" when it is none. */
  script: text(),
  /** Audit login uid; 4294967295: none. */
  loginUid: u32(),
  /** Device number of the controlling terminal, 0: none. */
  terminal: u32(),
  session: u32(),
  /** Inode of the mount namespace, 0: not known. */
  mountNamespace: u32(),
  /** The process's number in its innermost pid namespace, 0: not known. */
  innerPid: u32(),
  /** 0 none, 1 strict, 2 filter. */
  seccompMode: u32(),
  startTime: time(),
  /** On exit: the code (0-255) or -1, and the signal or 0. */
  exitCode: i32(),
  signal: u32(),
  durationMs: u64(),
  ...subjectColumns,
  fidelity: choice(fidelities).default("kernel"),
});
export type ProcessEvent = z.infer<typeof ProcessEvent>;

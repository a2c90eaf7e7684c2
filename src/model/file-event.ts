// A file was opened for writing, created, renamed, removed or changed in mode. The noun exists from the start; sensors fill it later.
import { z } from "zod";
import { choice, text, time, u32, word } from "./column.ts";
import { fidelities, originColumns, subjectColumns } from "./identity.ts";

/** mapped: a live process has it mapped or open (a look at /proc, or the kernel's word): code that is in use. */
export const fileActions = ["open", "create", "rename", "unlink", "chmod", "link", "mount", "mapped"] as const;

export const FileEvent = z.object({
  time: time(),
  ...originColumns,
  action: choice(fileActions),
  /** Resolved by the kernel. */
  path: text(),
  /** As the program asked for it. */
  requestedPath: text(),
  targetPath: text(),
  flags: u32(),
  mode: u32(),
  /** How many equal events this row stands for. */
  count: u32(),
  processId: text(),
  pid: u32(),
  process: word(),
  executable: word(),
  ...subjectColumns,
  fidelity: choice(fidelities).default("kernel"),
});
export type FileEvent = z.infer<typeof FileEvent>;

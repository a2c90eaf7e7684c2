// What was done to a file: made, written, renamed, removed, changed in mode or owner, linked, mounted; and which ones a workload reads at all.
import { z } from "zod";
import { choice, flag, text, time, u32, word } from "./column.ts";
import { fidelities, originColumns, subjectColumns } from "./identity.ts";

/** mapped: a live process has it mapped or open (a look at /proc, or the kernel's word): code that is in use. */
export const fileActions = [
  "open",
  "create",
  "rename",
  "unlink",
  "chmod",
  "link",
  "mount",
  "mapped",
  "rmdir",
  "mkdir",
  "chown",
  "symlink",
  "umount",
] as const;

export const FileEvent = z.object({
  time: time(),
  ...originColumns,
  action: choice(fileActions),
  /** Resolved by the kernel. */
  path: text(),
  /** As the program asked for it. */
  requestedPath: text(),
  targetPath: text(),
  /** As the call got them: O_*, AT_* or MS_*. */
  flags: u32(),
  mode: u32(),
  /** errno of a call that failed, or 0. */
  error: u32(),
  /** From the writable layer of a container's overlay: not of the image. */
  upper: flag(),
  /** How it reached the kernel: "syscall", "io_uring", ... */
  way: word(),
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

// What a container was seen to use while it was learnt: system calls and capabilities. A row adds to those before it; once a day one tells all of them again,
// so that nothing is lost when old rows are forgotten. Rows without names say that the container was watched and nothing new came.
import { z } from "zod";
import { choice, flag, time, u32, u32s, word, words } from "./column.ts";
import { fidelities, originColumns, subjectColumns } from "./identity.ts";

export const WorkloadUsage = z.object({
  /** End of the stretch that the row tells of. */
  time: time(),
  ...originColumns,
  /** "x86_64" or "aarch64": whose numbers they were. */
  architecture: word(),
  /** Names that this container had not used in an earlier row; all of them when `isWhole`. */
  systemCalls: words(),
  /** Numbers that no table of ours names. */
  systemCallsUnnamed: u32s(),
  /** Seen by the kernel's own check. Names without "CAP_", lower case. */
  capabilities: words(),
  /** Concluded from calls that need one and succeeded, where the kernel does not allow its check to be watched. */
  capabilitiesInferred: words(),
  /** Executables started within the stretch, each once. */
  executables: words(),
  isWhole: flag(),
  /** The kernel watched from the container's first program on: its start is in. */
  startSeen: flag(),
  /** A process used the 32-bit calls of an older architecture, whose numbers are not told apart. */
  hasForeignCalls: flag(),
  /** How long it was watched within the stretch. */
  learntSeconds: u32(),
  processes: u32(),
  /** What could not be kept, e.g. "limit: containers"; empty when nothing. */
  because: word(),
  ...subjectColumns,
  fidelity: choice(fidelities).default("kernel"),
});
export type WorkloadUsage = z.infer<typeof WorkloadUsage>;

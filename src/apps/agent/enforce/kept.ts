// What enforcement must remember over a restart: the last confirmed policies (to come back to), the ones before, a change that waits for its
// confirmation, and what was taken back. One small file, written whole.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import type { Logger } from "../../../base/logger.ts";
import { Resource } from "../../../model/resource.ts";
import { enforceLimits } from "./limits.ts";

const fileName = "kept.json";

const KeptSet = z.object({ digest: z.string(), resources: z.array(Resource) });
export type KeptSet = z.infer<typeof KeptSet>;

/** One Policy resource as it was: a later generation is another one. */
const Part = z.object({ scope: z.string(), name: z.string(), generation: z.int() });
export type Part = z.infer<typeof Part>;

const KeptState = z.object({
  /** What nobody has to confirm any more. */
  confirmed: KeptSet.optional(),
  /** What was confirmed before that. */
  previous: KeptSet.optional(),
  /** In the kernel, but taken back at the deadline unless somebody confirms it. */
  pending: z.object({ digest: z.string(), deadlineMs: z.int(), parts: z.array(Part).default([]) }).optional(),
  /** What changes that were taken back had brought: no other change brings it along unless a person confirms that one. */
  takenBackParts: z.array(Part).max(enforceLimits.takenBackPartsMax).default([]),
  takenBack: z.array(z.string()).max(enforceLimits.takenBackMax).default([]),
  /** Whether the server kept an inventory of this cluster: then policies wait for it after a start. */
  hadInventory: z.boolean().default(true),
});
export type KeptState = z.infer<typeof KeptState>;

export interface Kept {
  readonly state: KeptState;
  /** Replaces what is kept and writes it. A disk that does not take it is logged: the state in memory counts. */
  save(change: Partial<KeptState>): void;
}

/** A damaged file is no file: what is asked for is then judged as a first change. */
export function openKept(folder: string, logger: Logger): Kept {
  const file = path.join(folder, fileName);
  let state = load(file, logger);
  return {
    get state() {
      return state;
    },
    save(change) {
      state = { ...state, ...change };
      const text = JSON.stringify(state);
      if (Buffer.byteLength(text) > enforceLimits.keptBytesMax) {
        logger.error({ bytes: text.length }, "the policies are too large to be kept for coming back to");
        return;
      }
      try {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        writeFileSync(`${file}.tmp`, text, { mode: 0o600 });
        renameSync(`${file}.tmp`, file);
      } catch (error) {
        logger.error({ error: (error as Error).message }, "what is enforced cannot be written down");
      }
    },
  };
}

/** The list with a digest put in front; the oldest leave. */
export function withTakenBack(list: readonly string[], digest: string): string[] {
  return [digest, ...list.filter((one) => one !== digest)].slice(0, enforceLimits.takenBackMax);
}

function load(file: string, logger: Logger): KeptState {
  try {
    return KeptState.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT")
      logger.warn({ error: (error as Error).message.slice(0, 300) }, "what was enforced before cannot be read");
    return KeptState.parse({});
  }
}

// The on-disk half of the duplicates' window: one line per stored block, rewritten as runs when it grows. Its first line names the
// store's epoch: when the store was rebuilt from nothing, what was stored before counts as not seen.
import { open, readFile, rename, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { agentKey, type BlockOrigin } from "./block-origin.ts";
import { sequenceLimits } from "./limits.ts";
import { createSequences, type Sequences } from "./sequences.ts";

const fileName = "seen.log";

export interface SeenLog {
  readonly sequences: Sequences;
  readonly epoch: string;
  /** Lines that could not be read when it was opened: the torn end of a crash, or damage. */
  readonly linesBad: number;
  /** Resolves when these blocks are on disk as stored. */
  append(stored: readonly BlockOrigin[]): Promise<void>;
  /** Begins a new epoch with only these entries: none when the store is a new one. */
  reset(epoch: string, kept: ReturnType<Sequences["entries"]>): Promise<void>;
  close(): Promise<void>;
}

/** Opens the log in the spool folder, or begins an empty one. */
export async function openSeenLog(folder: string): Promise<SeenLog> {
  const path = join(folder, fileName);
  const sequences = createSequences();
  const loaded = load(await readText(path), sequences);
  let epoch = loaded.epoch;
  let lines = 0;
  let file: FileHandle | undefined;

  async function rewrite(): Promise<void> {
    const temporary = `${path}.tmp`;
    const fresh = await open(temporary, "w", 0o600);
    try {
      const entries = sequences.entries();
      await fresh.writeFile(
        `epoch ${epoch}\n${entries.map(({ agent, boot, run }) => `${agent} ${boot} ${run[0]} ${run[1]}\n`).join("")}`,
      );
      await fresh.sync();
      lines = entries.length;
    } finally {
      await fresh.close();
    }
    await rename(temporary, path);
    await file?.close();
    file = await open(path, "a", 0o600);
  }

  // One change of the file at a time: appends of the inserter, a refused block, a new epoch.
  let last: Promise<unknown> = Promise.resolve();
  function inTurn(work: () => Promise<void>): Promise<void> {
    const run = last.then(work);
    last = run.catch(() => undefined);
    return run;
  }

  async function appendNow(stored: readonly BlockOrigin[]): Promise<void> {
    if (file === undefined) throw new Error("the seen log is closed");
    if (stored.length === 0) return;
    await file.appendFile(stored.map(lineOf).join(""));
    await file.datasync();
    lines += stored.length;
    if (lines > sequences.entries().length + sequenceLimits.logLinesMax) await rewrite();
  }

  await rewrite();
  return {
    sequences,
    linesBad: loaded.linesBad,
    get epoch() {
      return epoch;
    },
    append: (stored) => inTurn(() => appendNow(stored)),
    reset: (next, kept) =>
      inTurn(async () => {
        epoch = next;
        sequences.clear();
        for (const { agent, boot, run } of kept) sequences.add(agent, boot, run);
        await rewrite();
      }),
    close: () =>
      inTurn(async () => {
        await file?.close();
        file = undefined;
      }),
  };
}

function lineOf(block: BlockOrigin): string {
  return `${agentKey(block.cluster, block.node)} ${block.boot} ${block.sequence} ${block.sequence}\n`;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

function load(text: string, sequences: Sequences): { epoch: string; linesBad: number } {
  const lines = text.split("\n");
  const epoch = /^epoch (\S*)$/.exec(lines[0] ?? "")?.[1] ?? "";
  let linesBad = 0;
  for (const line of lines.slice(1)) {
    if (line === "") continue;
    const match = /^([0-9a-f]{32}) ([0-9a-f]{32}) (\d{1,16}) (\d{1,16})$/.exec(line);
    const from = Number(match?.[3]);
    const to = Number(match?.[4]);
    if (match?.[1] === undefined || match[2] === undefined || !(from <= to)) {
      linesBad += 1;
      continue;
    }
    sequences.add(match[1], match[2], [from, to]);
  }
  return { epoch, linesBad };
}

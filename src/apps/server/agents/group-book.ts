// Which blocks go into the store together, written down before the first attempt: a retry after any crash gives the same group under the
// same token, so the store completes it instead of storing it twice. One small file per group, gone when all its blocks have settled.
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { syncFolder, writeWhole } from "./durable-files.ts";
import { inserterLimits } from "./limits.ts";
import { spoolFault } from "./server-spool.ts";

const ingests = z.array(z.int().positive()).max(inserterLimits.groupBlocksMax);
const GroupFile = z.strictObject({
  /** Ingest numbers of the blocks of each insert: one insert, or one per block after the group was taken apart. */
  inserts: z.array(ingests.min(1)).max(inserterLimits.groupBlocksMax),
  /** Blocks that were found in the store when the group was taken apart. */
  stored: ingests,
});
export type GroupPlan = z.infer<typeof GroupFile>;

export interface FoundGroup {
  readonly name: string;
  readonly plan: GroupPlan;
}

const namePattern = /^\d{16}\.json$/;

export class GroupBook {
  /** Groups of an earlier run that have not settled, oldest first. */
  readonly found: readonly FoundGroup[];
  /** Files that could not be read: nobody knows which blocks they named. */
  readonly damaged: readonly string[];
  readonly #folder: string;
  readonly #nameByIngest = new Map<number, string>();
  readonly #open = new Map<string, Set<number>>();

  constructor(folder: string, found: readonly FoundGroup[], damaged: readonly string[]) {
    this.#folder = folder;
    this.found = found;
    this.damaged = damaged;
    for (const { name, plan } of found) this.#note(name, plan);
  }

  /** Durable when it resolves. A plan of the same name is replaced at once and whole. Throws a Fault with what the disk says. */
  async write(name: string, plan: GroupPlan): Promise<void> {
    try {
      await writeWhole(join(this.#folder, name), JSON.stringify(plan));
      await syncFolder(this.#folder);
    } catch (error) {
      throw spoolFault(error);
    }
    this.#note(name, plan);
  }

  /** These blocks have left the spool for good; a group without any other is forgotten. */
  async settled(ingests: Iterable<number>): Promise<void> {
    for (const ingest of ingests) {
      const name = this.#nameByIngest.get(ingest);
      if (name === undefined) continue;
      this.#nameByIngest.delete(ingest);
      const open = this.#open.get(name);
      open?.delete(ingest);
      if (open === undefined || open.size > 0) continue;
      this.#open.delete(name);
      await rm(join(this.#folder, name), { force: true });
    }
  }

  #note(name: string, { inserts, stored }: GroupPlan): void {
    const numbers = [...inserts.flat(), ...stored];
    for (const ingest of numbers) this.#nameByIngest.set(ingest, name);
    this.#open.set(name, new Set(numbers));
  }
}

/** A group's name, by the lowest ingest number in it: a block is in one group only. */
export function groupNameOf(ingest: number): string {
  return `${String(ingest).padStart(16, "0")}.json`;
}

/** Opens the folder (0700). A plan that cannot be read is no fault: the inserter then looks what the store has. */
export async function openGroupBook(folder: string): Promise<GroupBook> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const found: FoundGroup[] = [];
  const damaged: string[] = [];
  for (const name of (await readdir(folder)).sort()) {
    // Half-written by a crash: its insert was never tried.
    if (name.endsWith(".tmp")) await rm(join(folder, name), { force: true });
    if (!namePattern.test(name)) continue;
    const plan = parsePlan(await readFile(join(folder, name), "utf8"));
    if (plan === undefined) damaged.push(name);
    else found.push({ name, plan });
  }
  return new GroupBook(folder, found, damaged);
}

function parsePlan(text: string): GroupPlan | undefined {
  try {
    return GroupFile.parse(JSON.parse(text));
  } catch {
    return undefined; // told by `damaged`
  }
}

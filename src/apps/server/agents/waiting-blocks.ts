// Blocks that wait for company: one lane per table and encoding. A lane is ripe when it has rows enough, when its oldest block waited long
// enough, or when somebody asked for what it holds; then it gives a group.
import type { SpoolEntry } from "./block-origin.ts";
import { inserterLimits } from "./limits.ts";

interface Waiting {
  readonly entry: SpoolEntry;
  readonly sinceMs: number;
}

export class WaitingBlocks {
  readonly #lanes = new Map<string, { blocks: Waiting[]; rows: number }>();
  readonly #delayMs: () => number;
  #wantedUpTo = 0;
  #count = 0;

  /** `delayMs`: how long a block may wait at present. */
  constructor(delayMs: () => number) {
    this.#delayMs = delayMs;
  }

  get count(): number {
    return this.#count;
  }

  /** `sinceMs` (the caller's steady clock): since when it waits; -Infinity for what is late already. */
  add(entry: SpoolEntry, sinceMs: number): void {
    const key = `${entry.table} ${entry.encoding}`;
    const lane = this.#lanes.get(key) ?? { blocks: [], rows: 0 };
    this.#lanes.set(key, lane);
    lane.blocks.push({ entry, sinceMs });
    lane.rows += entry.rows;
    this.#count += 1;
  }

  /** Blocks up to this ingest number are wanted at once. */
  want(ingest: number): void {
    this.#wantedUpTo = Math.max(this.#wantedUpTo, ingest);
  }

  /** The next group, of the ripe lane whose oldest block waited longest; undefined when none is ripe. */
  take(nowMs: number): readonly SpoolEntry[] | undefined {
    let best: { blocks: Waiting[]; rows: number } | undefined;
    for (const lane of this.#lanes.values()) {
      if (this.#isRipe(lane, nowMs) && oldestMs(lane) < (best === undefined ? Infinity : oldestMs(best))) best = lane;
    }
    if (best === undefined) return undefined;
    const taken = best.blocks.splice(0, sizeOfGroup(best.blocks)).map(({ entry }) => entry);
    best.rows -= taken.reduce((sum, { rows }) => sum + rows, 0);
    this.#count -= taken.length;
    return taken;
  }

  /** Milliseconds until the next lane is ripe by its age; undefined when nothing waits. */
  dueInMs(nowMs: number): number | undefined {
    const oldest = Math.min(...[...this.#lanes.values()].map(oldestMs));
    return oldest === Infinity ? undefined : Math.max(0, oldest + this.#delayMs() - nowMs);
  }

  *entries(): Iterable<SpoolEntry> {
    for (const { blocks } of this.#lanes.values()) for (const { entry } of blocks) yield entry;
  }

  #isRipe({ blocks, rows }: { readonly blocks: readonly Waiting[]; readonly rows: number }, nowMs: number): boolean {
    const [first] = blocks;
    if (first === undefined) return false;
    return (
      rows >= inserterLimits.groupRowsWanted ||
      blocks.length >= inserterLimits.groupBlocksMax ||
      first.entry.ingest <= this.#wantedUpTo ||
      nowMs - first.sinceMs >= this.#delayMs()
    );
  }
}

function oldestMs({ blocks }: { readonly blocks: readonly Waiting[] }): number {
  return blocks[0]?.sinceMs ?? Infinity;
}

function inflatedOf({ bytes, encoding, bytesInflated }: SpoolEntry): number {
  return bytesInflated ?? (encoding === "none" ? bytes : bytes * inserterLimits.inflateRatioGuessed);
}

/** How many of the first blocks fit into one insert; at least one. */
function sizeOfGroup(blocks: readonly Waiting[]): number {
  let [count, rows, bytes] = [0, 0, 0];
  for (const { entry } of blocks) {
    rows += entry.rows;
    bytes += inflatedOf(entry);
    const isOver = rows > inserterLimits.groupRowsMax || bytes > inserterLimits.groupBytesInflatedMax;
    if (count >= inserterLimits.groupBlocksMax || (isOver && count > 0)) break;
    count += 1;
  }
  return count;
}

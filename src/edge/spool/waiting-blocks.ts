// Which blocks wait, by age and by what they may be given up for; pure bookkeeping, the spool does the files.
import type { BlockHeader } from "../../model/agent-protocol.ts";
import type { SpoolPriority } from "./spool-file.ts";

export interface SpoolEntry {
  readonly order: number;
  readonly priority: SpoolPriority;
  readonly header: BlockHeader;
  /** Of the file. */
  readonly bytes: number;
}

export interface RoomLimits {
  readonly bytesMax: number;
  readonly filesMax: number;
}

/** Of the spool's bytes and files; beyond it the oldest gaps go back into the book, to be told together. */
const gapShareMax = 1 / 4;

export class WaitingBlocks {
  /** By order; insertion order is age. */
  readonly #all = new Map<number, SpoolEntry>();
  /** The same, apart. */
  readonly #queues = {
    expendable: new Map<number, SpoolEntry>(),
    kept: new Map<number, SpoolEntry>(),
    gaps: new Map<number, SpoolEntry>(),
  };
  readonly #offers = new Map<number, number>();
  #bytes = 0;
  #gapBytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#all.size;
  }

  has(order: number): boolean {
    return this.#all.has(order);
  }

  /** `offers`: how often it was, or may have been, on its way to the server. */
  add(entry: SpoolEntry, offers: number): void {
    this.#all.set(entry.order, entry);
    this.#queueOf(entry).set(entry.order, entry);
    if (offers > 0) this.#offers.set(entry.order, offers);
    this.#bytes += entry.bytes;
    if (isGap(entry)) this.#gapBytes += entry.bytes;
  }

  /** False when it was not there any more. */
  remove(entry: SpoolEntry): boolean {
    if (!this.#all.delete(entry.order)) return false;
    this.#queueOf(entry).delete(entry.order);
    this.#offers.delete(entry.order);
    this.#bytes -= entry.bytes;
    if (isGap(entry)) this.#gapBytes -= entry.bytes;
    return true;
  }

  offersOf(order: number): number {
    return this.#offers.get(order) ?? 0;
  }

  offer(order: number): void {
    this.#offers.set(order, this.offersOf(order) + 1);
  }

  oldest(but: ReadonlySet<number>): SpoolEntry | undefined {
    for (const entry of this.#all.values()) if (!but.has(entry.order)) return entry;
    return undefined;
  }

  /**
   * Who must go so that `entry` fits: the oldest expendable, then, for one that must be kept, the oldest kept; gaps only for gaps.
   * Undefined when all of them would not be enough. Changes nothing.
   */
  victimsFor(entry: SpoolEntry, limits: RoomLimits): ReadonlySet<SpoolEntry> | undefined {
    if (entry.bytes > limits.bytesMax) return undefined;
    const victims = isGap(entry) ? this.#gapsBeyondShare(entry, limits) : new Set<SpoolEntry>();
    let bytes = this.#bytes + entry.bytes;
    for (const victim of victims) bytes -= victim.bytes;
    const isOver = () => bytes > limits.bytesMax || this.#all.size - victims.size >= limits.filesMax;
    for (const victim of this.#candidates(entry)) {
      if (!isOver()) break;
      if (victims.has(victim)) continue;
      victims.add(victim);
      bytes -= victim.bytes;
    }
    return isOver() ? undefined : victims;
  }

  #gapsBeyondShare(entry: SpoolEntry, { bytesMax, filesMax }: RoomLimits): Set<SpoolEntry> {
    const victims = new Set<SpoolEntry>();
    const { gaps } = this.#queues;
    let bytes = this.#gapBytes + entry.bytes;
    for (const gap of gaps.values()) {
      if (bytes <= bytesMax * gapShareMax && gaps.size - victims.size < filesMax * gapShareMax) break;
      victims.add(gap);
      bytes -= gap.bytes;
    }
    return victims;
  }

  /** What may be on its way to the server comes after its like: what is lost for certain can be counted exactly. */
  *#candidates(entry: SpoolEntry): Generator<SpoolEntry> {
    const { expendable, kept, gaps } = this.#queues;
    for (const queue of [expendable, ...(entry.priority === "kept" ? [kept] : []), ...(isGap(entry) ? [gaps] : [])]) {
      for (const candidate of queue.values()) if (!this.#offers.has(candidate.order)) yield candidate;
      for (const candidate of queue.values()) if (this.#offers.has(candidate.order)) yield candidate;
    }
  }

  #queueOf(entry: SpoolEntry): Map<number, SpoolEntry> {
    return isGap(entry) ? this.#queues.gaps : this.#queues[entry.priority];
  }
}

export function isGap(entry: SpoolEntry): boolean {
  return entry.header.table === "gaps";
}

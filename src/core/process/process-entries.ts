// Storage of the process table by pid and start, with a hard cap: ended processes leave first, then living ones by second chance.
import type { CgroupIdentity } from "./cgroup-path.ts";
import type { ProcessKey } from "../sense/sensor.ts";
import type { ProcessRecord, ProcessTableStats } from "./process-table.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export interface Entry extends Mutable<ProcessRecord> {
  /** The parent's entry, kept for the child's life only by key; this is the fallback when the parent has left the table. */
  inherited: CgroupIdentity | undefined;
  read: CgroupIdentity | undefined;
  readCgroupId: number;
  /** Why its cgroup could not be read; "" when that did not happen. */
  unread: "" | "gone" | "refused";
  /** Second chance on eviction: set at each use, cleared when the hand passes. */
  isUsed: boolean;
}

/** Storage by pid and start. A reused pid and its ended predecessor live side by side until the grace time is over. */
export class ProcessEntries {
  readonly ended: Entry[] = [];
  private readonly byPid = new Map<number, Entry[]>();
  private readonly processesMax: number;
  private size = 0;
  private evictedLiving = 0;
  private evictedEnded = 0;

  constructor(processesMax: number) {
    this.processesMax = processesMax;
  }

  find(key: ProcessKey): Entry | undefined {
    const incarnations = this.byPid.get(key.pid);
    if (incarnations === undefined) return undefined;
    for (const entry of incarnations) if (entry.startMs === key.startMs) return entry;
    return undefined;
  }

  add(entry: Entry): void {
    if (this.size >= this.processesMax) this.evict();
    const incarnations = this.byPid.get(entry.pid);
    if (incarnations === undefined) this.byPid.set(entry.pid, [entry]);
    else incarnations.push(entry);
    this.size += 1;
  }

  /** Those that did not end, in the map's order. */
  *living(): Generator<Entry> {
    for (const incarnations of this.byPid.values())
      for (const entry of incarnations) if (entry.exitTimeMs === undefined) yield entry;
  }

  expire(endedBeforeMs: number): void {
    let count = 0;
    for (const entry of this.ended) {
      if ((entry.exitTimeMs ?? 0) > endedBeforeMs) break;
      this.remove(entry);
      count += 1;
    }
    this.ended.splice(0, count);
  }

  stats(): ProcessTableStats {
    const { size, evictedLiving, evictedEnded } = this;
    return { processes: size, ended: this.ended.length, evictedLiving, evictedEnded };
  }

  /** The longest ended first; else the first living one in the map's order that was not used since the hand last passed. */
  private evict(): void {
    const ended = this.ended.shift();
    if (ended !== undefined) {
      this.remove(ended);
      this.evictedEnded += 1;
      return;
    }
    for (const [pid, incarnations] of this.byPid) {
      if (incarnations.some((entry) => entry.isUsed)) {
        for (const entry of incarnations) entry.isUsed = false;
        this.byPid.delete(pid);
        this.byPid.set(pid, incarnations);
        continue;
      }
      this.byPid.delete(pid);
      this.size -= incarnations.length;
      this.evictedLiving += incarnations.length;
      return;
    }
  }

  private remove(entry: Entry): void {
    const incarnations = this.byPid.get(entry.pid);
    const at = incarnations?.indexOf(entry) ?? -1;
    if (incarnations === undefined || at < 0) return;
    incarnations.splice(at, 1);
    this.size -= 1;
    if (incarnations.length === 0) this.byPid.delete(entry.pid);
  }
}

// Drift is told once per workload and item and hour, with how often it was: a loop of ten thousand execs is two events. Bounded; what is not told one by one is counted.

export const driftLimits = {
  /** One item is told again after so long, with its count. */
  repeatMs: 3_600_000,
  /** Items of one workload within that time; beyond, one event tells how many more there were. */
  itemsPerWorkloadMax: 100,
  /** Items of all workloads that are remembered. */
  entriesMax: 20_000,
} as const;

/** One item outside a workload's baseline. `workload` and `item` are keys for comparing, `sample` is what the event is made of. */
export interface DriftNote<Sample> {
  readonly workload: string;
  readonly item: string;
  readonly sample: Sample;
  readonly count: number;
}

export interface DriftBook<Sample> {
  /** True: tell it now, with the count of this note. */
  note(note: DriftNote<Sample>, nowMs: number): boolean;
  /** What was repeated within the hour that ended, and for workloads over their limit how many were not told (`overflow`). */
  flush(nowMs: number): {
    readonly repeated: readonly DriftNote<Sample>[];
    readonly overflow: readonly DriftNote<Sample>[];
  };
  readonly untold: number;
}

interface Entry<Sample> {
  readonly workload: string;
  readonly item: string;
  sinceMs: number;
  repeats: number;
  sample: Sample;
}

interface Share<Sample> {
  sinceMs: number;
  items: number;
  untold: number;
  sample: Sample;
}

export function createDriftBook<Sample>(): DriftBook<Sample> {
  const entries = new Map<string, Entry<Sample>>();
  const shares = new Map<string, Share<Sample>>();
  let untold = 0;
  return {
    get untold() {
      return untold;
    },
    note({ workload, item, sample, count }, nowMs) {
      const key = `${workload}\n${item}`;
      const known = entries.get(key);
      if (known !== undefined) {
        known.repeats += count;
        known.sample = sample;
        return false;
      }
      const share = shares.get(workload) ?? { sinceMs: nowMs, items: 0, untold: 0, sample };
      shares.set(workload, share);
      if (share.items >= driftLimits.itemsPerWorkloadMax || entries.size >= driftLimits.entriesMax) {
        share.untold += count;
        share.sample = sample;
        untold += count;
        return false;
      }
      share.items += 1;
      entries.set(key, { workload, item, sinceMs: nowMs, repeats: 0, sample });
      return true;
    },
    flush(nowMs) {
      const repeated: DriftNote<Sample>[] = [];
      for (const [key, entry] of entries) {
        if (nowMs - entry.sinceMs < driftLimits.repeatMs) continue;
        const { workload, item, sample, repeats } = entry;
        if (repeats === 0) {
          entries.delete(key);
          continue;
        }
        repeated.push({ workload, item, sample, count: repeats });
        entry.sinceMs = nowMs;
        entry.repeats = 0;
      }
      const overflow: DriftNote<Sample>[] = [];
      for (const [workload, share] of shares) {
        if (nowMs - share.sinceMs < driftLimits.repeatMs) continue;
        if (share.untold > 0) overflow.push({ workload, item: "", sample: share.sample, count: share.untold });
        shares.delete(workload);
      }
      return { repeated, overflow };
    },
  };
}

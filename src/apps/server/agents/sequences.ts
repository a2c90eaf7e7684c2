// Which sequences of which boots were taken already: runs of whole numbers, in memory, bounded. Pure; seen-log.ts keeps it on disk.
import { sequenceLimits } from "./limits.ts";

/** A run of sequences, both ends included. One that starts at 0 (no sequence does) stands for "forgotten up to here". */
export type Run = readonly [from: number, to: number];

export type Seen = "new" | "seen" | "forgotten";

interface Boot {
  /** Ascending, disjoint, never adjacent. */
  runs: Run[];
  /** Sequences up to here were merged away: what is not in a run below it cannot be told apart. */
  floor: number;
}

export interface Sequences {
  /** "forgotten": so old that it cannot be said; the caller refuses it rather than storing it twice or losing it silently. */
  look(agent: string, boot: string, sequence: number): Seen;
  add(agent: string, boot: string, run: Run): void;
  clear(): void;
  /** Everything, for writing it down. */
  entries(): readonly { readonly agent: string; readonly boot: string; readonly run: Run }[];
}

export function createSequences(limits: typeof sequenceLimits = sequenceLimits): Sequences {
  const agents = new Map<string, Map<string, Boot>>();

  function bootOf(agent: string, name: string): Boot {
    const boots = agents.get(agent) ?? new Map<string, Boot>();
    agents.set(agent, boots);
    const boot = boots.get(name) ?? { runs: [], floor: 0 };
    // Re-inserting makes the map's order the order of use.
    boots.delete(name);
    boots.set(name, boot);
    if (boots.size > limits.bootsPerAgentMax) boots.delete(boots.keys().next().value ?? "");
    return boot;
  }

  return {
    look(agent, name, sequence) {
      const boot = agents.get(agent)?.get(name);
      if (boot === undefined) return "new";
      if (boot.runs.some(([from, to]) => sequence >= from && sequence <= to)) return "seen";
      return sequence <= boot.floor ? "forgotten" : "new";
    },
    add(agent, name, run) {
      const boot = bootOf(agent, name);
      if (run[0] === 0) {
        boot.floor = Math.max(boot.floor, run[1]);
        return;
      }
      boot.runs = insertRun(boot.runs, run);
      while (boot.runs.length > limits.runsPerBootMax) {
        boot.floor = Math.max(boot.floor, boot.runs.shift()?.[1] ?? 0);
      }
    },
    clear: () => agents.clear(),
    entries: () =>
      [...agents].flatMap(([agent, boots]) =>
        [...boots].flatMap(([boot, { runs, floor }]) =>
          (floor === 0 ? runs : [[0, floor] as const, ...runs]).map((run) => ({ agent, boot, run })),
        ),
      ),
  };
}

/** The runs with one more, joined with those it overlaps or touches. Most sequences extend the last run, so look from the end. */
export function insertRun(runs: readonly Run[], [from, to]: Run): Run[] {
  let end = runs.length;
  while (end > 0 && (runs[end - 1]?.[0] ?? 0) > to + 1) end -= 1;
  let start = end;
  while (start > 0 && (runs[start - 1]?.[1] ?? 0) >= from - 1) start -= 1;
  const touched = runs.slice(start, end);
  const joined: Run = [Math.min(from, ...touched.map((run) => run[0])), Math.max(to, ...touched.map((run) => run[1]))];
  return [...runs.slice(0, start), joined, ...runs.slice(end)];
}

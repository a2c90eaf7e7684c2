// Which processes are known by which start time, so that an exit and an open are told of the same key as the exec was, when /proc no longer knows. Bounded.
import type { ProcessKey } from "../../../core/sense/sensor.ts";

export interface KnownProcess {
  readonly process: ProcessKey;
  readonly parent: ProcessKey;
  readonly comm: string;
  readonly cgroupId: number;
  readonly uid: number;
  readonly gid: number;
  readonly capabilities: number;
}

export interface ProcessBook {
  /** Of one that lives. */
  get(pid: number): KnownProcess | undefined;
  /** Of one that lives or ended a moment ago: notices about files come beside those about processes. */
  lately(pid: number): KnownProcess | undefined;
  put(known: KnownProcess): void;
  take(pid: number): KnownProcess | undefined;
}

const endedMax = 4096;

/** `leftOut` is told of each that leaves for want of room. */
export function createProcessBook(processesMax: number, leftOut: () => void): ProcessBook {
  const living = new Map<number, KnownProcess>();
  const ended = new Map<number, KnownProcess>();

  function keep(map: Map<number, KnownProcess>, known: KnownProcess, max: number): boolean {
    const { pid } = known.process;
    const [oldest] = map.size >= max && !map.has(pid) ? map.keys() : [];
    if (oldest !== undefined) map.delete(oldest);
    map.set(pid, known);
    return oldest !== undefined;
  }

  return {
    get: (pid) => living.get(pid),
    lately: (pid) => living.get(pid) ?? ended.get(pid),
    put(known) {
      if (keep(living, known, processesMax)) leftOut();
    },
    take(pid) {
      const found = living.get(pid);
      living.delete(pid);
      if (found !== undefined) keep(ended, found, endedMax);
      return found;
    },
  };
}

// Which files containers' processes have mapped or open, told as file events "mapped": once an hour per container and file while it lasts. Slow by design: a few processes at a time.
import type { ProcessRecord } from "../../core/process/process-table.ts";
import type { UsedFiles } from "../../edge/proc/used-files.ts";
import type { Subject } from "../../model/identity.ts";
import type { Row } from "../../model/table.ts";

export const usedFilesLimits = {
  /** A round over all containers' processes begins this often. */
  roundMs: 60_000,
  /** The same process is looked at again after this long: what it loads later is seen then. */
  lookAgainMs: 10 * 60_000,
  tellAgainMs: 60 * 60_000,
  processesPerTick: 20,
  containersMax: 2000,
  filesPerContainerMax: 5000,
} as const;

export interface ContainerProcess {
  readonly record: ProcessRecord;
  readonly subject: Subject;
}

/** What is known of a process by its key; no record: it was never seen, or is forgotten. */
export interface KnownProcess {
  readonly record: ProcessRecord | undefined;
  readonly subject: Subject;
  readonly ancestors: readonly string[];
}

export interface UsedFilesParts {
  processes(): Iterable<ContainerProcess>;
  read(pid: number): UsedFiles | undefined;
  tell(row: Row<"file_events">): void;
}

export interface UsedFilesWatch {
  /** Call about once a second. */
  tick(nowMs: number): void;
  /** Files that were not told for a limit, since the last call. */
  takeOmitted(): number;
}

interface Known {
  /** When each file was told. */
  readonly told: Map<string, number>;
  seenMs: number;
}

export function createUsedFilesWatch(parts: UsedFilesParts): UsedFilesWatch {
  const containers = new Map<string, Known>();
  const lookedAt = new Map<string, number>();
  let round: Iterator<ContainerProcess> | undefined;
  let roundStartMs = Number.NEGATIVE_INFINITY;
  let omitted = 0;

  function known(containerId: string, nowMs: number): Known {
    let found = containers.get(containerId);
    if (found === undefined) {
      found = { told: new Map(), seenMs: nowMs };
      containers.set(containerId, found);
      const [oldest] = containers.keys();
      if (containers.size > usedFilesLimits.containersMax && oldest !== undefined) containers.delete(oldest);
    }
    found.seenMs = nowMs;
    return found;
  }

  function look({ record, subject }: ContainerProcess, nowMs: number): void {
    const files = parts.read(record.pid);
    if (files === undefined) return;
    lookedAt.set(record.id, nowMs);
    if (files.cut) omitted += 1;
    const { told } = known(subject.containerId, nowMs);
    for (const path of files.paths) {
      const before = told.get(path);
      if (before !== undefined && nowMs - before < usedFilesLimits.tellAgainMs) continue;
      if (before === undefined && told.size >= usedFilesLimits.filesPerContainerMax) {
        omitted += 1;
        continue;
      }
      told.set(path, nowMs);
      parts.tell(rowOf(path, { record, subject }, nowMs));
    }
  }

  /** Processes and containers that were not seen for a while are forgotten. */
  function forget(nowMs: number): void {
    for (const [id, ms] of lookedAt) if (nowMs - ms > 2 * usedFilesLimits.lookAgainMs) lookedAt.delete(id);
    for (const [id, { seenMs }] of containers) if (nowMs - seenMs > usedFilesLimits.tellAgainMs) containers.delete(id);
  }

  return {
    tick(nowMs) {
      if (round === undefined) {
        if (nowMs - roundStartMs < usedFilesLimits.roundMs) return;
        roundStartMs = nowMs;
        forget(nowMs);
        round = parts.processes()[Symbol.iterator]();
      }
      for (let looks = 0; looks < usedFilesLimits.processesPerTick;) {
        const next = round.next();
        if (next.done === true) {
          round = undefined;
          return;
        }
        const before = lookedAt.get(next.value.record.id);
        if (before !== undefined && nowMs - before < usedFilesLimits.lookAgainMs) continue;
        looks += 1;
        look(next.value, nowMs);
      }
    },
    takeOmitted() {
      const count = omitted;
      omitted = 0;
      return count;
    },
  };
}

function rowOf(path: string, { record, subject }: ContainerProcess, nowMs: number): Row<"file_events"> {
  return {
    time: nowMs,
    action: "mapped",
    path,
    requestedPath: "",
    targetPath: "",
    flags: 0,
    mode: 0,
    error: 0,
    upper: false,
    way: "",
    count: 1,
    processId: record.id,
    pid: record.pid,
    process: record.name,
    executable: record.executable,
    ...subject,
    // A look at /proc sees what is there then, and misses what came and went between two looks.
    fidelity: "polled",
  };
}

// Deeds on files as rows: merged per workload, deed, path and program for a few seconds, so that a flood of opens is one row with a count.
// Reads are told once per workload and image; everything that changes something is told. What falls out is counted.
import type { ProcessRecord } from "../../core/process/process-table.ts";
import type { FileDeedEvent } from "../../core/sense/deed-events.ts";
import type { Fidelity } from "../../model/identity.ts";
import type { Row } from "../../model/table.ts";
import type { SubjectCell } from "./subjects.ts";

export const fileRowLimits = {
  windowMs: 5000,
  /** Rows of one window, and of one workload in it. */
  rowsMax: 4000,
  rowsPerWorkloadMax: 1000,
  /** Workloads whose reads are remembered, and files of each; a read is told again after so long. */
  readersMax: 2000,
  filesReadPerWorkloadMax: 5000,
  readAgainMs: 6 * 60 * 60_000,
} as const;

export interface FileDoer {
  readonly cell: SubjectCell;
  /** Undefined when the process was never seen. */
  readonly record: ProcessRecord | undefined;
}

export interface FileRows {
  take(event: FileDeedEvent, doer: FileDoer): void;
  /** The rows of the window that is over; of the open one too when it is the last. */
  flush(nowMs: number, which?: "last"): readonly Row<"file_events">[];
  /** Deeds that became no row for a limit, since the last call. */
  takeOmitted(): number;
}

interface Entry {
  readonly row: Row<"file_events">;
  readonly cell: SubjectCell;
}

const O_ACCMODE = 3;
const EACCES = 13;
const EPERM = 1;
/** Where everybody writes without changing anything. */
const sinks =
  /^\/(?:dev\/(?:null|zero|full|random|urandom|tty|ptmx|pts\/\d+|stdin|stdout|stderr)$|proc\/(?:self|thread-self|\d+)\/)/;

/** Which files each workload has read. A read is news when it never was, or long ago. */
function createReads() {
  const readers = new Map<string, Map<string, number>>();
  let omitted = 0;
  return {
    isNew({ cell: { subject } }: FileDoer, path: string, nowMs: number): boolean {
      const reader = `${subject.namespace}/${subject.workload}/${subject.container}/${subject.imageDigest || subject.image}`;
      let files = readers.get(reader);
      if (files === undefined) {
        const [oldest] = readers.keys();
        if (readers.size >= fileRowLimits.readersMax && oldest !== undefined) readers.delete(oldest);
        files = new Map();
        readers.set(reader, files);
      }
      const before = files.get(path);
      if (before !== undefined && nowMs - before < fileRowLimits.readAgainMs) return false;
      if (before === undefined && files.size >= fileRowLimits.filesReadPerWorkloadMax) {
        omitted += 1;
        return false;
      }
      files.set(path, nowMs);
      return true;
    },
    takeOmitted(): number {
      const count = omitted;
      omitted = 0;
      return count;
    },
  };
}

export function createFileRows(fidelity: Fidelity): FileRows {
  const byCell = new Map<SubjectCell, Map<string, Entry>>();
  const reads = createReads();
  let rows = 0;
  let omitted = 0;
  let windowEndMs = 0;

  function isKept(event: FileDeedEvent, doer: FileDoer): boolean {
    if (event.path === "" && event.requestedPath === "") return false;
    if (event.deed !== "open") return true;
    // A name that is not there is no deed; a refusal is one.
    if (event.error !== 0) return event.error === EACCES || event.error === EPERM;
    if (event.kind !== undefined && event.kind !== "file") return false;
    if ((event.flags & O_ACCMODE) !== 0) return !sinks.test(event.path);
    return doer.cell.containerId !== "" && !sinks.test(event.path) && reads.isNew(doer, event.path, event.timeMs);
  }

  return {
    take(event, doer) {
      const executable = doer.record?.executable ?? "";
      const key = `${event.deed} ${event.error} ${event.path || event.requestedPath}\0${event.targetPath}\0${executable}`;
      let entries = byCell.get(doer.cell);
      const known = entries?.get(key);
      if (known !== undefined) {
        known.row.count += event.count;
        return;
      }
      if (!isKept(event, doer)) return;
      if (rows >= fileRowLimits.rowsMax || (entries?.size ?? 0) >= fileRowLimits.rowsPerWorkloadMax) {
        omitted += 1;
        return;
      }
      if (entries === undefined) {
        entries = new Map();
        byCell.set(doer.cell, entries);
      }
      if (rows === 0) windowEndMs = event.timeMs + fileRowLimits.windowMs;
      rows += 1;
      entries.set(key, { row: rowOf(event, doer, fidelity), cell: doer.cell });
    },
    flush(nowMs, which) {
      if (rows === 0 || (which !== "last" && nowMs < windowEndMs)) return [];
      const flushed: Row<"file_events">[] = [];
      for (const entries of byCell.values())
        for (const { row, cell } of entries.values()) flushed.push(Object.assign(row, cell.subject));
      byCell.clear();
      rows = 0;
      return flushed;
    },
    takeOmitted() {
      const count = omitted + reads.takeOmitted();
      omitted = 0;
      return count;
    },
  };
}

function rowOf(event: FileDeedEvent, { cell, record }: FileDoer, fidelity: Fidelity): Row<"file_events"> {
  return {
    time: event.timeMs,
    action: event.deed,
    path: event.path,
    requestedPath: event.requestedPath === event.path ? "" : event.requestedPath,
    targetPath: event.targetPath,
    flags: event.flags >>> 0,
    mode: event.mode,
    error: event.error,
    upper: event.isUpper,
    way: event.way,
    count: event.count,
    processId: record?.id ?? "",
    pid: event.process.pid,
    process: record?.name ?? event.comm,
    executable: record?.executable ?? "",
    ...cell.subject,
    fidelity,
  };
}

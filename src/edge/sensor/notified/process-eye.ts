// Notices about processes as events. What a notice does not say is looked up in /proc at once; of a process that is gone already audit and fanotify may know more,
// and what nobody knows stays empty: such an exec is told all the same, and counted.
import type { CallEvent } from "../../../core/sense/deed-events.ts";
import type { ExecEvent, ExitEvent, ForkEvent, SensorEvent } from "../../../core/sense/sensor.ts";
import type { CgroupIds } from "../proc.ts";
import { readProcess, readStat } from "../proc.ts";
import type { AuditedExec } from "./audit-records.ts";
import type { KnownProcess, ProcessBook } from "./process-book.ts";
import type { ProcNotice } from "./proc-notices.ts";

export interface ProcessEyeParts {
  readonly procPath: string;
  readonly book: ProcessBook;
  readonly cgroupIds: CgroupIds;
  /** What audit knows of a process's last exec; taken. */
  readonly audited: (pid: number) => AuditedExec | undefined;
  /** The file that fanotify saw opened for it; taken. */
  readonly openedForExec: (pid: number) => string;
  readonly count: (what: string) => void;
}

const PTRACE_ATTACH = 16;

/** When the kernel told of it: since the epoch, and since boot as /proc/PID/stat counts a start (whole ticks). */
export interface At {
  readonly timeMs: number;
  readonly startMs: number;
}

/** The event of a notice. */
export function createProcessEye(parts: ProcessEyeParts): (notice: ProcNotice, at: At) => SensorEvent {
  const eye = new Eye(parts);
  return (notice, at) => eye.eventOf(notice, at);
}

class Eye {
  readonly #parts: ProcessEyeParts;

  constructor(parts: ProcessEyeParts) {
    this.#parts = parts;
  }

  eventOf(notice: ProcNotice, at: At): SensorEvent {
    switch (notice.what) {
      case "fork":
        return this.#fork(notice.pid, notice.parentPid, at);
      case "exec":
        return this.#exec(notice.pid, at);
      case "exit":
        return this.#exit(notice, at.timeMs);
      case "uid":
        return this.#uid(notice.pid, notice.effectiveUid, at.timeMs);
      case "ptrace":
        return this.#call(notice.tracerPid, at.timeMs, {
          call: "ptrace",
          arguments: [PTRACE_ATTACH, notice.pid],
          text: this.#parts.book.get(notice.pid)?.comm ?? "",
          credentials: undefined,
        });
    }
  }

  #look(pid: number, timeMs: number): ExecEvent | undefined {
    const { procPath, cgroupIds } = this.#parts;
    const stat = readStat(procPath, pid);
    return stat === undefined ? undefined : readProcess(procPath, stat, { timeMs, type: "exec", cgroupIds });
  }

  #exec(pid: number, at: At): ExecEvent {
    const { audited, openedForExec, book, count } = this.#parts;
    const seen = this.#look(pid, at.timeMs);
    const [opened, told] = [openedForExec(pid), audited(pid)];
    // A process that ends has no memory any more: it is there, but neither its file nor its arguments are.
    const isWhole = seen !== undefined && (seen.path !== "" || seen.arguments.length > 0);
    if (!isWhole) count("exec-vanished");
    const event = isWhole ? seen : vanished(pid, at, { seen, told, opened, before: book.get(pid) });
    const { process, parent, comm, cgroupId, uid, gid, capabilities } = event;
    book.put({ process, parent, comm, cgroupId, uid, gid, capabilities });
    return event;
  }

  #fork(pid: number, parentPid: number, { timeMs, startMs }: At): ForkEvent {
    const { procPath, book } = this.#parts;
    // A child begins as its parent is; what changes it is told by itself.
    const parent = book.get(parentPid);
    const seen = parent === undefined ? this.#look(pid, timeMs) : undefined;
    const stat = readStat(procPath, pid);
    // Of one that is gone: when the kernel told of it, which is its start but for a tick now and then.
    const process = stat?.process ?? { pid, startMs };
    const parentKey = parent?.process ?? readStat(procPath, parentPid)?.process ?? { pid: parentPid, startMs: 0 };
    const known = {
      process,
      comm: stat?.comm ?? parent?.comm ?? "",
      cgroupId: seen?.cgroupId ?? parent?.cgroupId ?? 0,
      uid: seen?.uid ?? parent?.uid ?? 0,
      gid: seen?.gid ?? parent?.gid ?? 0,
    };
    book.put({ ...known, parent: parentKey, capabilities: seen?.capabilities ?? parent?.capabilities ?? 0 });
    return { type: "fork", timeMs, ...known, parent: parentKey };
  }

  #exit(notice: Extract<ProcNotice, { readonly what: "exit" }>, timeMs: number): ExitEvent {
    const known = this.#parts.book.take(notice.pid);
    return {
      type: "exit",
      timeMs,
      process: known?.process ?? { pid: notice.pid, startMs: 0 },
      comm: known?.comm ?? "",
      cgroupId: known?.cgroupId ?? 0,
      exitCode: notice.exitCode,
      signal: notice.signal,
    };
  }

  #call(pid: number, timeMs: number, rest: Pick<CallEvent, "call" | "arguments" | "text" | "credentials">): CallEvent {
    const { procPath, book } = this.#parts;
    const known = book.get(pid);
    return {
      type: "call",
      timeMs,
      process: known?.process ?? readStat(procPath, pid)?.process ?? { pid, startMs: 0 },
      comm: known?.comm ?? "",
      cgroupId: known?.cgroupId ?? 0,
      way: "notified",
      result: 0,
      descriptor: undefined,
      count: 1,
      ...rest,
    };
  }

  #uid(pid: number, effectiveUid: number, timeMs: number): CallEvent {
    const { book } = this.#parts;
    const before = book.get(pid);
    const credentials =
      before === undefined
        ? undefined
        : {
            uidBefore: before.uid,
            uidAfter: effectiveUid,
            capabilitiesBefore: before.capabilities,
            capabilitiesAfter: this.#look(pid, timeMs)?.capabilities ?? before.capabilities,
          };
    const event = this.#call(pid, timeMs, { call: "setuid", arguments: [effectiveUid], text: "", credentials });
    if (before !== undefined && credentials !== undefined)
      book.put({ ...before, uid: effectiveUid, capabilities: credentials.capabilitiesAfter });
    return event;
  }
}

interface Traces {
  /** What /proc still has of it: neither file nor arguments. */
  readonly seen: ExecEvent | undefined;
  readonly told: AuditedExec | undefined;
  /** The file that was opened to be run. */
  readonly opened: string;
  readonly before: KnownProcess | undefined;
}

/** An exec that nobody could look at: put together from what is left of it. */
function vanished(pid: number, { timeMs, startMs }: At, { seen, told, opened, before }: Traces): ExecEvent {
  return {
    type: "exec",
    timeMs,
    process: seen?.process ?? before?.process ?? { pid, startMs },
    comm: seen?.comm ?? told?.comm ?? nameOf(opened),
    cgroupId: seen?.cgroupId || (before?.cgroupId ?? 0),
    parent: seen?.parent ?? before?.parent ?? { pid: told?.parentPid ?? 0, startMs: 0 },
    uid: seen?.uid ?? told?.uid ?? before?.uid ?? 0,
    gid: seen?.gid ?? told?.gid ?? before?.gid ?? 0,
    capabilities: seen?.capabilities ?? before?.capabilities ?? 0,
    path: told?.path ?? opened,
    arguments: told?.arguments ?? [],
    // What is not known is at least not whole.
    argumentsCut: told === undefined,
    workingDirectory: "",
  };
}

/** The kernel's name of a program: its file's, at most 15 bytes. */
function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).slice(0, 15);
}

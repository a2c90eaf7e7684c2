// Notices about processes as events. What a notice does not say is looked up in /proc at once; of a process that is gone already audit and fanotify may know more,
// and what nobody knows stays empty: such an exec is told all the same, and counted.
import type { CallEvent } from "../../../core/sense/deed-events.ts";
import type { ExecEvent, ExitEvent, ForkEvent, SensorEvent } from "../../../core/sense/sensor.ts";
import type { CgroupIds } from "../proc.ts";
import { readProcess, readStat } from "../proc.ts";
import type { AuditedExec } from "./audit-records.ts";
import type { ProcessBook } from "./process-book.ts";
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
  const { procPath, book, cgroupIds, count } = parts;

  function remember(event: ExecEvent): void {
    const { process, parent, comm, cgroupId, uid, gid, capabilities } = event;
    book.put({ process, parent, comm, cgroupId, uid, gid, capabilities });
  }

  function exec(pid: number, { timeMs, startMs }: At): ExecEvent {
    const stat = readStat(procPath, pid);
    const opened = parts.openedForExec(pid);
    const audited = parts.audited(pid);
    const seen = stat === undefined ? undefined : readProcess(procPath, stat, { timeMs, type: "exec", cgroupIds });
    // A process that ends has no memory any more: it is there, but neither its file nor its arguments are.
    if (seen !== undefined && (seen.path !== "" || seen.arguments.length > 0)) {
      remember(seen);
      return seen;
    }
    count("exec-vanished");
    const before = book.get(pid);
    const event: ExecEvent = {
      type: "exec",
      timeMs,
      process: seen?.process ?? before?.process ?? { pid, startMs },
      comm: seen?.comm ?? audited?.comm ?? nameOf(opened),
      cgroupId: seen?.cgroupId || (before?.cgroupId ?? 0),
      parent: seen?.parent ?? before?.parent ?? { pid: audited?.parentPid ?? 0, startMs: 0 },
      uid: seen?.uid ?? audited?.uid ?? before?.uid ?? 0,
      gid: seen?.gid ?? audited?.gid ?? before?.gid ?? 0,
      capabilities: seen?.capabilities ?? before?.capabilities ?? 0,
      path: audited?.path ?? opened,
      arguments: audited?.arguments ?? [],
      // What is not known is at least not whole.
      argumentsCut: audited === undefined,
      workingDirectory: "",
    };
    remember(event);
    return event;
  }

  function fork(pid: number, parentPid: number, { timeMs, startMs }: At): ForkEvent {
    const stat = readStat(procPath, pid);
    // A child begins as its parent is; what changes it is told by itself.
    const parent = book.get(parentPid);
    const seen =
      stat === undefined || parent !== undefined
        ? undefined
        : readProcess(procPath, stat, { timeMs, type: "exec", cgroupIds });
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

  function exit(notice: Extract<ProcNotice, { readonly what: "exit" }>, timeMs: number): ExitEvent {
    const known = book.take(notice.pid);
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

  function call(
    pid: number,
    timeMs: number,
    rest: Pick<CallEvent, "call" | "arguments" | "text" | "credentials">,
  ): CallEvent {
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

  function uid(pid: number, effectiveUid: number, timeMs: number): CallEvent {
    const before = book.get(pid);
    const stat = before === undefined ? undefined : readStat(procPath, pid);
    const now = stat === undefined ? undefined : readProcess(procPath, stat, { timeMs, type: "exec", cgroupIds });
    const credentials =
      before === undefined
        ? undefined
        : {
            uidBefore: before.uid,
            uidAfter: effectiveUid,
            capabilitiesBefore: before.capabilities,
            capabilitiesAfter: now?.capabilities ?? before.capabilities,
          };
    const event = call(pid, timeMs, { call: "setuid", arguments: [effectiveUid], text: "", credentials });
    if (before !== undefined)
      book.put({ ...before, uid: effectiveUid, capabilities: now?.capabilities ?? before.capabilities });
    return event;
  }

  return (notice, at) => {
    const { timeMs } = at;
    switch (notice.what) {
      case "fork":
        return fork(notice.pid, notice.parentPid, at);
      case "exec":
        return exec(notice.pid, at);
      case "exit":
        return exit(notice, timeMs);
      case "uid":
        return uid(notice.pid, notice.effectiveUid, timeMs);
      case "ptrace": {
        const text = book.get(notice.pid)?.comm ?? "";
        return call(notice.tracerPid, timeMs, {
          call: "ptrace",
          arguments: [PTRACE_ATTACH, notice.pid],
          text,
          credentials: undefined,
        });
      }
    }
  };
}

/** The kernel's name of a program: its file's, at most 15 bytes. */
function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).slice(0, 15);
}

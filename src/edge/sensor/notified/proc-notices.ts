// What the kernel's process connector tells (linux/cn_proc.h), read from a datagram: netlink header, connector header, event. No paths and no arguments: those are
// the caller's to find in /proc, if the process still is.

export type ProcNotice =
  | { readonly what: "fork"; readonly pid: number; readonly parentPid: number }
  | { readonly what: "exec"; readonly pid: number }
  | { readonly what: "uid"; readonly pid: number; readonly effectiveUid: number }
  | { readonly what: "ptrace"; readonly pid: number; readonly tracerPid: number }
  | { readonly what: "exit"; readonly pid: number; readonly exitCode: number; readonly signal: number };

export interface Numbered {
  /** Each processor numbers its events; a hole means that events were lost. */
  readonly processor: number;
  readonly sequence: number;
  /** Nanoseconds of the monotonic clock. */
  readonly atNs: bigint;
  /** Undefined: something that is not told on (threads, names, sessions). */
  readonly notice: ProcNotice | undefined;
}

const NETLINK_HEADER_BYTES = 16;
const CONNECTOR_HEADER_BYTES = 20;
const EVENT_HEADER_BYTES = 16;
const NLMSG_DONE = 3;
/** CN_IDX_PROC and CN_VAL_PROC. */
const PROCESSES = 1;

const PROC_EVENT_FORK = 0x1;
const PROC_EVENT_EXEC = 0x2;
const PROC_EVENT_UID = 0x4;
const PROC_EVENT_PTRACE = 0x100;
const PROC_EVENT_EXIT = 0x8000_0000;

/** Asks for events (PROC_CN_MCAST_LISTEN) or takes that back (PROC_CN_MCAST_IGNORE). `ownPid` is this process's. */
export function listenMessage(ownPid: number, isListening: boolean): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(NETLINK_HEADER_BYTES + CONNECTOR_HEADER_BYTES + 4));
  bytes.setUint32(0, bytes.byteLength, true);
  bytes.setUint16(4, NLMSG_DONE, true);
  bytes.setUint32(12, ownPid, true);
  bytes.setUint32(16, PROCESSES, true);
  bytes.setUint32(20, PROCESSES, true);
  bytes.setUint16(32, 4, true);
  bytes.setUint32(36, isListening ? 1 : 2, true);
  return new Uint8Array(bytes.buffer);
}

/** The event of a datagram; undefined when it is none (an acknowledgement, another connector's, cut short). */
export function parseNotice(datagram: Uint8Array): Numbered | undefined {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const at = NETLINK_HEADER_BYTES + CONNECTOR_HEADER_BYTES;
  if (view.byteLength < at + EVENT_HEADER_BYTES + 8) return undefined;
  if (view.getUint32(16, true) !== PROCESSES || view.getUint32(20, true) !== PROCESSES) return undefined;
  const what = view.getUint32(at, true);
  if (what === 0) return undefined;
  return {
    processor: view.getUint32(at + 4, true),
    sequence: view.getUint32(24, true),
    atNs: view.getBigUint64(at + 8, true),
    notice: noticeOf(what, new DataView(view.buffer, view.byteOffset + at + EVENT_HEADER_BYTES)),
  };
}

/** `body` begins with the event's own fields; those of the longer events are checked before they are read. */
function noticeOf(what: number, body: DataView): ProcNotice | undefined {
  const field = (index: number): number => (body.byteLength < index * 4 + 4 ? 0 : body.getUint32(index * 4, true));
  switch (what) {
    case PROC_EVENT_FORK: {
      // Of a thread the child's thread id differs from its process's.
      const [parentPid, childTid, pid] = [field(1), field(2), field(3)];
      return childTid === pid ? { what: "fork", pid, parentPid } : undefined;
    }
    case PROC_EVENT_EXEC:
      return { what: "exec", pid: field(1) };
    case PROC_EVENT_UID:
      return { what: "uid", pid: field(1), effectiveUid: field(3) };
    case PROC_EVENT_PTRACE:
      // Tracer 0: it was let go.
      return field(3) === 0 ? undefined : { what: "ptrace", pid: field(1), tracerPid: field(3) };
    case PROC_EVENT_EXIT: {
      const [tid, pid, status] = [field(0), field(1), field(2)];
      if (tid !== pid) return undefined;
      const signal = status & 0x7f;
      return { what: "exit", pid, exitCode: signal === 0 ? (status >>> 8) & 0xff : -1, signal };
    }
    default:
      return undefined;
  }
}

/** Counts holes in the numbers of each processor. */
export function holeCounter(): (numbered: Numbered) => number {
  const next = new Map<number, number>();
  return ({ processor, sequence }) => {
    const expected = next.get(processor);
    next.set(processor, (sequence + 1) >>> 0);
    if (expected === undefined || expected === sequence) return 0;
    const hole = (sequence - expected) >>> 0;
    // A number that goes back is a new count (listening began anew), not four thousand million lost events.
    return hole < 0x8000_0000 ? hole : 0;
  };
}

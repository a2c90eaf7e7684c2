// What the tests of our rules let happen: a program in a container or on the host, and one deed of it, as sensor events.
import type { CallEvent, FileDeedEvent, WatchedCall } from "../../sense/deed-events.ts";
import type { ExecEvent, SensorEvent, TcpEvent } from "../../sense/sensor.ts";

export interface Program {
  /** "/usr/bin/cat"; its short name is the last part. */
  readonly path: string;
  readonly arguments?: readonly string[];
  /** First argument; the path's when absent. */
  readonly exe?: string;
  readonly parent?: string;
  readonly uid?: number;
  readonly onHost?: boolean;
  readonly tty?: number;
  readonly isUpper?: boolean;
  readonly isFileless?: boolean;
  readonly script?: string;
  /** Executed in the node's mount namespace though of a container: a runtime that starts it. */
  readonly isHostFile?: boolean;
}

export type Deed = (base: Pick<ExecEvent, "timeMs" | "process" | "comm" | "cgroupId">) => SensorEvent;

export interface Act {
  readonly program: Program;
  readonly deed?: Deed;
}

export const containerCgroup = 77;
export const hostCgroup = 1;
export const hostMountNamespace = 1;
const startMs = 1_000;
/** 2026-11-26T10:00:00Z. */
const timeMs = 1_795_687_200_000;

function execOf(path: string, pid: number, parent: number, program: Program): ExecEvent {
  return {
    type: "exec",
    timeMs,
    process: { pid, startMs: startMs + pid },
    parent: { pid: parent, startMs: startMs + parent },
    comm: path.slice(path.lastIndexOf("/") + 1).slice(0, 15),
    cgroupId: program.onHost === true ? hostCgroup : containerCgroup,
    uid: program.uid ?? 0,
    gid: program.uid ?? 0,
    capabilities: 0,
    path,
    arguments: [program.exe ?? path, ...(program.arguments ?? [])],
    argumentsCut: false,
    workingDirectory: "/",
    facts: {
      device: 1,
      inode: pid,
      fileModifiedMs: timeMs - 1_000_000,
      fileChangedMs: timeMs - 1_000_000,
      isFileless: program.isFileless === true,
      isUpper: program.isUpper === true,
      mountNamespace: program.onHost === true || program.isHostFile === true ? hostMountNamespace : 2,
      pidNamespace: 3,
      innerPid: pid,
      processGroup: pid,
      session: pid,
      loginUid: 4_294_967_295,
      terminal: program.tty ?? 0,
      capabilitiesPermitted: 0,
      capabilitiesInheritable: 0,
      seccompMode: 2,
      script: program.script ?? "",
    },
  };
}

let pids = 100;

/** The parent's exec, the program's, and the deed. */
export function eventsOf({ program, deed }: Act): readonly SensorEvent[] {
  pids += 2;
  const parent = execOf(program.parent ?? "/opt/app/worker", pids, 1, {
    path: "",
    ...(program.onHost === true ? { onHost: true } : {}),
  });
  const exec = execOf(program.path, pids + 1, pids, program);
  const base = { timeMs: timeMs + 5, process: exec.process, comm: exec.comm, cgroupId: exec.cgroupId };
  return [parent, exec, ...(deed === undefined ? [] : [deed(base)])];
}

const file = {
  way: "syscall",
  requestedPath: "",
  targetPath: "",
  flags: 0,
  mode: 0,
  device: 1,
  inode: 9,
  error: 0,
  isUpper: false,
  count: 1,
} as const;

export function opens(path: string, more: Partial<FileDeedEvent> = {}): Deed {
  return (base) => ({
    ...base,
    type: "file",
    deed: "open",
    call: "openat",
    ...file,
    path,
    requestedPath: path,
    ...more,
  });
}

/** O_WRONLY, or O_WRONLY|O_CREAT|O_TRUNC. */
export const writes = (path: string): Deed => opens(path, { flags: 0o1 });
export const empties = (path: string): Deed => opens(path, { flags: 0o1 | 0o100 | 0o1000 });

export function touches(deed: FileDeedEvent["deed"], call: string, more: Partial<FileDeedEvent>): Deed {
  return (base) => ({ ...base, type: "file", deed, call, ...file, path: "", requestedPath: more.path ?? "", ...more });
}

export function calls(call: WatchedCall, more: Partial<CallEvent> = {}): Deed {
  return (base) => ({
    ...base,
    type: "call",
    call,
    way: "syscall",
    arguments: [],
    result: 0,
    text: "",
    descriptor: undefined,
    credentials: undefined,
    count: 1,
    ...more,
  });
}

const local = { localAddress: "10.1.0.5", localPort: 40_000 };

export function connectsTo(remoteAddress: string, remotePort: number): Deed {
  return calls("connect", {
    descriptor: { number: 5, kind: "ipv4", protocol: "tcp", path: "", tuple: { ...local, remoteAddress, remotePort } },
  });
}

export function connectsToSocket(path: string): Deed {
  return calls("connect", { descriptor: { number: 5, kind: "unix", protocol: "", path, tuple: undefined } });
}

/** dup2 of an Internet socket, or of a pipe, onto a standard descriptor. */
export function duplicates(onto: number, kind: "ipv4" | "pipe"): Deed {
  const tuple = kind === "ipv4" ? { ...local, remoteAddress: "203.0.113.9", remotePort: 4444 } : undefined;
  return calls("dup", {
    arguments: [5, onto],
    result: onto,
    descriptor: { number: onto, kind, protocol: kind === "ipv4" ? "tcp" : "", path: "", tuple },
  });
}

export const established =
  (remoteAddress: string, remotePort: number): Deed =>
  (base): TcpEvent => ({
    ...base,
    ...local,
    type: "tcp-open",
    remoteAddress,
    remotePort,
    socketId: 1,
    direction: "outbound",
    bytesSent: 0,
    bytesReceived: 0,
    packetsSent: 0,
    packetsReceived: 0,
    retransmits: 0,
    rttUs: 0,
    error: 0,
    wasReset: false,
  });

// The port between the kernel's side (edge/sensor) and the agent: typed events as they happened, not yet attributed to a workload.
// Every rung of the fallback ladder (BPF, polling) speaks it; `fidelity` says which one is talking.
import type { Fidelity } from "../../model/identity.ts";
import type { Capability } from "../../model/node.ts";
import type { CallEvent, FileDeedEvent, GuardedEvent } from "./deed-events.ts";

/** A process at one time. pids are reused, so the start time is part of the key. */
export interface ProcessKey {
  readonly pid: number;
  /** Milliseconds between boot and the process's start. */
  readonly startMs: number;
}

export interface SensorEventBase {
  /** Milliseconds since the Unix epoch. */
  readonly timeMs: number;
  /** pid 0 when it is not known. */
  readonly process: ProcessKey;
  /** Why the process is not known: it belongs to another user and may not be looked at. Else it was gone, or the kernel itself. */
  readonly isProcessHidden?: true;
  /** The kernel's short name, at most 15 bytes. */
  readonly comm: string;
  /** Id of the process's cgroup in the v2 hierarchy (its inode); 0 when not known. */
  readonly cgroupId: number;
}

export interface ExecEvent extends SensorEventBase {
  readonly type: "exec" | "running";
  readonly parent: ProcessKey;
  readonly uid: number;
  readonly gid: number;
  /** Effective capabilities as a bit mask; below 2^53. */
  readonly capabilities: number;
  /** Resolved by the kernel; "" when it could not be. */
  readonly path: string;
  /** Not redacted yet: whoever receives it redacts before it is queued. */
  readonly arguments: readonly string[];
  readonly argumentsCut: boolean;
  readonly workingDirectory: string;
  /** What the kernel says beside; absent on rungs that do not know it. */
  readonly facts?: ExecFacts;
  /**
   * "NAME=value" of the variables that `askEnvironment` named, and of no other: the rest is never made into anything. Absent: nobody asked, or not known.
   * For rules alone: in no row, and not redacted yet.
   */
  readonly environment?: readonly string[];
  /** It was longer than what was read: a variable may be missing. */
  readonly environmentCut?: true;
}

/** Of the program's file and the process's place, at the time of the exec. */
export interface ExecFacts {
  /** As stat(2) writes it; 0 when not known. */
  readonly device: number;
  readonly inode: number;
  /** Milliseconds since the epoch; 0 when not known. */
  readonly fileModifiedMs: number;
  readonly fileChangedMs: number;
  /** Its file has no name any more or never had one (memfd, deleted before it ran). */
  readonly isFileless: boolean;
  /** From the writable layer of a container's overlay: it is not of the image. */
  readonly isUpper: boolean;
  /** Inode numbers of the namespaces; 0 when not known. */
  readonly mountNamespace: number;
  readonly pidNamespace: number;
  /** The process's number in its innermost pid namespace. */
  readonly innerPid: number;
  readonly processGroup: number;
  readonly session: number;
  /** Audit login uid; 4294967295: none. */
  readonly loginUid: number;
  /** Device number of the controlling terminal, 0: none. */
  readonly terminal: number;
  readonly capabilitiesPermitted: number;
  readonly capabilitiesInheritable: number;
  /** 0 none, 1 strict, 2 filter. */
  readonly seccompMode: number;
  /** The script's path as it was asked for, when the kernel runs its "#!" interpreter (`path`); "" when it is none. */
  readonly script: string;
}

export interface ForkEvent extends SensorEventBase {
  readonly type: "fork";
  readonly parent: ProcessKey;
  readonly uid: number;
  readonly gid: number;
}

export interface ExitEvent extends SensorEventBase {
  readonly type: "exit";
  /** 0-255, or -1 when ended by a signal or unknown. */
  readonly exitCode: number;
  readonly signal: number;
}

/** Addresses as text; local is the process's side. */
export interface SocketTuple {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

export interface TcpEvent extends SensorEventBase, SocketTuple {
  /** open: established. failed: never was. close: the end of an established one, with its totals. */
  readonly type: "tcp-open" | "tcp-failed" | "tcp-close";
  /** Stable for the life of the connection. */
  readonly socketId: number;
  readonly direction: "outbound" | "inbound" | "unknown";
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly retransmits: number;
  /** Smoothed round-trip time in microseconds; 0 when the kernel has none. */
  readonly rttUs: number;
  /** errno of a failed connect (positive), or 0. */
  readonly error: number;
  readonly wasReset: boolean;
  /** Begun by another call than connect(2) (fast open, io_uring): maybe no call event tells of it. */
  readonly isWithoutConnect?: true;
}

/** Bytes of a still open connection since its last event, so that long ones are seen while they live. */
export interface TcpSampleEvent extends Omit<TcpEvent, "type"> {
  readonly type: "tcp-sample";
}

export interface UdpEvent extends SensorEventBase, SocketTuple {
  readonly type: "udp";
  readonly direction: "outbound" | "inbound";
  readonly bytes: number;
  readonly packets: number;
}

/** A DNS message as seen on port 53, question or answer: the UDP payload. */
export interface DnsPacketEvent extends SensorEventBase, SocketTuple {
  readonly type: "dns";
  /** Microseconds since boot, for latencies; absent when only the millisecond is known. */
  readonly sinceBootUs?: number;
  readonly direction: "outbound" | "inbound";
  readonly payload: Uint8Array;
  readonly payloadCut: boolean;
}

/** The first bytes of a TCP flow in one direction; only of workloads whose visibility asks for it. */
export interface FirstBytesEvent extends SensorEventBase, SocketTuple {
  readonly type: "first-bytes";
  /** Microseconds since boot, for latencies; absent when only the millisecond is known. */
  readonly sinceBootUs?: number;
  readonly socketId: number;
  readonly direction: "outbound" | "inbound";
  readonly payload: Uint8Array;
}

export interface CgroupEvent extends SensorEventBase {
  readonly type: "cgroup-made" | "cgroup-removed";
  readonly path: string;
}

export type SensorEvent =
  | ExecEvent
  | ForkEvent
  | ExitEvent
  | TcpEvent
  | TcpSampleEvent
  | UdpEvent
  | DnsPacketEvent
  | FirstBytesEvent
  | CgroupEvent
  | FileDeedEvent
  | CallEvent
  | GuardedEvent;

export interface SensorStats {
  readonly eventsByType: Readonly<Record<string, number>>;
  /** Counted by the kernel side per type when a ring had no room. */
  readonly dropsByType: Readonly<Record<string, number>>;
  readonly cpuMs: number;
}

export interface Sensor {
  readonly fidelity: Fidelity;
  readonly fidelityBecause: string;
  readonly capabilities: readonly Capability[];
  /** Starts delivery: first what runs already ("running"), then events in batches, oldest first. The array is reused: copy what you keep. */
  start(onBatch: (events: readonly SensorEvent[]) => void): Promise<void>;
  /** Which v2 cgroups (by id) have their first bytes read; the set replaces the one before. 0 stands for "every cgroup". */
  watchFirstBytes(cgroupIds: ReadonlySet<number>): void;
  /**
   * Variables of environments that execs carry from now on; none: nothing of any environment is read. The set replaces the one before. Absent, as the ability
   * "environment" in `capabilities`: this sensor cannot.
   */
  readonly askEnvironment?: (names: ReadonlySet<string>) => void;
  stats(): SensorStats;
  /** Detaches and frees everything; safe to call twice. */
  close(): Promise<void>;
}

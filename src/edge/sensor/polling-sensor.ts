// The last rung: looks at /proc every half second. The same events, fewer of them: what lives between two looks is never seen,
// connections have no bytes, packets are invisible. Every such gap is named in `capabilities`.
import { existsSync } from "node:fs";
import type { ExecEvent, ExitEvent, ProcessKey, Sensor, SensorEvent, TcpEvent } from "../../core/sense/sensor.ts";
import type { Capability } from "../../model/node.ts";
import { networkNamespaceOf, procNetLimits, readSocketHolders, readTcp, type TcpRow } from "./proc-net.ts";
import { cgroupMount, createCgroupIds, listPids, procLimits, readProcess, readStat, type ProcessStat } from "./proc.ts";

export interface PollingSensorOptions {
  /** Why the kernel rung is not available; shown as it is. */
  readonly because: string;
  readonly procPath?: string;
  readonly intervalMs?: number;
  /** A process whose sockets are not reported: the agent's own. */
  readonly excludedPid?: number;
}

export const pollingLimits = { intervalMs: 500, connectionsMax: 65_536 } as const;

interface Known {
  readonly stat: ProcessStat;
  readonly program: Program;
  readonly cgroupId: number;
  readonly network: string;
}

/** What an exec changes; "" where it may not be read, or where there is nothing (kernel threads, zombies). */
interface Program {
  readonly path: string;
  readonly commandLine: string;
}

type OnBatch = (events: readonly SensorEvent[]) => void;

/** A sensor without privileges; never fails to be made. */
export function createPollingSensor(options: PollingSensorOptions): Sensor {
  const intervalMs = options.intervalMs ?? pollingLimits.intervalMs;
  const procPath = options.procPath ?? "/proc";
  const eye = createEye(procPath, options.excludedPid ?? 0);
  const counts: Record<string, number> = {};
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  let cpuMs = 0;

  function look(onBatch: OnBatch): void {
    if (isClosed) return;
    const before = process.threadCpuUsage();
    const events = eye.look(Date.now());
    for (const event of events) counts[event.type] = (counts[event.type] ?? 0) + 1;
    if (events.length > 0) onBatch(events);
    const used = process.threadCpuUsage(before);
    cpuMs += (used.user + used.system) / 1000;
    timer = setTimeout(look, intervalMs, onBatch);
  }

  return {
    fidelity: "polled",
    fidelityBecause: options.because,
    capabilities: existsSync(`${procPath}/self/stat`) ? polledCapabilities(intervalMs) : blindCapabilities(procPath),
    start: async (onBatch) => look(onBatch),
    // Polling sees no packets; the capability "packets" says so.
    watchFirstBytes: () => undefined,
    stats: () => ({ eventsByType: { ...counts }, dropsByType: eye.leftOut(), cpuMs }),
    close: async () => {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}

function polledCapabilities(intervalMs: number): readonly Capability[] {
  const missed = `polled: what lives shorter than ${intervalMs} ms is missed`;
  return [
    { name: "exec", available: true, because: missed },
    { name: "fork", available: false, because: "polling sees a process only after its fork" },
    { name: "exit", available: true, because: "polled: without exit code and signal" },
    { name: "tcp", available: true, because: `${missed}; without bytes and failures` },
    { name: "packets", available: false, because: "polling sees no packets: no UDP, DNS, HTTP or TLS" },
    { name: "cgroups", available: false, because: "polling does not see cgroups come and go" },
    { name: "environment", available: false, because: "environments are read by the kernel's programs alone" },
  ];
}

/** Not Linux, or /proc is hidden: said for every ability, never mistaken for a quiet machine. */
function blindCapabilities(procPath: string): readonly Capability[] {
  return polledCapabilities(0).map(({ name }) => ({
    name,
    available: false,
    because: `there is no ${procPath} to look at`,
  }));
}

/** What was seen at the last look, and what did not fit. */
function createEye(procPath: string, excludedPid: number) {
  const leftOut: Record<string, number> = {};
  const count: Count = (what, howMany) => {
    if (howMany > 0) leftOut[what] = (leftOut[what] ?? 0) + howMany;
  };
  const processes = new Map<number, Known>();
  const lookAtProcesses = createProcessEye({ procPath, processes, count });
  const lookAtConnections = createConnectionEye({ procPath, processes, count, excludedPid });
  return {
    look(timeMs: number): readonly SensorEvent[] {
      const events: SensorEvent[] = [];
      lookAtProcesses(timeMs, events);
      lookAtConnections(timeMs, events);
      return events;
    },
    leftOut: (): Readonly<Record<string, number>> => ({ ...leftOut }),
  };
}

type Count = (what: string, howMany: number) => void;
type Look = (timeMs: number, events: SensorEvent[]) => void;

interface EyeContext {
  readonly procPath: string;
  /** What runs, by pid; kept by the process eye. */
  readonly processes: Map<number, Known>;
  readonly count: Count;
}

function createProcessEye({ procPath, processes, count }: EyeContext): Look {
  const cgroupIds = createCgroupIds(cgroupMount(procPath));
  let isFirstLook = true;

  function end(pid: number, known: Known, timeMs: number): ExitEvent {
    processes.delete(pid);
    const { process, comm } = known.stat;
    return { type: "exit", timeMs, process, comm, cgroupId: known.cgroupId, exitCode: -1, signal: 0 };
  }

  return (timeMs, events) => {
    const isFirst = isFirstLook;
    isFirstLook = false;
    const pids = listPids(procPath);
    if (pids.length >= procLimits.processesMax) count("processes", 1);
    const alive = new Set(pids);
    for (const [pid, known] of processes) if (!alive.has(pid)) events.push(end(pid, known, timeMs));
    for (const pid of pids) {
      const stat = readStat(procPath, pid);
      if (stat === undefined) continue;
      const earlier = processes.get(pid);
      const known = earlier?.stat.process.startMs === stat.process.startMs ? earlier : undefined;
      if (earlier !== undefined && known === undefined) events.push(end(pid, earlier, timeMs));
      if (known?.stat.comm === stat.comm) continue;
      if (known !== undefined && stat.isKernelThread) {
        processes.set(pid, { ...known, stat });
        continue;
      }
      const type = isFirst || stat.isKernelThread ? "running" : "exec";
      const event = readProcess(procPath, stat, { timeMs, type, cgroupIds });
      if (event === undefined) continue;
      const program = programOf(event);
      if (known !== undefined && !isOtherProgram(known.program, program)) {
        processes.set(pid, { ...known, stat });
        continue;
      }
      processes.set(pid, { stat, program, cgroupId: event.cgroupId, network: networkNamespaceOf(procPath, pid) });
      events.push(event);
    }
  };
}

function programOf(event: ExecEvent): Program {
  return { path: event.path, commandLine: event.arguments.join("\0") };
}

/** A process may rename itself (prctl) without an exec; one that is ending has neither executable nor command line. */
function isOtherProgram(before: Program, now: Program): boolean {
  if (before.path !== "" && now.path !== "" && before.path !== now.path) return true;
  return now.commandLine !== "" && before.commandLine !== now.commandLine;
}

interface Fresh {
  readonly row: TcpRow;
  readonly isInbound: boolean;
}

function createConnectionEye(context: EyeContext & { readonly excludedPid: number }): Look {
  const { procPath, processes, count, excludedPid } = context;
  const connections = new Map<number, TcpEvent>();
  const ownUid = process.geteuid?.() ?? 0;

  function open(fresh: readonly Fresh[], timeMs: number, events: SensorEvent[]): void {
    const holders = readSocketHolders(
      procPath,
      [...processes.values()].map((known) => known.stat.process),
    );
    for (const { row, isInbound } of fresh) {
      const holder = holders.byInode.get(row.inode);
      if (excludedPid !== 0 && holder?.pid === excludedPid) continue;
      if (connections.size >= pollingLimits.connectionsMax) {
        count("tcp-open", 1);
        continue;
      }
      const isHidden = holder === undefined && holders.refused > 0 && row.uid !== ownUid;
      const event = openEvent(row, { timeMs, isInbound, isHidden, holder, known: processes.get(holder?.pid ?? 0) });
      connections.set(row.inode, event);
      events.push(event);
    }
  }

  return (timeMs, events) => {
    const fresh: Fresh[] = [];
    const alive = new Set<number>();
    for (const pid of pidPerNamespace(processes, count)) {
      const { rows, rowsLeftOut } = readTcp(procPath, pid);
      count("tcp-rows", rowsLeftOut);
      const listening = new Set(rows.filter((row) => row.state === "listening").map((row) => row.localPort));
      for (const row of rows) {
        if (row.inode === 0 || row.state === "listening") continue;
        alive.add(row.inode);
        if (row.state === "established" && !connections.has(row.inode))
          fresh.push({ row, isInbound: listening.has(row.localPort) });
      }
    }
    for (const [inode, opened] of connections) {
      if (alive.has(inode)) continue;
      connections.delete(inode);
      events.push({ ...opened, type: "tcp-close", timeMs });
    }
    if (fresh.length > 0) open(fresh, timeMs, events);
  };
}

/** One process per network namespace, through which its sockets are read. */
function pidPerNamespace(processes: ReadonlyMap<number, Known>, count: Count): readonly number[] {
  const pidByNamespace = new Map<string, number>();
  for (const [pid, { network }] of processes) {
    if (network !== "" && !pidByNamespace.has(network)) pidByNamespace.set(network, pid);
  }
  count("network-namespaces", pidByNamespace.size - procNetLimits.namespacesMax);
  return [...pidByNamespace.values()].slice(0, procNetLimits.namespacesMax);
}

interface Opened {
  readonly timeMs: number;
  readonly isInbound: boolean;
  readonly isHidden: boolean;
  readonly holder: ProcessKey | undefined;
  readonly known: Known | undefined;
}

function openEvent(row: TcpRow, opened: Opened): TcpEvent {
  const { localAddress, localPort, remoteAddress, remotePort, inode } = row;
  return {
    type: "tcp-open",
    timeMs: opened.timeMs,
    process: opened.holder ?? { pid: 0, startMs: 0 },
    ...(opened.isHidden ? { isProcessHidden: true } : {}),
    comm: opened.known?.stat.comm ?? "",
    cgroupId: opened.known?.cgroupId ?? 0,
    localAddress,
    localPort,
    remoteAddress,
    remotePort,
    socketId: inode,
    direction: opened.isInbound ? "inbound" : "outbound",
    bytesSent: 0,
    bytesReceived: 0,
    packetsSent: 0,
    packetsReceived: 0,
    retransmits: 0,
    rttUs: 0,
    error: 0,
    wasReset: false,
  };
}

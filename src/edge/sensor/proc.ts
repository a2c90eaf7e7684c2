// What /proc says: the processes that run now (as "running" events), and where the v2 cgroup hierarchy is mounted.
// A process that ends while it is read is left out; every other field that cannot be read is empty.
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync, type Stats } from "node:fs";
import type { ExecEvent, ExecFacts, ProcessKey } from "../../core/sense/sensor.ts";
import { limit } from "./layout.gen.ts";
import { splitArguments } from "./decode.ts";

/** Fields of /proc/PID/stat that matter here. */
export interface ProcessStat {
  readonly process: ProcessKey;
  readonly parentPid: number;
  readonly comm: string;
  /** A thread of the kernel: no program, never executes; its name says what it works on just now. */
  readonly isKernelThread: boolean;
}

/** PF_KTHREAD of include/linux/sched.h, in field 9 ("flags") of /proc/PID/stat; an exec clears it. */
const kernelThreadFlag = 0x0020_0000;

export const procLimits = { processesMax: 65_536 } as const;

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // Gone, or not permitted: unknown, which every caller treats as empty.
    return "";
  }
}

/** The target of a link, or "" when there is none to see. */
export function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // A kernel thread, gone, or not permitted.
    return "";
  }
}

/** Where cgroup v2 is mounted, from `procPath`/mounts; undefined when nowhere. */
export function cgroupMount(procPath: string): string | undefined {
  for (const line of readText(`${procPath}/mounts`).split("\n")) {
    const [, folder, type] = line.split(" ");
    if (type === "cgroup2" && folder !== undefined) return folder.replaceAll("\\040", " ");
  }
  return undefined;
}

/** proc(5): "pid (comm) state ppid ... starttime(22) ..."; the name may itself hold spaces and brackets. */
export function parseStat(text: string): ProcessStat | undefined {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  if (open === -1 || close < open) return undefined;
  const rest = text.slice(close + 2).split(" ");
  const pid = Number(text.slice(0, open).trim());
  const parentPid = Number(rest[1]);
  const ticks = Number(rest[19]);
  if (!Number.isSafeInteger(pid) || !Number.isSafeInteger(parentPid) || !Number.isSafeInteger(ticks)) return undefined;
  const isKernelThread = (Number(rest[6]) & kernelThreadFlag) !== 0;
  return { process: { pid, startMs: ticks * 10 }, parentPid, comm: text.slice(open + 1, close), isKernelThread };
}

/** All pids, at most `procLimits.processesMax`. */
export function listPids(procPath: string): readonly number[] {
  if (!existsSync(procPath)) return [];
  const pids = readdirSync(procPath)
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.slice(0, procLimits.processesMax);
}

export function readStat(procPath: string, pid: number): ProcessStat | undefined {
  return parseStat(readText(`${procPath}/${pid}/stat`));
}

interface Credentials {
  readonly uid: number;
  readonly gid: number;
  readonly capabilities: number;
}

/** Effective ids and capabilities from /proc/PID/status. */
export function parseCredentials(status: string): Credentials {
  const second = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+\\d+\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
  const mask = /^CapEff:\s+([0-9a-f]{1,16})$/m.exec(status)?.[1] ?? "0";
  return { uid: second("Uid"), gid: second("Gid"), capabilities: Number(BigInt(`0x${mask}`)) };
}

/**
 * What /proc says of the program's file and the process's place. Undefined when its namespaces may not be looked at. Not known here: whether the file
 * is of an overlay's writable layer, and the script.
 */
export function readFacts(folder: string, statText: string, status: string): ExecFacts | undefined {
  const inodeOf = (kind: string): number => Number(/\[(\d+)\]/.exec(readLink(`${folder}/ns/${kind}`))?.[1] ?? 0);
  const mountNamespace = inodeOf("mnt");
  if (mountNamespace === 0) return undefined;
  const rest = statText.slice(statText.lastIndexOf(")") + 2).split(" ");
  const field = (name: string): string => new RegExp(`^${name}:\\s+(.*)$`, "m").exec(status)?.[1]?.trim() ?? "";
  const mask = (name: string): number => Number(BigInt(`0x${/^[0-9a-f]{1,16}$/.exec(field(name))?.[0] ?? "0"}`));
  const file = statOf(`${folder}/exe`);
  return {
    device: file?.dev ?? 0,
    inode: file?.ino ?? 0,
    fileModifiedMs: Math.floor(file?.mtimeMs ?? 0),
    fileChangedMs: Math.floor(file?.ctimeMs ?? 0),
    isFileless: file !== undefined && file.nlink === 0,
    isUpper: false,
    mountNamespace,
    pidNamespace: inodeOf("pid"),
    innerPid: Number(field("NSpid").split(/\s+/).at(-1) ?? 0) || 0,
    processGroup: Number(rest[2]) || 0,
    session: Number(rest[3]) || 0,
    loginUid: loginUidOf(readText(`${folder}/loginuid`)),
    terminal: Number(rest[4]) || 0,
    capabilitiesPermitted: mask("CapPrm"),
    capabilitiesInheritable: mask("CapInh"),
    seccompMode: Number(field("Seccomp")) || 0,
    script: "",
  };
}

const noLogin = 4_294_967_295;

function loginUidOf(text: string): number {
  return /^\d+$/.test(text.trim()) ? Number(text) : noLogin;
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // Not to be looked at: unknown.
    return undefined;
  }
}

/** A process as an event; undefined when it is gone. `cgroupIds` remembers ids by path between calls of one inventory. */
export function readProcess(
  procPath: string,
  stat: ProcessStat,
  look: { readonly timeMs: number; readonly type: "exec" | "running"; readonly cgroupIds: CgroupIds },
): ExecEvent | undefined {
  const folder = `${procPath}/${stat.process.pid}`;
  const status = readText(`${folder}/status`);
  if (status === "") return undefined;
  const parent = stat.parentPid === 0 ? undefined : readStat(procPath, stat.parentPid);
  const area = readText(`${folder}/cmdline`);
  const facts = stat.isKernelThread ? undefined : readFacts(folder, readText(`${folder}/stat`), status);
  return {
    type: look.type,
    timeMs: look.timeMs,
    process: stat.process,
    comm: stat.comm,
    cgroupId: look.cgroupIds.idOf(readText(`${folder}/cgroup`)),
    parent: parent?.process ?? { pid: stat.parentPid, startMs: 0 },
    ...parseCredentials(status),
    path: readLink(`${folder}/exe`).replace(/ \(deleted\)$/, ""),
    arguments: splitArguments(area.slice(0, limit.argumentsBytesMax - 1)),
    argumentsCut: area.length >= limit.argumentsBytesMax,
    workingDirectory: readLink(`${folder}/cwd`),
    ...(facts === undefined ? {} : { facts }),
  };
}

export interface CgroupIds {
  /** The v2 id for the text of a /proc/PID/cgroup file; 0 when there is none. */
  idOf(cgroupFile: string): number;
}

const cgroupIdsMax = 16_384;

export function createCgroupIds(mount: string | undefined): CgroupIds {
  const ids = new Map<string, number>();
  return {
    idOf(cgroupFile) {
      const path = /^0::(\/.*)$/m.exec(cgroupFile)?.[1];
      if (mount === undefined || path === undefined) return 0;
      const known = ids.get(path);
      if (known !== undefined) return known;
      if (ids.size >= cgroupIdsMax) ids.clear();
      const id = statSync(`${mount}${path}`, { throwIfNoEntry: false })?.ino ?? 0;
      ids.set(path, id);
      return id;
    },
  };
}

/** Everything that runs now, as "running" events seen at `timeMs`. */
export function readRunning(procPath: string, timeMs: number): ExecEvent[] {
  const look = { timeMs, type: "running", cgroupIds: createCgroupIds(cgroupMount(procPath)) } as const;
  const events: ExecEvent[] = [];
  for (const pid of listPids(procPath)) {
    const stat = readStat(procPath, pid);
    const event = stat === undefined ? undefined : readProcess(procPath, stat, look);
    if (event !== undefined) events.push(event);
  }
  return events;
}

/** Whether /proc speaks of the same process numbers as the kernel's programs do. */
export function isFirstPidNamespace(procPath: string): boolean {
  return readLink(`${procPath}/self/ns/pid`) === firstPidNamespace;
}

/** PROC_PID_INIT_INO of linux/proc_ns.h: the number of the machine's first pid namespace is fixed. */
const firstPidNamespace = "pid:[4026531836]";

// Every process the agent knows of, bounded: who its parent was, what it ran, which cgroup it is in and how that is known.
// Fed in event order; times come in the events. What falls out is counted.
import { assert } from "../../base/assert.ts";
import type { ExecEvent, ExecFacts, ExitEvent, ForkEvent, ProcessKey, SensorEvent } from "../sense/sensor.ts";
import { cgroupLimits } from "./cgroup-forms.ts";
import { readCgroupLines, readCgroupPath, unknownCgroup } from "./cgroup-path.ts";
import type { CgroupIdentity } from "./cgroup-path.ts";
import { ProcessEntries } from "./process-entries.ts";
import type { Entry } from "./process-entries.ts";

export const processTableLimits = {
  processesMax: 32_768,
  /** An ended process is kept this long, so that events which overtook its exit still find it. */
  exitGraceMs: 5000,
  ancestorsMax: 8,
  /** v2 cgroups whose identity is remembered by kernel id. */
  cgroupsMax: 8192,
  /** Texts of /proc/PID/cgroup whose reading is remembered: the processes of one group share one identity object. */
  textsMax: 1024,
} as const;

export interface ProcessTableOptions {
  /** /proc/sys/kernel/random/boot_id; its first 8 characters are part of every process id. */
  readonly bootId: string;
  /** When the kernel started, milliseconds since the Unix epoch. */
  readonly bootTimeMs: number;
  readonly processesMax?: number;
  readonly exitGraceMs?: number;
}

/** What is known of one process; never holds arguments. */
export interface ProcessRecord extends ProcessKey {
  /** "<pid>.<start in ms since boot, base 36>.<first 8 of the boot id>". */
  readonly id: string;
  readonly parent: ProcessKey;
  readonly parentId: string;
  readonly startTimeMs: number;
  /** The kernel's short name. */
  readonly name: string;
  /** "" until an exec, the start-up inventory or the parent at the fork showed it. */
  readonly executable: string;
  readonly uid: number;
  readonly gid: number;
  readonly capabilities: number;
  readonly workingDirectory: string;
  /** What the kernel said at its last exec, or at its parent's before the fork; undefined where it does not say. `innerPid` is of the exec. */
  readonly facts?: ExecFacts | undefined;
  /** v2 cgroup id, 0 when not known. */
  readonly cgroupId: number;
  /** Epoch milliseconds, or undefined while it lives. */
  readonly exitTimeMs: number | undefined;
}

/** An identity and how it was come by. "kernel-id": by the v2 cgroup's id; "ancestry": the nearest ancestor's. */
export interface Attribution {
  readonly cgroup: CgroupIdentity;
  readonly because: "read" | "kernel-id" | "ancestry" | "unknown";
}

/** What came of reading /proc/PID/cgroup. "refused": the process belongs to another user. */
export type CgroupReading = { readonly text: string } | { readonly unread: "gone" | "refused" };

export interface ProcessTableStats {
  readonly processes: number;
  readonly ended: number;
  /** Living processes pushed out by the hard cap. */
  readonly evictedLiving: number;
  /** Ended processes pushed out before their grace time was over. */
  readonly evictedEnded: number;
}

export interface ProcessTable {
  /** Takes any sensor event and returns the record of its process (made from the event when it was not known). */
  observe(event: SensorEvent): ProcessRecord;
  /** The record of exactly this process; a start of 0 (not known) finds nothing, because pids are reused. */
  find(key: ProcessKey): ProcessRecord | undefined;
  /** True when the agent should read /proc/PID/cgroup: never read, or in another v2 cgroup or another program since. */
  needsCgroup(key: ProcessKey): boolean;
  /** The text of /proc/PID/cgroup as read just now. A process that is not in the table is ignored. */
  cgroupRead(key: ProcessKey, text: string): void;
  /** The process was gone when the agent tried to read. */
  cgroupGone(key: ProcessKey): void;
  /** The process is there, but belongs to another user and may not be looked at. */
  cgroupRefused(key: ProcessKey): void;
  /** What the process belongs to: own read, else v2 id, else nearest known ancestor, else unknown with the reason. */
  attribute(key: ProcessKey): Attribution;
  /** Names of the ancestors, nearest first, at most 8. */
  ancestors(key: ProcessKey): string[];
  /** Processes that did not end; the table may change while they are walked. */
  living(): Iterable<ProcessRecord>;
  /** Lets go of processes that ended longer ago than the grace time. */
  expire(nowMs: number): void;
  stats(): ProcessTableStats;
}

/** The text form of a process key (see ProcessEvent.processId). */
export function processIdOf(key: ProcessKey, bootId: string): string {
  return `${key.pid}.${Math.max(0, Math.floor(key.startMs)).toString(36)}.${bootId.slice(0, 8)}`;
}

export function createProcessTable(options: ProcessTableOptions): ProcessTable {
  return new BoundedProcessTable(options);
}

class BoundedProcessTable implements ProcessTable {
  private readonly options: ProcessTableOptions;
  private readonly exitGraceMs: number;
  private readonly entries: ProcessEntries;
  private readonly cgroupById = new Map<number, CgroupIdentity>();
  /** Ids that were read with two names, or as the host's own: the group at the root has everybody in it. */
  private readonly unnamed = new Set<number>();
  private readonly cgroupByText = new Map<string, CgroupIdentity>();
  /** Of the groups that the kernel announced. */
  private readonly idByPath = new Map<string, number>();

  constructor(options: ProcessTableOptions) {
    const processesMax = options.processesMax ?? processTableLimits.processesMax;
    assert(processesMax >= 1, "a process table holds at least one process");
    this.options = options;
    this.exitGraceMs = options.exitGraceMs ?? processTableLimits.exitGraceMs;
    this.entries = new ProcessEntries(processesMax);
  }

  observe(event: SensorEvent): ProcessRecord {
    if (event.type === "cgroup-made") {
      keepCgroup(this.cgroupById, event.cgroupId, readCgroupPath(event.path));
      keep(this.idByPath, event.path, event.cgroupId, processTableLimits.cgroupsMax);
    } else if (event.type === "cgroup-removed" && this.idByPath.get(event.path) === event.cgroupId) {
      this.idByPath.delete(event.path);
    }
    const entry = this.entries.find(event.process) ?? this.add(event);
    entry.isUsed = true;
    // The event of a new group carries the new group's id, not its maker's.
    if (event.cgroupId !== 0 && event.type !== "cgroup-made" && event.type !== "cgroup-removed") {
      entry.cgroupId = event.cgroupId;
    }
    if (event.type === "exec" || event.type === "running") {
      applyExec(entry, event, this.options.bootId);
      entry.readCgroupId = readBeforeExec;
    }
    if (event.type === "fork") this.fork(entry, event);
    else if (event.type === "exit") this.end(entry, event);
    return entry;
  }

  find(key: ProcessKey): ProcessRecord | undefined {
    return this.entries.find(key);
  }

  living(): Iterable<ProcessRecord> {
    return this.entries.living();
  }

  needsCgroup(key: ProcessKey): boolean {
    const entry = this.entries.find(key);
    if (entry === undefined || entry.unread !== "" || entry.exitTimeMs !== undefined) return false;
    return entry.read === undefined || entry.readCgroupId !== entry.cgroupId;
  }

  cgroupRead(key: ProcessKey, text: string): void {
    const entry = this.entries.find(key);
    if (entry === undefined) return;
    // It has moved on since its event: that is whose group it was then, and the next event asks again.
    const announcedId = this.idByPath.get(v2PathOf(text) ?? "");
    if (announcedId !== undefined && entry.cgroupId !== 0 && announcedId !== entry.cgroupId) return;
    entry.readCgroupId = entry.cgroupId;
    entry.read = this.cgroupByText.get(text);
    if (entry.read === undefined) {
      entry.read = readCgroupLines(text);
      if (text.length <= cgroupLimits.pathLengthMax)
        keep(this.cgroupByText, text, entry.read, processTableLimits.textsMax);
    }
    this.learnFromRead(entry.cgroupId, text);
  }

  cgroupGone(key: ProcessKey): void {
    const entry = this.entries.find(key);
    if (entry !== undefined) entry.unread = "gone";
  }

  cgroupRefused(key: ProcessKey): void {
    const entry = this.entries.find(key);
    if (entry !== undefined) entry.unread = "refused";
  }

  attribute(key: ProcessKey): Attribution {
    const entry = this.entries.find(key);
    if (entry === undefined) return notSeen;
    entry.isUsed = true;
    return this.attributeEntry(entry, 0) ?? whyUnknown(entry);
  }

  ancestors(key: ProcessKey): string[] {
    const names: string[] = [];
    let entry = this.parentOf(this.entries.find(key));
    while (entry !== undefined && names.length < processTableLimits.ancestorsMax) {
      names.push(entry.name);
      entry = this.parentOf(entry);
    }
    return names;
  }

  expire(nowMs: number): void {
    this.entries.expire(nowMs - this.exitGraceMs);
  }

  stats(): ProcessTableStats {
    return this.entries.stats();
  }

  private parentOf(entry: Entry | undefined): Entry | undefined {
    return entry === undefined ? undefined : this.entries.find(entry.parent);
  }

  private add(event: SensorEvent): Entry {
    const entry = emptyEntry(event, this.options);
    if (event.type === "exec" || event.type === "running" || event.type === "fork") {
      setParent(entry, event.parent, this.options.bootId);
      entry.inherited = this.attributeEntry(this.parentOf(entry), 0)?.cgroup;
    }
    this.entries.add(entry);
    return entry;
  }

  /** Until it executes something, a child runs its parent's program with its parent's rights. */
  private fork(entry: Entry, event: ForkEvent): void {
    if (entry.parent.pid === 0) setParent(entry, event.parent, this.options.bootId);
    entry.uid = event.uid;
    entry.gid = event.gid;
    const parent = this.entries.find(event.parent);
    if (parent === undefined || entry.executable !== "") return;
    entry.executable = parent.executable;
    entry.capabilities = parent.capabilities;
    entry.workingDirectory = parent.workingDirectory;
    // The child's own number is not known before its exec.
    entry.facts = parent.facts === undefined ? undefined : { ...parent.facts, innerPid: 0 };
  }

  private end(entry: Entry, event: ExitEvent): void {
    if (entry.exitTimeMs !== undefined) return;
    entry.exitTimeMs = event.timeMs;
    this.entries.ended.push(entry);
  }

  /**
   * One read names its whole v2 group, so that siblings gone before their own read are known too. A process may be moved between the event that told its
   * id and the read, as runtimes do with a container's first process: an id with two names names nobody from then on.
   */
  private learnFromRead(cgroupId: number, text: string): void {
    const line = v2PathOf(text);
    if (line === undefined || cgroupId === 0 || this.unnamed.has(cgroupId)) return;
    const identity = readCgroupPath(line);
    const known = this.cgroupById.get(cgroupId);
    const isOther = known !== undefined && (known.containerId !== identity.containerId || known.unit !== identity.unit);
    if (identity.kind !== "host" && !isOther) {
      keepCgroup(this.cgroupById, cgroupId, identity);
      return;
    }
    this.cgroupById.delete(cgroupId);
    if (this.unnamed.size >= processTableLimits.cgroupsMax) this.unnamed.clear();
    this.unnamed.add(cgroupId);
  }

  /** Own knowledge first; then the parent as it is known by now (it may have been read later), then what was known at the fork. */
  private attributeEntry(entry: Entry | undefined, depth: number): Attribution | undefined {
    if (entry === undefined || depth > processTableLimits.ancestorsMax) return undefined;
    if (entry.read !== undefined) return { cgroup: entry.read, because: "read" };
    const byId = entry.cgroupId === 0 ? undefined : this.cgroupById.get(entry.cgroupId);
    if (byId !== undefined) return { cgroup: byId, because: "kernel-id" };
    const fromParent = this.attributeEntry(this.parentOf(entry), depth + 1)?.cgroup ?? entry.inherited;
    return fromParent === undefined ? undefined : { cgroup: fromParent, because: "ancestry" };
  }
}

function v2PathOf(text: string): string | undefined {
  return /^0::(.*)$/m.exec(text)?.[1];
}

function unknown(reason: string): Attribution {
  return { cgroup: unknownCgroup(reason), because: "unknown" };
}

/**
 * Stands for the group of a read that an exec has made old: runtimes fork, move the child into its group, then execute, and in the v1
 * hierarchies no id tells of the move. No kernel id is negative.
 */
const readBeforeExec = -1;

/** One object each, so that callers may cache by it. */
const notSeen = unknown("process not seen");
const notRead = unknown("not read yet");
const gone = unknown("gone before it could be read");
const refused = unknown("belongs to another user: may not be read");

function whyUnknown({ unread, exitTimeMs }: Entry): Attribution {
  if (unread === "refused") return refused;
  return unread === "gone" || exitTimeMs !== undefined ? gone : notRead;
}

function emptyEntry(event: SensorEvent, options: ProcessTableOptions): Entry {
  return {
    pid: event.process.pid,
    startMs: event.process.startMs,
    id: processIdOf(event.process, options.bootId),
    parent: { pid: 0, startMs: 0 },
    parentId: "",
    startTimeMs: options.bootTimeMs + event.process.startMs,
    name: event.comm,
    executable: "",
    uid: 0,
    gid: 0,
    capabilities: 0,
    workingDirectory: "",
    facts: undefined,
    cgroupId: 0,
    exitTimeMs: undefined,
    inherited: undefined,
    read: undefined,
    readCgroupId: 0,
    unread: "",
    isUsed: true,
  };
}

function setParent(entry: Entry, parent: ProcessKey, bootId: string): void {
  if (parent.pid === 0) return;
  entry.parent = { pid: parent.pid, startMs: parent.startMs };
  entry.parentId = processIdOf(parent, bootId);
}

function applyExec(entry: Entry, event: ExecEvent, bootId: string): void {
  if (entry.parent.pid === 0) setParent(entry, event.parent, bootId);
  entry.name = event.comm;
  entry.executable = event.path;
  entry.uid = event.uid;
  entry.gid = event.gid;
  entry.capabilities = event.capabilities;
  entry.workingDirectory = event.workingDirectory;
  entry.facts = event.facts;
}

/**
 * Only a positive identity is kept: the root's id names nobody. A removed group stays until pushed out: the kernel does not reuse these
 * ids, and events of its last processes may still be on their way.
 */
function keepCgroup(cgroupById: Map<number, CgroupIdentity>, cgroupId: number, identity: CgroupIdentity): void {
  if (cgroupId === 0 || identity.kind === "host" || identity.kind === "unknown") return;
  keep(cgroupById, cgroupId, identity, processTableLimits.cgroupsMax);
}

/** The oldest entry leaves a full map. */
function keep<K, V>(map: Map<K, V>, key: K, value: V, max: number): void {
  if (map.size >= max && !map.has(key)) {
    const oldest = map.keys().next().value;
    if (oldest !== undefined) map.delete(oldest);
  }
  map.set(key, value);
}

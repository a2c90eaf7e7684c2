// The processes of a machine as rules need them: programs, arguments, ancestors. Bounded in number and bytes; what falls out is counted.
import type { DetectLimits } from "../contract.ts";
import type { ExecEvent, ForkEvent, ProcessKey, SensorEvent } from "../../sense/sensor.ts";
import { nobody } from "../blank-event.ts";
import type { ProcessFacts } from "./facts.ts";

/** How long an ended process is kept for events that come late. */
export const graceMs = 10_000;
/** Arguments of one process beyond these are cut. */
export const argumentsBytesMax = 16_384;

export interface BookStats {
  readonly processes: number;
  readonly bytes: number;
  readonly evicted: number;
  readonly argumentsCut: number;
  readonly unknown: number;
}

export interface ProcessBook {
  /** Notes starts and ends; to be called with every event, before it is judged. */
  observe(event: SensorEvent): void;
  /** A process that was never seen to start is a stub with its short name. */
  find(event: Whose): ProcessFacts;
  /** Forgets what ended long enough ago. */
  expire(nowMs: number): void;
  stats(): BookStats;
}

type Whose = Pick<SensorEvent, "process" | "comm" | "cgroupId" | "timeMs">;

type BookLimits = Pick<DetectLimits, "processesMax" | "processBytesMax" | "ancestorsMax">;

export function createProcessBook(limits: BookLimits): ProcessBook {
  return new Book(limits);
}

class Book implements ProcessBook {
  readonly #limits: BookLimits;
  readonly #byPid = new Map<number, ProcessFacts>();
  /** In the order of their ends. */
  #ended: ProcessFacts[] = [];
  #endedFrom = 0;
  /** Events of one process come in rows, and each asks twice. */
  #last: ProcessFacts | undefined;
  #bytes = 0;
  #evicted = 0;
  #cut = 0;
  #unknown = 0;
  #serial = 0;

  constructor(limits: BookLimits) {
    this.#limits = limits;
  }

  observe(event: SensorEvent): void {
    switch (event.type) {
      case "exec":
      case "running":
        return this.#executed(event);
      case "fork":
        return this.#forked(event);
      case "exit":
        return this.#exited(event);
      case "file":
      case "call":
        return this.#renamed(event);
      default:
    }
  }

  find(event: Whose): ProcessFacts {
    const known = this.#current(event.process);
    if (known !== undefined) return known;
    this.#unknown += 1;
    const made = this.#stub(event);
    // The kernel's own work has no process: nothing to keep.
    if (event.process.pid !== 0) this.#keep(made);
    return made;
  }

  /**
   * A process may call itself something else (prctl). Rules go by the program, so only the stages of runc are taken: rules of others know them by name.
   * Sockets' events carry an older name.
   */
  #renamed({ process: key, comm, timeMs }: SensorEvent): void {
    // Nearly every event ends here: without a look at its process.
    if (comm.charCodeAt(0) !== 114 || !comm.startsWith("runc:[")) return;
    const known = this.#current(key);
    if (known === undefined || known.comm === comm || timeMs <= known.execMs) return;
    if (known.isKnown && !isRunc(known.executable)) return;
    known.comm = comm;
    known.commandLine = undefined;
    known.memo = noMemo;
    known.memoOf = 0;
  }

  #current(key: ProcessKey): ProcessFacts | undefined {
    const { pid, startMs } = key;
    const last = this.#last;
    if (last !== undefined && last.key.pid === pid && last.key.startMs === startMs) return last;
    const known = this.#byPid.get(pid);
    if (known === undefined || known.key.startMs !== startMs) return undefined;
    this.#last = known;
    return known;
  }

  #executed(event: ExecEvent): void {
    const before = this.#current(event.process);
    const parent = before?.parent ?? this.#parentOf(event.parent);
    const words = this.#withinLimit(event.arguments);
    let textLength = event.path.length + event.workingDirectory.length;
    for (let index = 0; index < words.length; index += 1) textLength += (words[index] as string).length + 16;
    if (event.environment !== undefined) for (const variable of event.environment) textLength += variable.length + 16;
    this.#keep({
      key: event.process,
      serial: before?.serial ?? this.#nextSerial(),
      isKnown: true,
      comm: event.comm,
      executable: event.path,
      arguments: words,
      workingDirectory: event.workingDirectory,
      uid: event.uid,
      gid: event.gid,
      capabilities: event.capabilities,
      facts: event.facts,
      environment: event.environment,
      parent,
      parentPid: event.parent.pid,
      execMs: event.timeMs,
      cgroupId: event.cgroupId,
      endedMs: 0,
      hasChildren: false,
      subject: undefined,
      bytes: objectBytes + 2 * textLength,
      memo: noMemo,
      memoOf: 0,
      commandLine: undefined,
    });
  }

  #forked(event: ForkEvent): void {
    if (this.#current(event.process) !== undefined) return;
    const parent = this.#parentOf(event.parent);
    const made: ProcessFacts =
      parent === undefined
        ? this.#stub(event)
        : {
            ...parent,
            key: event.process,
            serial: this.#nextSerial(),
            parent,
            parentPid: event.parent.pid,
            uid: event.uid,
            gid: event.gid,
            cgroupId: event.cgroupId,
            endedMs: 0,
            hasChildren: false,
            subject: parent.cgroupId === event.cgroupId ? parent.subject : undefined,
            // Its texts are its parent's: only the object counts.
            bytes: objectBytes,
            memo: noMemo,
            memoOf: 0,
          };
    this.#keep(made);
  }

  #exited(event: SensorEvent): void {
    const known = this.#current(event.process);
    if (known === undefined || known.endedMs !== 0) return;
    known.endedMs = event.timeMs;
    this.#ended.push(known);
  }

  #parentOf(key: ProcessKey): ProcessFacts | undefined {
    if (key.pid === 0) return undefined;
    const parent = this.#current(key);
    if (parent === undefined) return undefined;
    parent.hasChildren = true;
    this.#cutAncestry(parent);
    return parent;
  }

  /** Chains of ended processes must not grow for ever: daemons fork and end, generation after generation. */
  #cutAncestry(from: ProcessFacts): void {
    let each: ProcessFacts | undefined = from;
    for (let distance = 0; each !== undefined; distance += 1) {
      if (distance >= this.#limits.ancestorsMax && each.endedMs !== 0) {
        each.parent = undefined;
        return;
      }
      each = each.parent;
    }
  }

  /** A process that was never seen to start. */
  #stub({ process: key, comm, cgroupId, timeMs }: Whose): ProcessFacts {
    return { ...nobody(), key, serial: this.#nextSerial(), comm, execMs: timeMs, cgroupId, bytes: objectBytes };
  }

  #nextSerial(): number {
    this.#serial += 1;
    return this.#serial;
  }

  #withinLimit(words: readonly string[]): readonly string[] {
    let left = argumentsBytesMax;
    for (let index = 0; index < words.length; index += 1) {
      const word = words[index] as string;
      left -= word.length;
      if (left >= 0) continue;
      this.#cut += 1;
      return [...words.slice(0, index), word.slice(0, word.length + left)];
    }
    return words;
  }

  #keep(made: ProcessFacts): void {
    const before = this.#byPid.get(made.key.pid);
    if (before !== undefined) this.#remove(before);
    this.#last = undefined;
    this.#byPid.set(made.key.pid, made);
    this.#bytes += made.bytes;
    while (this.#byPid.size > this.#limits.processesMax || this.#bytes > this.#limits.processBytesMax) {
      if (!this.#evict(made)) return;
    }
  }

  #remove(process: ProcessFacts): void {
    if (this.#byPid.get(process.key.pid) !== process) return;
    this.#last = undefined;
    this.#byPid.delete(process.key.pid);
    this.#bytes -= process.bytes;
  }

  /** Ended ones first, then the oldest; false: only the newest is left. */
  #evict(newest: ProcessFacts): boolean {
    while (this.#endedFrom < this.#ended.length) {
      const ended = this.#ended[this.#endedFrom] as ProcessFacts;
      this.#endedFrom += 1;
      if (this.#byPid.get(ended.key.pid) !== ended) continue;
      this.#remove(ended);
      this.#evicted += 1;
      return true;
    }
    const oldest = this.#byPid.values().next().value;
    if (oldest === undefined || oldest === newest) return false;
    this.#remove(oldest);
    this.#evicted += 1;
    return true;
  }

  expire(nowMs: number): void {
    while (this.#endedFrom < this.#ended.length) {
      const ended = this.#ended[this.#endedFrom] as ProcessFacts;
      if (ended.endedMs > nowMs - graceMs) break;
      this.#endedFrom += 1;
      this.#remove(ended);
    }
    if (this.#endedFrom > 1024 || this.#endedFrom === this.#ended.length) {
      this.#ended = this.#ended.slice(this.#endedFrom);
      this.#endedFrom = 0;
    }
  }

  stats(): BookStats {
    return {
      processes: this.#byPid.size,
      bytes: this.#bytes,
      evicted: this.#evicted,
      argumentsCut: this.#cut,
      unknown: this.#unknown,
    };
  }
}

function isRunc(executable: string): boolean {
  return executable.endsWith("/runc") || executable.startsWith("/memfd:runc_cloned");
}

/** Until something is remembered: one list for all, never written to. */
const noMemo: number[] = [];

/** A process without its texts, roughly. */
const objectBytes = 400;

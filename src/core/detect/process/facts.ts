// What the engine knows of a process. One object is one executed program in one process: rules' judgements about it are remembered on it.
import type { DetectSubject } from "../contract.ts";
import type { ExecFacts, ProcessKey } from "../../sense/sensor.ts";

export interface ProcessFacts {
  readonly key: ProcessKey;
  /** Of the process, whatever it executes: sequences go by it. */
  readonly serial: number;
  /** The program was seen; else only the short name is known and all else is missing. */
  isKnown: boolean;
  comm: string;
  readonly executable: string;
  readonly arguments: readonly string[];
  readonly workingDirectory: string;
  readonly uid: number;
  readonly gid: number;
  readonly capabilities: number;
  readonly facts: ExecFacts | undefined;
  /** "NAME=value" of the variables that rules ask for, not redacted; undefined: not read. */
  readonly environment: readonly string[] | undefined;
  /** Program of the process that made this one, as it was then. */
  parent: ProcessFacts | undefined;
  readonly parentPid: number;
  readonly execMs: number;
  cgroupId: number;
  endedMs: number;
  hasChildren: boolean;
  subject: DetectSubject | undefined;
  /** Bytes that it counts for. */
  readonly bytes: number;
  /** Which rules of an event class may fire for it: made by the engine, thrown away when the subject changes. */
  memo: number[];
  memoOf: number;
  commandLine: string | undefined;
}

/** "runc:[1:CHILD] init": the short name and the arguments but the first, as Falco's proc.cmdline. */
export function commandLineOf(process: ProcessFacts): string {
  process.commandLine ??= [process.comm, ...process.arguments.slice(1)].join(" ");
  return process.commandLine;
}

/** 0: the process itself, 1: its parent; undefined: farther than what is known. */
export function ancestorOf(process: ProcessFacts, distance: number): ProcessFacts | undefined {
  let found: ProcessFacts | undefined = process;
  for (let step = 0; step < distance && found !== undefined; step += 1) found = found.parent;
  return found;
}

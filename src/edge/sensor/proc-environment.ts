// /proc/PID/environ, for an exec whose environment was longer than the kernel's copy: what a program is given to hide a variable behind many others.
import { closeSync, openSync, readSync } from "node:fs";
import type { ProcessKey } from "../../core/sense/sensor.ts";
import { environmentLimits, takeAsked, type AskedNames } from "./asked-environment.ts";
import { readStat } from "./proc.ts";

export interface ReadEnvironment {
  /** "NAME=value". */
  readonly variables: readonly string[];
  /** There was more than `environmentLimits.procBytesMax`. */
  readonly isCut: boolean;
}

/** The asked variables of a process that still is what it was; undefined when it is gone or may not be looked at. */
export function readAsked(procPath: string, process: ProcessKey, asked: AskedNames): ReadEnvironment | undefined {
  const area = Buffer.alloc(environmentLimits.procBytesMax);
  try {
    const length = readWhole(`${procPath}/${process.pid}/environ`, area);
    // Looked at after it was read: a number that was given to another process meanwhile has another start.
    if (length === 0 || readStat(procPath, process.pid)?.process.startMs !== process.startMs) return undefined;
    return { variables: takeAsked(area, 0, length, asked), isCut: length === area.length };
  } catch {
    // Gone, or not permitted: not known, which the caller counts.
    return undefined;
  } finally {
    area.fill(0);
  }
}

function readWhole(path: string, area: Buffer): number {
  const descriptor = openSync(path, "r");
  try {
    let length = 0;
    while (length < area.length) {
      const read = readSync(descriptor, area, length, area.length - length, null);
      if (read === 0) break;
      length += read;
    }
    return length;
  } finally {
    closeSync(descriptor);
  }
}

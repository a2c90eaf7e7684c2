// What rules remember between events: who belongs together, how much may be kept, and what was dropped.
import type { DetectLimits } from "../contract.ts";
import type { DetectEvent } from "../event.ts";
import type { Grouping } from "../engine/program.ts";
import type { Term } from "../engine/resolve.ts";
import type { ReadTerm } from "../engine/compile-check.ts";
import type { Owners } from "./fair-pool.ts";

/** Room for the states of all rules together. */
export interface Room {
  /** What all memories hold together. */
  open: number;
  dropped: number;
  readonly max: number;
  readonly ofRuleMax: number;
  readonly latenessMs: number;
  /** How fields are read: of sensor events, or of flat ones. */
  readonly readTerm: ReadTerm;
  /** Who shares it. */
  readonly memories: Memory[];
}

/** A part of a rule that has a memory. */
export interface Memory {
  /** Nothing that began before this time matters any more. */
  expire(nowMs: number): void;
  readonly dropped: number;
  /** States of it that stand in the room: candidates of a sequence, counters, open absences, groups and values of a baseline. */
  readonly held: number;
  /** Another rule needs room: at least one state goes, of whoever has the most, and is counted. */
  giveWay(): void;
}

export function createRoom(limits: DetectLimits, readTerm: ReadTerm): Room {
  const { statesMax, statesOfRuleMax, latenessMs } = limits;
  return { open: 0, dropped: 0, max: statesMax, ofRuleMax: statesOfRuleMax, latenessMs, readTerm, memories: [] };
}

/** Room for one more state: when all is full, the rule with the most gives way, whoever asks. */
export function makeRoom(room: Room): void {
  while (room.open >= room.max) {
    let largest: Memory | undefined;
    for (const memory of room.memories) if (memory.held > (largest?.held ?? 0)) largest = memory;
    if (largest === undefined) return;
    largest.giveWay();
  }
}

/** Who shares fairly: workloads, inside them what one process has started, inside that each process. */
export function ownersOf(event: DetectEvent): Owners {
  const { serial, parent } = event.process;
  return [workloadKeyOf(event), parent?.serial ?? serial, serial];
}

/** An event as it was, for later: the engine fills its own again. */
export function keptEvent(event: DetectEvent): DetectEvent {
  return { ...event };
}

/** Generations that count as related: the process, and this many before it. */
export const relatedAncestorsMax = 4;

/** Whose events they are, in the widest sense that the grouping allows. */
export function subjectKeyOf({ subject, process }: DetectEvent): string {
  if (subject.isContainer) return subject.subject.containerId || `cgroup:${process.cgroupId}`;
  const { namespace, workload } = subject.subject;
  return workload === "" ? `cgroup:${process.cgroupId}` : `${namespace}/${workload}`;
}

export function workloadKeyOf(event: DetectEvent): string {
  const { namespace, workload } = event.subject.subject;
  return workload === "" ? subjectKeyOf(event) : `${namespace}/${workload}`;
}

/** Keys of which one must be shared. More than one only for ancestry: a shell's children are related by the shell. */
export function groupKeysOf(event: DetectEvent, by: Grouping): readonly string[] {
  switch (by) {
    case "node":
      return [""];
    case "workload":
      return [workloadKeyOf(event)];
    case "container":
      return [subjectKeyOf(event)];
    case "process":
      return [event.source === "k8s_audit" ? workloadKeyOf(event) : String(event.process.serial)];
    case "ancestry":
      return ancestryKeys(event);
  }
}

/** The machine's first process is everybody's ancestor: it relates nobody. */
function ancestryKeys(event: DetectEvent): readonly string[] {
  const subject = subjectKeyOf(event);
  const keys: string[] = [];
  let each: DetectEvent["process"] | undefined = event.process;
  for (let distance = 0; distance <= relatedAncestorsMax && each !== undefined; distance += 1, each = each.parent) {
    if (each.key.pid <= 2 && !event.subject.isContainer) break;
    keys.push(`${subject}|${each.serial}`);
  }
  return keys.length === 0 ? [subject] : keys;
}

/** Values of fields as one key; missing ones count as equal to each other. */
export function fieldsKeyOf(terms: readonly Term[], readTerm: ReadTerm): (event: DetectEvent) => string {
  const reads = terms.map(readTerm);
  return (event) =>
    reads
      .map((read) => {
        const value = read(event);
        return value === undefined ? "" : JSON.stringify(value);
      })
      .join("\u001f");
}

// Values that a workload has not had before: learnt for a time, then each new one is told once.
// When another rule needs room, the group with the most values has no baseline any more; it is not learnt anew, and this is counted.
import type { Program } from "../engine/program.ts";
import type { DetectEvent } from "../event.ts";
import { fieldsKeyOf, groupKeysOf, makeRoom, type Memory, type Room } from "./state.ts";

export const firstSeenLimits = { valuesOfGroupMax: 1000 } as const;

export interface FirstSeen extends Memory {
  take(event: DetectEvent): void;
}

interface Known {
  readonly sinceMs: number;
  values: Set<string>;
  isFull: boolean;
}

type BaselineProgram = Extract<Program, { kind: "baseline" }>;

/** Learning begins with the first event of a group. A group with too many values is told no more: it has no baseline. */
export function createFirstSeen(program: BaselineProgram, room: Room, fire: (event: DetectEvent) => void): FirstSeen {
  const groups = new Map<string, Known>();
  const fields = fieldsKeyOf(program.fields, room.readTerm);
  let held = 0;
  function hold(by: number): void {
    held += by;
    room.open += by;
  }
  function drop(): void {
    memory.dropped += 1;
    room.dropped += 1;
  }
  function giveUp(known: Known): void {
    known.isFull = true;
    hold(-known.values.size);
    known.values = new Set();
    drop();
  }
  const memory = {
    dropped: 0,
    get held(): number {
      return held;
    },
    giveWay(): void {
      let largest: readonly [key: string, known: Known] | undefined;
      for (const group of groups) if (group[1].values.size >= (largest?.[1].values.size ?? 0)) largest = group;
      if (largest === undefined) return;
      const [key, known] = largest;
      if (known.values.size > 0) return giveUp(known);
      groups.delete(key);
      hold(-1);
      drop();
    },
    take(event: DetectEvent): void {
      const [key = ""] = groupKeysOf(event, program.by);
      let known = groups.get(key);
      if (known === undefined) {
        if (groups.size >= room.ofRuleMax) return drop();
        makeRoom(room);
        known = { sinceMs: event.timeMs, values: new Set(), isFull: false };
        groups.set(key, known);
        hold(1);
      }
      const value = fields(event);
      if (known.isFull || known.values.has(value)) return;
      if (known.values.size >= firstSeenLimits.valuesOfGroupMax) return giveUp(known);
      makeRoom(room);
      // It may have been the one that gave way.
      if (known.isFull || !groups.has(key)) return;
      known.values.add(value);
      hold(1);
      if (event.timeMs - known.sinceMs >= program.learnMs) fire(event);
    },
    expire(): void {
      // What was learnt stays: a workload's habits do not run out.
    },
  };
  room.memories.push(memory);
  return memory;
}

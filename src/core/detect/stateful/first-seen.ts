// Values that a workload has not had before: learnt for a time, then each new one is told once.
import type { Program } from "../engine/program.ts";
import type { DetectEvent } from "../event.ts";
import { fieldsKeyOf, groupKeysOf, type Memory, type Room } from "./state.ts";

export const firstSeenLimits = { valuesOfGroupMax: 1000 } as const;

export interface FirstSeen extends Memory {
  take(event: DetectEvent): void;
}

interface Known {
  readonly sinceMs: number;
  readonly values: Set<string>;
  isFull: boolean;
}

type BaselineProgram = Extract<Program, { kind: "baseline" }>;

/** Learning begins with the first event of a group. A group with too many values is told no more: it has no baseline. */
export function createFirstSeen(program: BaselineProgram, room: Room, fire: (event: DetectEvent) => void): FirstSeen {
  const groups = new Map<string, Known>();
  const fields = fieldsKeyOf(program.fields, room.readTerm);
  return {
    dropped: 0,
    take(event) {
      const [key = ""] = groupKeysOf(event, program.by);
      let known = groups.get(key);
      if (known === undefined) {
        if (groups.size >= room.ofRuleMax || room.open >= room.max) {
          (this as { dropped: number }).dropped += 1;
          room.dropped += 1;
          return;
        }
        known = { sinceMs: event.timeMs, values: new Set(), isFull: false };
        groups.set(key, known);
        room.open += 1;
      }
      const value = fields(event);
      if (known.isFull || known.values.has(value)) return;
      if (known.values.size >= firstSeenLimits.valuesOfGroupMax || room.open >= room.max) {
        known.isFull = true;
        (this as { dropped: number }).dropped += 1;
        room.dropped += 1;
        return;
      }
      known.values.add(value);
      room.open += 1;
      if (event.timeMs - known.sinceMs >= program.learnMs) fire(event);
    },
    expire() {
      // What was learnt stays: a workload's habits do not run out.
    },
  };
}

// A without B: something began and what should follow did not come in time.
import type { Program } from "../engine/program.ts";
import type { DetectEvent } from "../event.ts";
import { fieldsKeyOf, groupKeysOf, keptEvent, type Memory, type Room } from "./state.ts";

export interface Absence extends Memory {
  began(event: DetectEvent): void;
  followed(event: DetectEvent): void;
}

type AbsenceProgram = Extract<Program, { kind: "absence" }>;

/** `fire` gets the event that nothing followed. What follows may arrive late, and even before what it follows. */
export function createAbsence(program: AbsenceProgram, room: Room, fire: (event: DetectEvent) => void): Absence {
  const open = new Map<string, DetectEvent>();
  /** When what should follow was last seen. */
  const seen = new Map<string, number>();
  const fields = fieldsKeyOf(program.fields, room.readTerm);
  const keysOf = (event: DetectEvent): readonly string[] =>
    groupKeysOf(event, program.by).map((key) => `${key}\u001e${fields(event)}`);
  function close(key: string): void {
    if (open.delete(key)) room.open -= 1;
  }
  return {
    dropped: 0,
    began(event) {
      const keys = keysOf(event);
      const [key] = keys;
      if (key === undefined || open.has(key) || keys.some((one) => (seen.get(one) ?? -1) >= event.timeMs)) return;
      if (open.size >= room.ofRuleMax || room.open >= room.max) {
        (this as { dropped: number }).dropped += 1;
        room.dropped += 1;
        return;
      }
      open.set(key, keptEvent(event));
      room.open += 1;
    },
    followed(event) {
      for (const key of keysOf(event)) {
        const began = open.get(key);
        if (began !== undefined && event.timeMs >= began.timeMs && event.timeMs <= began.timeMs + program.withinMs)
          close(key);
        seen.delete(key);
        seen.set(key, event.timeMs);
      }
      while (seen.size > room.ofRuleMax) seen.delete(seen.keys().next().value as string);
    },
    expire(nowMs) {
      for (const [key, event] of open) {
        if (event.timeMs + program.withinMs + room.latenessMs > nowMs) continue;
        close(key);
        fire(event);
      }
      for (const [key, timeMs] of seen) if (timeMs < nowMs - program.withinMs - room.latenessMs) seen.delete(key);
    },
  };
}

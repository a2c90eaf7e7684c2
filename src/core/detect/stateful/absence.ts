// A without B: something began and what should follow did not come in time. When too much is open, the oldest of whoever has the most is given up.
import type { Program } from "../engine/program.ts";
import type { DetectEvent } from "../event.ts";
import { createFairPool } from "./fair-pool.ts";
import { fieldsKeyOf, groupKeysOf, keptEvent, makeRoom, ownersOf, type Memory, type Room } from "./state.ts";

export interface Absence extends Memory {
  began(event: DetectEvent): void;
  followed(event: DetectEvent): void;
}

interface Open {
  readonly key: string;
  readonly event: DetectEvent;
}

type AbsenceProgram = Extract<Program, { kind: "absence" }>;

/** `fire` gets the event that nothing followed. What follows may arrive late, and even before what it follows. */
export function createAbsence(program: AbsenceProgram, room: Room, fire: (event: DetectEvent) => void): Absence {
  const open = new Map<string, Open>();
  const pool = createFairPool<Open>();
  const seen = createSeen(room);
  const fields = fieldsKeyOf(program.fields, room.readTerm);
  const keysOf = (event: DetectEvent): readonly string[] =>
    groupKeysOf(event, program.by).map((key) => `${key}\u001e${fields(event)}`);
  function close(one: Open): void {
    open.delete(one.key);
    if (pool.delete(one)) room.open -= 1;
  }
  function drop(): void {
    memory.dropped += 1;
    room.dropped += 1;
  }
  const memory = {
    dropped: 0,
    get held(): number {
      return pool.size;
    },
    giveWay(): void {
      const victim = pool.victim();
      if (victim === undefined) return;
      drop();
      close(victim);
    },
    began(event: DetectEvent): void {
      const keys = keysOf(event);
      const [key] = keys;
      if (key === undefined || open.has(key) || keys.some((one) => seen.lastMs(one) >= event.timeMs)) return;
      if (pool.size >= room.ofRuleMax) memory.giveWay();
      makeRoom(room);
      const one: Open = { key, event: keptEvent(event) };
      open.set(key, one);
      pool.add(one, ownersOf(event));
      room.open += 1;
    },
    followed(event: DetectEvent): void {
      for (const key of keysOf(event)) {
        const began = open.get(key);
        if (began !== undefined && event.timeMs >= began.event.timeMs)
          if (event.timeMs <= began.event.timeMs + program.withinMs) close(began);
        if (seen.add(key, event.timeMs)) drop();
      }
    },
    expire(nowMs: number): void {
      for (const one of pool.items()) {
        if (one.event.timeMs + program.withinMs + room.latenessMs > nowMs) continue;
        close(one);
        fire(one.event);
      }
      seen.expire(nowMs - program.withinMs - room.latenessMs);
    },
  };
  room.memories.push(memory);
  return memory;
}

/** When what should follow was last seen, for beginnings that come late. */
function createSeen({ ofRuleMax, latenessMs }: Room) {
  const times = new Map<string, number>();
  let newestMs = 0;
  return {
    lastMs: (key: string): number => times.get(key) ?? -1,
    /** True: another one fell out for it whose beginning might still come. */
    add(key: string, timeMs: number): boolean {
      newestMs = Math.max(newestMs, timeMs);
      times.delete(key);
      times.set(key, timeMs);
      if (times.size <= ofRuleMax) return false;
      const [oldest] = times;
      if (oldest === undefined) return false;
      times.delete(oldest[0]);
      return oldest[1] >= newestMs - latenessMs;
    },
    expire(beforeMs: number): void {
      for (const [key, timeMs] of times) if (timeMs < beforeMs) times.delete(key);
    },
  };
}

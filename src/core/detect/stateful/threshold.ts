// So many events, or so many different values, within a time. When all counters are taken, the oldest of whoever has the most goes.
import type { Program } from "../engine/program.ts";
import type { DetectEvent } from "../event.ts";
import { createFairPool } from "./fair-pool.ts";
import { fieldsKeyOf, groupKeysOf, keptEvent, makeRoom, ownersOf, type Memory, type Room } from "./state.ts";

interface Counter {
  readonly key: string;
  /** In the order of time. */
  events: { readonly event: DetectEvent; readonly value: string; readonly count: number }[];
}

export interface Threshold extends Memory {
  take(event: DetectEvent): void;
}

type ThresholdProgram = Extract<Program, { kind: "threshold" }>;

/** `fire` gets the events that reached it, oldest first, and how many they stand for. */
export function createThreshold(
  program: ThresholdProgram,
  room: Room,
  fire: (events: readonly DetectEvent[], count: number) => void,
): Threshold {
  const counters = new Map<string, Counter>();
  const pool = createFairPool<Counter>();
  const fields = fieldsKeyOf(program.fields, room.readTerm);
  const distinct = program.distinct === undefined ? undefined : room.readTerm(program.distinct);
  /** More than these of one counter are not kept: its number is reached by then. */
  const keptMax = Math.min(program.count + 1, 2000);
  function counterOf(key: string, event: DetectEvent): Counter {
    const known = counters.get(key);
    if (known !== undefined) return known;
    if (pool.size >= room.ofRuleMax) memory.giveWay();
    makeRoom(room);
    const made: Counter = { key, events: [] };
    counters.set(key, made);
    pool.add(made, ownersOf(event));
    room.open += 1;
    return made;
  }
  function remove(counter: Counter): void {
    counters.delete(counter.key);
    if (pool.delete(counter)) room.open -= 1;
  }
  const memory = {
    dropped: 0,
    get held(): number {
      return pool.size;
    },
    giveWay(): void {
      const victim = pool.victim();
      if (victim === undefined) return;
      memory.dropped += 1;
      room.dropped += 1;
      remove(victim);
    },
    take(event: DetectEvent): void {
      const key = `${groupKeysOf(event, program.by)[0]}\u001e${fields(event)}`;
      const value = distinct === undefined ? "" : JSON.stringify(distinct(event) ?? "");
      const counter = counterOf(key, event);
      counter.events = placed(counter.events, { event: keptEvent(event), value, count: event.count }).slice(-keptMax);
      const newest = counter.events.at(-1)?.event.timeMs ?? 0;
      counter.events = counter.events.filter((one) => one.event.timeMs >= newest - program.withinMs);
      const reached =
        distinct === undefined
          ? counter.events.reduce((sum, one) => sum + one.count, 0)
          : new Set(counter.events.map((one) => one.value)).size;
      if (reached < program.count) return;
      remove(counter);
      fire(
        counter.events.map((one) => one.event),
        reached,
      );
    },
    expire(nowMs: number): void {
      for (const counter of pool.items())
        if ((counter.events.at(-1)?.event.timeMs ?? 0) < nowMs - program.withinMs - room.latenessMs) remove(counter);
    },
  };
  room.memories.push(memory);
  return memory;
}

/** Late ones go where their time says. */
function placed<T extends { readonly event: DetectEvent }>(events: readonly T[], added: T): T[] {
  let at = events.length;
  while (at > 0 && (events[at - 1] as T).event.timeMs > added.event.timeMs) at -= 1;
  return [...events.slice(0, at), added, ...events.slice(at)];
}

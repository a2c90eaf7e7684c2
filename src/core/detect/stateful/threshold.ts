// So many events, or so many different values, within a time.
import type { Program } from "../engine/program.ts";
import type { DetectEvent } from "../event.ts";
import { fieldsKeyOf, groupKeysOf, keptEvent, type Memory, type Room } from "./state.ts";

interface Counter {
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
  const fields = fieldsKeyOf(program.fields, room.readTerm);
  const distinct = program.distinct === undefined ? undefined : room.readTerm(program.distinct);
  /** More than these of one counter are not kept: its number is reached by then. */
  const keptMax = Math.min(program.count + 1, 2000);
  function counterOf(key: string): Counter {
    const known = counters.get(key);
    if (known !== undefined) return known;
    if (counters.size >= room.ofRuleMax || room.open >= room.max) {
      memory.dropped += 1;
      room.dropped += 1;
      const oldest = counters.keys().next().value;
      if (oldest !== undefined) remove(oldest);
    }
    const made: Counter = { events: [] };
    counters.set(key, made);
    room.open += 1;
    return made;
  }
  function remove(key: string): void {
    if (counters.delete(key)) room.open -= 1;
  }
  const memory = {
    dropped: 0,
    take(event: DetectEvent): void {
      const key = `${groupKeysOf(event, program.by)[0]}\u001e${fields(event)}`;
      const value = distinct === undefined ? "" : JSON.stringify(distinct(event) ?? "");
      const counter = counterOf(key);
      counter.events = placed(counter.events, { event: keptEvent(event), value, count: event.count }).slice(-keptMax);
      const newest = counter.events.at(-1)?.event.timeMs ?? 0;
      counter.events = counter.events.filter((one) => one.event.timeMs >= newest - program.withinMs);
      const reached =
        distinct === undefined
          ? counter.events.reduce((sum, one) => sum + one.count, 0)
          : new Set(counter.events.map((one) => one.value)).size;
      if (reached < program.count) return;
      remove(key);
      fire(
        counter.events.map((one) => one.event),
        reached,
      );
    },
    expire(nowMs: number): void {
      for (const [key, { events }] of counters)
        if ((events.at(-1)?.event.timeMs ?? 0) < nowMs - program.withinMs - room.latenessMs) remove(key);
    },
  };
  return memory;
}

/** Late ones go where their time says. */
function placed<T extends { readonly event: DetectEvent }>(events: readonly T[], added: T): T[] {
  let at = events.length;
  while (at > 0 && (events[at - 1] as T).event.timeMs > added.event.timeMs) at -= 1;
  return [...events.slice(0, at), added, ...events.slice(at)];
}

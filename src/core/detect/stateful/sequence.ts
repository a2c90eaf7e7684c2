// Steps in an order, within a time, by related processes. Events may come late: a step is placed by its time, not by its arrival.
import type { Program, Step } from "../engine/program.ts";
import type { DetectEvent, ReadValue } from "../event.ts";
import { groupKeysOf, keptEvent, type Memory, type Room } from "./state.ts";

export const sequenceLimits = {
  /** Candidates of one step that a group keeps: the newest. */
  hitsOfStepMax: 8,
  /** Later steps that came before their first one. */
  earlyMax: 256,
  /** Ways of putting candidates together that are tried. */
  triesMax: 2000,
} as const;

export interface Hit {
  readonly event: DetectEvent;
  readonly bound: ReadonlyMap<string, string>;
}

interface Early extends Hit {
  readonly step: number;
  readonly keys: readonly string[];
}

interface Group {
  readonly keys: Set<string>;
  readonly hits: Hit[][];
  lastMs: number;
}

export interface Sequence extends Memory {
  /** A step's condition held. */
  take(step: number, event: DetectEvent): void;
}

type SequenceProgram = Extract<Program, { kind: "sequence" }>;

/** `fire` gets one event of each step, in order. */
export function createSequence(
  program: SequenceProgram,
  room: Room,
  fire: (chain: readonly DetectEvent[]) => void,
): Sequence {
  return new Steps(program, room, fire);
}

class Steps implements Sequence {
  readonly #program: SequenceProgram;
  readonly #room: Room;
  readonly #fire: (chain: readonly DetectEvent[]) => void;
  readonly #binds: readonly (readonly (readonly [string, ReadValue])[])[];
  readonly #groups = new Set<Group>();
  readonly #byKey = new Map<string, Set<Group>>();
  #early: Early[] = [];
  dropped = 0;

  constructor(program: SequenceProgram, room: Room, fire: (chain: readonly DetectEvent[]) => void) {
    this.#program = program;
    this.#room = room;
    this.#fire = fire;
    this.#binds = program.steps.map(({ bind }: Step) =>
      [...bind].map(([name, term]) => [name, room.readTerm(term)] as const),
    );
  }

  take(step: number, event: DetectEvent): void {
    const keys = groupKeysOf(event, this.#program.by);
    const hit = { event: keptEvent(event), bound: this.#boundOf(step, event) };
    const groups = this.#groupsOf(keys);
    for (const group of groups) this.#add(group, { step, hit, keys });
    if (step === 0 && groups.length === 0) this.#open(hit, keys);
    else if (step > 0) this.#keepEarly({ ...hit, step, keys });
  }

  #boundOf(step: number, event: DetectEvent): ReadonlyMap<string, string> {
    const bound = new Map<string, string>();
    for (const [name, read] of this.#binds[step] ?? []) {
      const value = read(event);
      if (value !== undefined) bound.set(name, String(Array.isArray(value) ? value[0] : value));
    }
    return bound;
  }

  #groupsOf(keys: readonly string[]): readonly Group[] {
    const found = new Set<Group>();
    for (const key of keys) for (const group of this.#byKey.get(key) ?? []) found.add(group);
    return [...found];
  }

  #open(hit: Hit, keys: readonly string[]): void {
    if (this.#groups.size >= this.#room.ofRuleMax || this.#room.open >= this.#room.max) {
      this.dropped += 1;
      this.#room.dropped += 1;
      const oldest = this.#groups.values().next().value;
      if (oldest === undefined) return;
      this.#close(oldest);
    }
    const group: Group = { keys: new Set(keys), hits: this.#program.steps.map(() => []), lastMs: hit.event.timeMs };
    group.hits[0]?.push(hit);
    this.#groups.add(group);
    this.#room.open += 1;
    for (const key of keys) this.#index(key, group);
    // What came before its time is waiting.
    for (const early of this.#early) {
      if (early.event.timeMs < hit.event.timeMs || !early.keys.some((key) => group.keys.has(key))) continue;
      if (this.#add(group, { step: early.step, hit: early, keys: early.keys })) return;
    }
  }

  #index(key: string, group: Group): void {
    const groups = this.#byKey.get(key);
    if (groups === undefined) this.#byKey.set(key, new Set([group]));
    else groups.add(group);
  }

  #close(group: Group): void {
    if (!this.#groups.delete(group)) return;
    this.#room.open -= 1;
    for (const key of group.keys) {
      const groups = this.#byKey.get(key);
      groups?.delete(group);
      if (groups?.size === 0) this.#byKey.delete(key);
    }
  }

  /** True: it fired, the group is gone. */
  #add(
    group: Group,
    { step, hit, keys }: { readonly step: number; readonly hit: Hit; readonly keys: readonly string[] },
  ): boolean {
    const hits = group.hits[step] as Hit[];
    hits.push(hit);
    hits.sort((one, other) => one.event.timeMs - other.event.timeMs);
    if (hits.length > sequenceLimits.hitsOfStepMax) hits.splice(step === 0 ? 1 : 0, 1);
    group.lastMs = Math.max(group.lastMs, hit.event.timeMs);
    // The doer itself relates what its children do next.
    const [own] = keys;
    if (own !== undefined && !group.keys.has(own) && group.keys.size < 64) {
      group.keys.add(own);
      this.#index(own, group);
    }
    if (group.hits.some((each) => each.length === 0)) return false;
    const chain = chainOf(group.hits, this.#program.withinMs);
    if (chain === undefined) return false;
    this.#close(group);
    this.#early = this.#early.filter(({ event }) => !chain.some((one) => one.event === event));
    this.#fire(chain.map(({ event }) => event));
    return true;
  }

  #keepEarly(early: Early): void {
    this.#early.push(early);
    if (this.#early.length >= 2 * sequenceLimits.earlyMax) this.#early = this.#early.slice(-sequenceLimits.earlyMax);
  }

  expire(nowMs: number): void {
    for (const group of this.#groups)
      if (group.lastMs < nowMs - this.#program.withinMs - this.#room.latenessMs) this.#close(group);
    this.#early = this.#early.filter(({ event }) => event.timeMs >= nowMs - this.#room.latenessMs);
  }
}

/** One hit of each step, times not falling, all within the time, bound values agreeing; undefined: there is none. */
export function chainOf(hits: readonly (readonly Hit[])[], withinMs: number): readonly Hit[] | undefined {
  let tries = 0;
  function extend(chain: readonly Hit[]): readonly Hit[] | undefined {
    if (chain.length === hits.length) return chain;
    const [first] = chain;
    const last = chain.at(-1);
    for (const hit of hits[chain.length] ?? []) {
      tries += 1;
      if (tries > sequenceLimits.triesMax) return undefined;
      if (last !== undefined && hit.event.timeMs < last.event.timeMs) continue;
      if (first !== undefined && hit.event.timeMs - first.event.timeMs > withinMs) break;
      if (!chain.every((one) => agrees(one.bound, hit.bound))) continue;
      const found = extend([...chain, hit]);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return extend([]);
}

function agrees(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  for (const [name, value] of one) if (other.has(name) && other.get(name) !== value) return false;
  return true;
}

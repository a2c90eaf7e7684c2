// Steps in an order, within a time, by related processes. Events may come late: a step is placed by its time, not by its arrival.
// What is full gives way fairly (fair-pool.ts): a process that plays many beginnings loses its own, not those of others. Each loss is counted.
import type { Program, Step } from "../engine/program.ts";
import type { DetectEvent, ReadValue } from "../event.ts";
import { chainWith, type Hit } from "./chain.ts";
import { createFairPool, inFairOrder, type Owners } from "./fair-pool.ts";
import { groupKeysOf, keptEvent, workloadKeyOf, type Memory, type Room } from "./state.ts";

export const sequenceLimits = {
  /** Candidates of one step that a group keeps. */
  hitsOfStepMax: 64,
  /** Then so many go: the counting of owners is paid once for all of them. */
  hitsDroppedAtOnce: 16,
  /** Candidates of all groups of a rule, for each group that it may have. */
  hitsOfGroupMean: 2,
  /** Later steps that came before their first one. */
  earlyMax: 512,
  earlyDroppedAtOnce: 64,
  /** Processes whose doings belong to one group by themselves, not by an ancestor. */
  keysOfGroupMax: 256,
} as const;

interface Early extends Hit {
  readonly step: number;
  readonly keys: readonly string[];
}

interface Group {
  readonly keys: Set<string>;
  /** By step; each in the order of time. */
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
  readonly #groups = createFairPool<Group>();
  readonly #byKey = new Map<string, Set<Group>>();
  readonly #early = new Set<Early>();
  #hits = 0;
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
    const hit = { event: keptEvent(event), bound: this.#boundOf(step, event), owners: ownersOf(event) };
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

  #drop(): void {
    this.dropped += 1;
    this.#room.dropped += 1;
  }

  #open(hit: Hit, keys: readonly string[]): void {
    if (this.#groups.size >= this.#room.ofRuleMax || this.#room.open >= this.#room.max) {
      this.#drop();
      const victim = this.#groups.victim();
      if (victim === undefined) return;
      this.#close(victim);
    }
    const group: Group = { keys: new Set(keys), hits: this.#program.steps.map(() => []), lastMs: hit.event.timeMs };
    group.hits[0]?.push(hit);
    this.#hits += 1;
    this.#groups.add(group, hit.owners);
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
    for (const hits of group.hits) this.#hits -= hits.length;
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
    group.lastMs = Math.max(group.lastMs, hit.event.timeMs);
    this.#place(group, step, hit);
    // The doer itself relates what its children do next.
    const [own] = keys;
    if (own !== undefined && !group.keys.has(own)) {
      if (group.keys.size >= sequenceLimits.keysOfGroupMax) this.#drop();
      else {
        group.keys.add(own);
        this.#index(own, group);
      }
    }
    if (group.hits.some((each) => each.length === 0)) return false;
    const { chain, gaveUp } = chainWith(group.hits, { step, hit, withinMs: this.#program.withinMs });
    if (gaveUp) this.#drop();
    if (chain === undefined) return false;
    this.#close(group);
    const used = new Set(chain.map(({ event }) => event));
    for (const early of this.#early) if (used.has(early.event)) this.#early.delete(early);
    this.#fire(chain.map(({ event }) => event));
    return true;
  }

  /** In the order of time. Too old ones go first, then those of the process that has the most. */
  #place(group: Group, step: number, hit: Hit): void {
    const hits = group.hits[step] as Hit[];
    let at = hits.length;
    while (at > 0 && (hits[at - 1] as Hit).event.timeMs > hit.event.timeMs) at -= 1;
    hits.splice(at, 0, hit);
    this.#hits += 1;
    const oldMs = group.lastMs - this.#program.withinMs - this.#room.latenessMs;
    while (hits.length > 1 && (hits[0] as Hit).event.timeMs < oldMs) {
      hits.shift();
      this.#hits -= 1;
    }
    const isFull = this.#hits > this.#room.ofRuleMax * sequenceLimits.hitsOfGroupMean;
    if (hits.length <= (isFull ? 1 : sequenceLimits.hitsOfStepMax)) return;
    const others = hits.filter((one) => one !== hit);
    const victims = new Set(inFairOrder(others).slice(-Math.min(sequenceLimits.hitsDroppedAtOnce, others.length)));
    group.hits[step] = hits.filter((one) => !victims.has(one));
    this.#hits -= victims.size;
    for (let count = 0; count < victims.size; count += 1) this.#drop();
  }

  #keepEarly(early: Early): void {
    if (this.#early.size >= sequenceLimits.earlyMax) this.#expireEarly(early.event.timeMs);
    if (this.#early.size >= sequenceLimits.earlyMax) this.#thinEarly();
    this.#early.add(early);
  }

  /** Many at once: so that a flood pays the counting of owners once for all of them. */
  #thinEarly(): void {
    for (const victim of inFairOrder([...this.#early]).slice(-sequenceLimits.earlyDroppedAtOnce)) {
      this.#early.delete(victim);
      this.#drop();
    }
  }

  #expireEarly(nowMs: number): void {
    for (const early of this.#early) if (early.event.timeMs < nowMs - this.#room.latenessMs) this.#early.delete(early);
  }

  expire(nowMs: number): void {
    for (const group of this.#groups.items())
      if (group.lastMs < nowMs - this.#program.withinMs - this.#room.latenessMs) this.#close(group);
    this.#expireEarly(nowMs);
  }
}

/** Who shares fairly: workloads, inside them what one process has started, inside that each process. */
function ownersOf(event: DetectEvent): Owners {
  const { serial, parent } = event.process;
  return [workloadKeyOf(event), parent?.serial ?? serial, serial];
}

// Steps in an order, within a time, by related processes. Events may come late: a step is placed by its time, not by its arrival.
// What is full gives way fairly (fair-pool.ts): who plays many beginnings or steps loses its own, not those of others. Each loss is counted.
import type { Program, Step } from "../engine/program.ts";
import type { DetectEvent, ReadValue } from "../event.ts";
import { chainWith, hasBefore, type Bound, type Hit } from "./chain.ts";
import { createFairQueue, inFairOrder } from "./fair-order.ts";
import { createFairPool, type Owners } from "./fair-pool.ts";
import { groupKeysOf, keptEvent, makeRoom, ownersOf, type Memory, type Room } from "./state.ts";

export const sequenceLimits = {
  /** Candidates of one step that a group keeps. */
  hitsOfStepMax: 64,
  /** Then so many go: the counting of owners is paid once for all of them. */
  hitsDroppedAtOnce: 16,
  /** Later steps that came before their first one. */
  earlyMax: 512,
  earlyDroppedAtOnce: 64,
  /** Processes whose doings belong to one group by themselves, not by an ancestor. */
  keysOfGroupMax: 256,
} as const;

interface Early {
  readonly hit: Hit;
  readonly step: number;
  readonly keys: readonly string[];
}

/** Arrays are copied when they change, and so are never longer than what is in them: there are thousands of groups with one candidate. */
interface Group {
  keys: readonly string[];
  /** By step; each in the order of time. The first step has at least one. */
  readonly hits: (readonly Hit[])[];
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

const nothing: readonly never[] = [];

class Steps implements Sequence {
  readonly #program: SequenceProgram;
  readonly #room: Room;
  readonly #fire: (chain: readonly DetectEvent[]) => void;
  /** By step: which name each value is for, and how it is read. */
  readonly #binds: readonly (readonly (readonly [name: number, ReadValue])[])[];
  /** A place for each name, nothing in it. */
  readonly #unbound: Bound;
  /** They weigh as much as they have candidates. */
  readonly #groups = createFairPool<Group>();
  readonly #byKey = new Map<string, readonly Group[]>();
  readonly #early = createFairQueue<Early>();
  #newestMs = 0;
  dropped = 0;

  constructor(program: SequenceProgram, room: Room, fire: (chain: readonly DetectEvent[]) => void) {
    this.#program = program;
    this.#room = room;
    this.#fire = fire;
    const names = [...new Set(program.steps.flatMap(({ bind }) => [...bind.keys()]))];
    this.#unbound = names.map(() => undefined);
    this.#binds = program.steps.map(({ bind }: Step) =>
      [...bind].map(([name, term]) => [names.indexOf(name), room.readTerm(term)] as const),
    );
    room.memories.push(this);
  }

  get held(): number {
    return this.#groups.weight;
  }

  take(step: number, event: DetectEvent): void {
    this.#newestMs = Math.max(this.#newestMs, event.timeMs);
    // Before anything is looked up: what gives way may be what it would be added to.
    while (this.held >= this.#room.ofRuleMax) this.giveWay();
    makeRoom(this.#room);
    const keys = groupKeysOf(event, this.#program.by);
    const hit = { event: keptEvent(event), bound: this.#boundOf(step, event) };
    const groups = this.#groupsOf(keys);
    for (const group of groups)
      if (!this.#add(group, { step, hit, keys }) && group.hits[0]?.[0] === hit) this.#addEarly(group, hit);
    if (step === 0 && groups.length === 0) this.#open(hit, keys);
    else if (step > 0) this.#keepEarly({ hit, step, keys });
  }

  #boundOf(step: number, event: DetectEvent): Bound {
    const binds = this.#binds[step] ?? nothing;
    if (binds.length === 0) return nothing;
    const bound = this.#unbound.slice();
    for (const [name, read] of binds) {
      const value = read(event);
      if (value !== undefined) bound[name] = String(Array.isArray(value) ? value[0] : value);
    }
    return bound;
  }

  #groupsOf(keys: readonly string[]): readonly Group[] {
    let found: readonly Group[] = nothing;
    for (const key of keys) {
      const groups = this.#byKey.get(key);
      if (groups !== undefined) found = found.length === 0 ? groups : [...new Set([...found, ...groups])];
    }
    return found;
  }

  #drop(count = 1): void {
    this.dropped += count;
    this.#room.dropped += count;
  }

  #open(hit: Hit, keys: readonly string[]): void {
    const hits = this.#program.steps.map((_, step) => (step === 0 ? [hit] : nothing));
    const group: Group = { keys: nothing, hits, lastMs: hit.event.timeMs };
    this.#groups.add(group, ownersOf(hit.event));
    this.#room.open += 1;
    for (const key of keys) this.#relate(key, group);
    this.#addEarly(group, hit);
  }

  /** A new beginning, before all others of the group: what came before its time is waiting. */
  #addEarly(group: Group, { event }: Hit): void {
    for (const early of this.#early.items()) {
      if (early.hit.event.timeMs < event.timeMs || group.hits[early.step]?.includes(early.hit) === true) continue;
      if (early.keys.some((key) => this.#relates(key, group)) && this.#add(group, early)) return;
    }
  }

  #relates(key: string, group: Group): boolean {
    return this.#byKey.get(key)?.includes(group) === true;
  }

  #relate(key: string, group: Group): void {
    group.keys = [...group.keys, key];
    this.#byKey.set(key, [...(this.#byKey.get(key) ?? nothing), group]);
  }

  #close(group: Group): void {
    if (!this.#groups.delete(group)) return;
    for (const hits of group.hits) this.#room.open -= hits.length;
    for (const key of group.keys) {
      const others = (this.#byKey.get(key) ?? nothing).filter((one) => one !== group);
      if (others.length === 0) this.#byKey.delete(key);
      else this.#byKey.set(key, others);
    }
  }

  /** True: it fired, the group is gone. */
  #add(group: Group, { step, hit, keys }: Early): boolean {
    group.lastMs = Math.max(group.lastMs, hit.event.timeMs);
    this.#place(group, step, hit);
    // The doer itself relates what its children do next.
    const [own] = keys;
    if (own !== undefined && !this.#relates(own, group)) {
      if (group.keys.length >= sequenceLimits.keysOfGroupMax) this.#drop();
      else this.#relate(own, group);
    }
    if (group.hits.some((each) => each.length === 0)) return false;
    const { chain, gaveUp } = chainWith(group.hits, { step, hit, withinMs: this.#program.withinMs });
    if (gaveUp) this.#drop();
    if (chain === undefined) return false;
    this.#close(group);
    const used = new Set(chain);
    for (const early of this.#early.items()) if (used.has(early.hit)) this.#early.delete(early);
    this.#fire(chain.map(({ event }) => event));
    return true;
  }

  /** In the order of time. Those that can complete nothing go first, then those of the process that has the most. */
  #place(group: Group, step: number, hit: Hit): void {
    const hits = group.hits[step] ?? nothing;
    let at = hits.length;
    while (at > 0 && (hits[at - 1] as Hit).event.timeMs > hit.event.timeMs) at -= 1;
    this.#keep(group, step, [...hits.slice(0, at), hit, ...hits.slice(at)]);
    if (hits.length < sequenceLimits.hitsOfStepMax) return;
    this.#keep(
      group,
      step,
      (group.hits[step] as readonly Hit[]).filter((one) => one === hit || this.#mayComplete(group, step, one)),
    );
    if ((group.hits[step] as readonly Hit[]).length > sequenceLimits.hitsOfStepMax)
      this.#thin(group, { step, count: sequenceLimits.hitsDroppedAtOnce, hit });
  }

  #keep(group: Group, step: number, hits: readonly Hit[]): void {
    const by = hits.length - (group.hits[step] ?? nothing).length;
    group.hits[step] = hits;
    this.#groups.reweigh(group, by);
    this.#room.open += by;
  }

  /** `hit` is the newest: it stays. */
  #thin(
    group: Group,
    { step, count, hit }: { readonly step: number; readonly count: number; readonly hit?: Hit },
  ): void {
    const hits = group.hits[step] ?? nothing;
    const others = hits.filter((one) => one !== hit);
    const victims = new Set(inFairOrder(others, ownersOfHit).slice(-count));
    this.#drop(victims.size);
    this.#keep(
      group,
      step,
      hits.filter((one) => !victims.has(one)),
    );
  }

  /** It is young enough, and what must come before it is there, or may still come late. */
  #mayComplete(group: Group, step: number, hit: Hit): boolean {
    const { withinMs } = this.#program;
    const lateMs = this.#newestMs - this.#room.latenessMs;
    const { timeMs } = hit.event;
    return timeMs >= lateMs - withinMs && (timeMs >= lateMs || hasBefore(group.hits, { step, hit, withinMs }));
  }

  /** Takes out what can complete nothing any more: that is no loss. Of a group without a beginning nothing stays; what is young waits as early. */
  #clean(group: Group): void {
    for (const [step, hits] of group.hits.entries()) {
      const kept = hits.filter((hit) => this.#mayComplete(group, step, hit));
      if (step === 0 && kept.length === 0) return this.#close(group);
      if (kept.length < hits.length) this.#keep(group, step, kept);
    }
  }

  /** Whoever has the most loses the oldest of the step that has the most. */
  giveWay(): void {
    const group = this.#groups.victim();
    if (group === undefined) return;
    const before = this.held;
    this.#clean(group);
    if (this.held < before) return;
    const sizes = group.hits.map(({ length }) => length);
    const most = Math.max(...sizes);
    if (most > 1) {
      const count = Math.min(most >> 1, sequenceLimits.hitsDroppedAtOnce);
      return this.#thin(group, { step: sizes.indexOf(most), count });
    }
    this.#drop(sizes.reduce((sum, size) => sum + size, 0));
    this.#close(group);
  }

  #keepEarly(early: Early): void {
    if (this.#early.size >= sequenceLimits.earlyMax) this.#expireEarly();
    if (this.#early.size >= sequenceLimits.earlyMax) this.#thinEarly();
    this.#early.add(early, ownersOfHit(early.hit));
  }

  /** Many at once: so that a flood pays the counting of owners once for all of them. */
  #thinEarly(): void {
    for (const victim of this.#early.victims(sequenceLimits.earlyDroppedAtOnce)) {
      this.#early.delete(victim);
      this.#drop();
    }
  }

  #expireEarly(): void {
    const lateMs = this.#newestMs - this.#room.latenessMs;
    for (const early of this.#early.items()) if (early.hit.event.timeMs < lateMs) this.#early.delete(early);
  }

  expire(nowMs: number): void {
    this.#newestMs = Math.max(this.#newestMs, nowMs);
    for (const group of this.#groups.items()) this.#clean(group);
    this.#expireEarly();
  }
}

function ownersOfHit({ event }: Hit): Owners {
  return ownersOf(event);
}

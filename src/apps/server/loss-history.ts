// What each agent's counters did within the last hour. Counters begin anew with each start of an agent, and the server may be younger than
// the agent: what rose before anybody looked is not claimed for the hour. Memory is bounded: a sample every two minutes per known agent.
import { partDrops } from "../../core/sense/part-drops.ts";
import type { Node } from "../../model/node.ts";

export const lossLimits = {
  windowMs: 3_600_000,
  sampleMs: 120_000,
  /** How often counters are looked at when nobody asks how Garrison is. */
  lookMs: 60_000,
  /** How long the store's answer about gaps serves. */
  gapsKeptMs: 10_000,
} as const;

/** Of one agent: events that it took from the kernel, and what it dropped by place. */
export interface Tally {
  readonly events: number;
  readonly ringByType: Readonly<Record<string, number>>;
  readonly queue: number;
  readonly spool: number;
}

export interface LastHour {
  readonly risen: Tally;
  /** False when the hour before the first look is not known: `risen` is then a lower bound. */
  readonly isWhole: boolean;
}

interface History {
  startedAt: string;
  counters: Tally;
  total: Tally;
  readonly samples: { readonly atMs: number; readonly total: Tally }[];
  readonly isFromStart: boolean;
}

export interface LossHistory {
  /** Takes in what agents report now; agents that are not among them are forgotten. */
  note(nodes: readonly Node[], nowMs: number): void;
  /** Since an hour ago, or since the first look; undefined for an agent that was never noted. */
  lastHour(node: Node, nowMs: number): LastHour | undefined;
}

const zero: Tally = { events: 0, ringByType: {}, queue: 0, spool: 0 };

export function addUp(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

function tallyOf({ counters }: Node): Tally {
  return {
    events: addUp(counters.eventsByType),
    // Events that were told without a part are gaps of what rules find, not lost.
    ringByType: Object.fromEntries(Object.entries(counters.ringDropsByType).filter(([type]) => !(type in partDrops))),
    queue: counters.queueDrops,
    spool: counters.spoolDrops,
  };
}

function combine(a: Tally, b: Tally, by: (a: number, b: number) => number): Tally {
  const types = new Set([...Object.keys(a.ringByType), ...Object.keys(b.ringByType)]);
  return {
    events: by(a.events, b.events),
    ringByType: Object.fromEntries(
      [...types].map((type) => [type, by(a.ringByType[type] ?? 0, b.ringByType[type] ?? 0)]),
    ),
    queue: by(a.queue, b.queue),
    spool: by(a.spool, b.spool),
  };
}

const plus = (a: number, b: number): number => a + b;
/** A counter that fell has begun anew. */
const risenFrom = (now: number, before: number): number => (now >= before ? now - before : now);

const keyOf = ({ cluster, name }: Node): string => `${cluster}\n${name}`;

function beginning(node: Node, nowMs: number): History {
  const startMs = Date.parse(node.startedAt);
  const isFromStart = nowMs - startMs < lossLimits.windowMs;
  const counters = tallyOf(node);
  const first = isFromStart ? { atMs: Math.min(startMs, nowMs), total: zero } : { atMs: nowMs, total: counters };
  return { startedAt: node.startedAt, counters, total: counters, samples: [first], isFromStart };
}

function goOn(history: History, node: Node, nowMs: number): void {
  const counters = tallyOf(node);
  const isNewLife = history.startedAt !== node.startedAt;
  const startedInWindow = nowMs - Date.parse(node.startedAt) < lossLimits.windowMs;
  const before = !isNewLife ? history.counters : startedInWindow ? zero : counters;
  history.total = combine(history.total, combine(counters, before, risenFrom), plus);
  history.counters = counters;
  history.startedAt = node.startedAt;
  const { samples } = history;
  const newest = samples.at(-1)?.atMs ?? 0;
  if (nowMs - newest >= lossLimits.sampleMs) samples.push({ atMs: nowMs, total: history.total });
  // The one at the window's edge stays: it is what the hour is counted from.
  while ((samples[1]?.atMs ?? nowMs) <= nowMs - lossLimits.windowMs) samples.shift();
}

export function lossHistory(): LossHistory {
  const histories = new Map<string, History>();
  return {
    note(nodes, nowMs) {
      const known = new Set(nodes.map(keyOf));
      for (const key of histories.keys()) if (!known.has(key)) histories.delete(key);
      for (const node of nodes) {
        const history = histories.get(keyOf(node));
        if (history === undefined) histories.set(keyOf(node), beginning(node, nowMs));
        else goOn(history, node, nowMs);
      }
    },
    lastHour(node, nowMs) {
      const history = histories.get(keyOf(node));
      const [base] = history?.samples ?? [];
      if (history === undefined || base === undefined) return undefined;
      const isWhole = history.isFromStart || base.atMs <= nowMs - lossLimits.windowMs;
      return { risen: combine(history.total, base.total, risenFrom), isWhole };
    },
  };
}

// Gaps of a window as they are shown: those of one kind that follow each other are one, counted up, so that a kind that is told every two seconds
// leaves room for the others. Pure. No count is lost by joining; a kind beyond its share joins its nearest neighbours, which makes spans longer, never sums smaller.
import { assert } from "../../../base/assert.ts";
import type { Shown } from "../../../model/table.ts";
import { gapParts, gapWords, type GapParts } from "./gap-parts.ts";

type Counted = Shown<"gaps">["counted"];

/** Rows of the store that were summed up already: equal words close to each other. */
export interface GapSum extends Pick<Shown<"gaps">, "cluster" | "node" | "table" | "reason" | "rows" | "ingest"> {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly counted: readonly Counted[];
  /** Numbers before the words are summed up as `count`; undefined where the words have none. */
  readonly words: string;
  readonly count: number | undefined;
}

/** `Parts`: words are put together once, at the end. */
export interface JoinedGap extends Omit<GapSum, "words" | "count"> {
  readonly parts: readonly GapParts[];
}

export interface JoinOptions {
  /** Gaps of one kind with at most this between them are one. */
  readonly apartMs: number;
  /** All kinds share less than this; so many gaps are an answer only where there are as many kinds, of which the newest are kept. */
  readonly gapsMax: number;
}

/** The newest first. A kind is one cluster, node, table, reason and what was lost, whatever its numbers and names. */
export function joinGaps(sums: readonly GapSum[], { apartMs, gapsMax }: JoinOptions): readonly JoinedGap[] {
  const whole = sums.map(({ words, count, ...rest }): JoinedGap => {
    const parts = gapParts(words);
    return { ...rest, parts: [{ ...parts, count: count ?? parts.count }] };
  });
  const kinds = [...Map.groupBy(whole, kindOf).values()].map((same) => chained(same, apartMs));
  const share = Math.max(1, Math.floor((gapsMax - 1) / Math.max(1, kinds.length)));
  return kinds
    .flatMap((same) => withinShare(same, share))
    .toSorted((one, other) => other.sinceMs - one.sinceMs)
    .slice(0, gapsMax);
}

export function detailOf({ parts }: JoinedGap): string {
  return gapWords(parts);
}

function kindOf({ cluster, node, table, reason, parts }: JoinedGap): string {
  return JSON.stringify([cluster, node, table, reason, parts[0]?.what]);
}

/** By time, those that follow each other joined. */
function chained(same: readonly JoinedGap[], apartMs: number): JoinedGap[] {
  const chains: JoinedGap[][] = [];
  let untilMs = -Infinity;
  for (const gap of same.toSorted((one, other) => one.sinceMs - other.sinceMs)) {
    const last = chains.at(-1);
    if (last !== undefined && gap.sinceMs - untilMs <= apartMs) last.push(gap);
    else chains.push([gap]);
    untilMs = Math.max(untilMs, gap.untilMs);
  }
  return chains.map(together);
}

/** The largest pauses of a kind stay pauses: it is parted there, and all between two of them is one. */
function withinShare(same: readonly JoinedGap[], share: number): readonly JoinedGap[] {
  if (same.length <= share) return same;
  const pauses = same
    .slice(1)
    .map((gap, index) => ({ index: index + 1, ms: gap.sinceMs - (same[index]?.untilMs ?? 0) }));
  const cuts = pauses
    .toSorted((one, other) => other.ms - one.ms)
    .slice(0, share - 1)
    .map(({ index }) => index)
    .toSorted((one, other) => one - other);
  return [0, ...cuts].map((from, index) => together(same.slice(from, cuts[index] ?? same.length)));
}

function together(gaps: readonly JoinedGap[]): JoinedGap {
  const [first] = gaps;
  assert(first !== undefined, "gaps that are joined are some");
  if (gaps.length === 1) return first;
  return {
    ...first,
    sinceMs: Math.min(...gaps.map(({ sinceMs }) => sinceMs)),
    untilMs: Math.max(...gaps.map(({ untilMs }) => untilMs)),
    rows: gaps.reduce((sum, { rows }) => sum + rows, 0),
    ingest: Math.max(...gaps.map(({ ingest }) => ingest)),
    counted: [...new Set(gaps.flatMap(({ counted }) => counted))],
    parts: gaps.flatMap(({ parts }) => parts),
  };
}

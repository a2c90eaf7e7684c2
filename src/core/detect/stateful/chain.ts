// One event of each step that fit together: times not falling, within the time, what steps have in common agreeing.
import type { DetectEvent } from "../event.ts";

export const chainLimits = {
  /** Ways of putting candidates together that are tried for one event. */
  triesMax: 5000,
} as const;

export interface Hit {
  readonly event: DetectEvent;
  /** Values that steps of the same name must agree on, by the number of the name. */
  readonly bound: Bound;
}

export type Bound = readonly (string | undefined)[];

export interface Chain {
  readonly chain: readonly Hit[] | undefined;
  /** There were more ways than are tried. */
  readonly gaveUp: boolean;
}

/**
 * A chain through the newest hit: without it there was none before. `hits` by step, each in the order of time. What does not agree with the newest hit
 * is left out before anything is tried, so that decoys cost nothing where steps have something in common.
 */
export function chainWith(
  hits: readonly (readonly Hit[])[],
  { step, hit, withinMs }: { readonly step: number; readonly hit: Hit; readonly withinMs: number },
): Chain {
  const candidates: (readonly Hit[])[] = [];
  // From the last step on: it is the rarest, and mostly the search ends there.
  for (let index = hits.length - 1; index >= 0; index -= 1) {
    const fitting = index === step ? [hit] : fittingOf(hits[index] ?? [], { hit, withinMs, isBefore: index < step });
    if (fitting.length === 0) return { chain: undefined, gaveUp: false };
    candidates[index] = fitting;
  }
  let tries = 0;
  function extend(chain: readonly Hit[]): readonly Hit[] | undefined {
    if (chain.length === candidates.length) return chain;
    const [first] = chain;
    const last = chain.at(-1);
    for (const next of candidates[chain.length] ?? []) {
      tries += 1;
      if (tries > chainLimits.triesMax) return undefined;
      if (last !== undefined && next.event.timeMs < last.event.timeMs) continue;
      if (first !== undefined && next.event.timeMs - first.event.timeMs > withinMs) break;
      if (!chain.every((one) => agrees(one.bound, next.bound))) continue;
      const found = extend([...chain, next]);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  const chain = extend([]);
  return { chain, gaveUp: tries > chainLimits.triesMax };
}

function fittingOf(
  hits: readonly Hit[],
  { hit, withinMs, isBefore }: { readonly hit: Hit; readonly withinMs: number; readonly isBefore: boolean },
): readonly Hit[] {
  const atMs = hit.event.timeMs;
  return hits.filter(({ event: { timeMs }, bound }) => {
    const passedMs = isBefore ? atMs - timeMs : timeMs - atMs;
    return passedMs >= 0 && passedMs <= withinMs && agrees(hit.bound, bound);
  });
}

/** Every earlier step has something that it may follow. Without that it never completes anything, once nothing earlier may come any more. */
export function hasBefore(
  hits: readonly (readonly Hit[])[],
  { step, hit, withinMs }: { readonly step: number; readonly hit: Hit; readonly withinMs: number },
): boolean {
  const atMs = hit.event.timeMs;
  for (let index = 0; index < step; index += 1) {
    const fits = hits[index]?.some(
      ({ event: { timeMs }, bound }) => timeMs <= atMs && atMs - timeMs <= withinMs && agrees(hit.bound, bound),
    );
    if (fits !== true) return false;
  }
  return true;
}

function agrees(one: Bound, other: Bound): boolean {
  for (let name = 0; name < one.length; name += 1) {
    const value = one[name];
    if (value !== undefined && other[name] !== undefined && other[name] !== value) return false;
  }
  return true;
}

// One event of each step that fit together: times not falling, within the time, what steps have in common agreeing.
import type { DetectEvent } from "../event.ts";
import type { Owners } from "./fair-pool.ts";

export const chainLimits = {
  /** Ways of putting candidates together that are tried for one event. */
  triesMax: 5000,
} as const;

export interface Hit {
  readonly event: DetectEvent;
  /** Values that steps of the same name must agree on. */
  readonly bound: ReadonlyMap<string, string>;
  /** Whose it is, when room is short. */
  readonly owners: Owners;
}

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

function agrees(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  for (const [name, value] of one) if (other.has(name) && other.get(name) !== value) return false;
  return true;
}

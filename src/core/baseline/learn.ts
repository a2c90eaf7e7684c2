// From counted facts to a baseline: frozen anew, or an existing one with what joined and what aged out. Pure: the same facts give the same baseline.
import { formatInstant } from "../../base/instant.ts";
import {
  type Baseline,
  baselineItemKinds,
  baselineItemsMax,
  type BaselineItemKind,
  type BaselineItems,
} from "../../model/baseline.ts";
import type { Confidence } from "./confidence.ts";
import { boundFacts, foldFacts, type BaselineFact } from "./facts.ts";
import { compileBaseline } from "./judge.ts";
import type { ItemOf } from "./row-items.ts";

export const ageOutDaysDefault = 30;
const dayMs = 86_400_000;
/** Kinds that are judged when anything of them was seen: without file events "writes nothing" would be a guess. */
const onlyWhenSeen: readonly BaselineItemKind[] = ["writes", "loads"];
const neverByItself: readonly BaselineItemKind[] = ["reads"];

export interface Learnt {
  readonly target: Baseline["target"];
  readonly facts: readonly BaselineFact[];
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly confidence: Confidence;
  /** Kinds of which the store did not look at everything: they are not judged. */
  readonly cut: readonly BaselineItemKind[];
}

/** A first baseline in monitoring mode: everything that was seen is in it. */
export function proposeBaseline({ target, facts, sinceMs, untilMs, confidence, cut }: Learnt): Baseline {
  const { facts: kept, overfull } = boundFacts(foldFacts(facts));
  const items = itemsOf(kept);
  const isJudged = (kind: BaselineItemKind): boolean =>
    !neverByItself.includes(kind) &&
    !overfull.includes(kind) &&
    !cut.includes(kind) &&
    (!onlyWhenSeen.includes(kind) || items[kind].length > 0);
  return {
    target,
    mode: "monitoring",
    dryRun: true,
    judged: baselineItemKinds.filter(isJudged),
    items,
    learnt: {
      since: formatInstant(sinceMs),
      until: formatInstant(untilMs),
      hours: confidence.hours,
      replicas: confidence.replicas,
      restarts: confidence.restarts,
      quietHours: confidence.quietHours,
      confidence: confidence.score,
      because: confidence.because.slice(0, 16).map((line) => line.slice(0, 300)),
    },
    accepted: [],
  };
}

export function itemsOf(facts: readonly Pick<BaselineFact, "kind" | "item">[]): BaselineItems {
  const of = (kind: BaselineItemKind): string[] => facts.filter((fact) => fact.kind === kind).map(({ item }) => item);
  return Object.fromEntries(baselineItemKinds.map((kind) => [kind, of(kind)])) as BaselineItems;
}

/** Facts that the baseline says nothing about, whatever kinds it judges. */
export function newFacts(
  spec: Pick<Baseline, "items" | "judged">,
  facts: readonly BaselineFact[],
): readonly BaselineFact[] {
  const compiled = compileBaseline(spec);
  return facts.filter(({ kind, item }) => !compiled.covers(kind, item));
}

/** Adds items; what is covered already is not put twice. Undefined in `full`: none; else the kind that has no room. */
export function withItems(
  spec: Baseline,
  wanted: readonly ItemOf[],
): { readonly items: BaselineItems; readonly added: readonly ItemOf[]; readonly full: BaselineItemKind | undefined } {
  const items = structuredItems(spec.items);
  const added: ItemOf[] = [];
  let full: BaselineItemKind | undefined;
  for (const { kind, item } of wanted) {
    if (items[kind].includes(item)) continue;
    if (items[kind].length >= baselineItemsMax) full ??= kind;
    else {
      items[kind].push(item);
      added.push({ kind, item });
    }
  }
  for (const { kind } of added) items[kind].sort();
  return { items, added, full };
}

/**
 * Items that were not seen for `days`, when the workload itself was seen all the while: since `observedFromMs`, at most a day ago for the last time. What
 * people accepted stays. A look that does not reach so far back says nothing.
 */
export function agedOut(
  spec: Baseline,
  facts: readonly BaselineFact[],
  when: { readonly days: number; readonly nowMs: number; readonly observedFromMs: number; readonly lastSeenMs: number },
): readonly ItemOf[] {
  const { days, nowMs, observedFromMs, lastSeenMs } = when;
  const beforeMs = nowMs - days * dayMs;
  if (days === 0 || observedFromMs > beforeMs || lastSeenMs < nowMs - dayMs) return [];
  const recent = facts.filter(({ lastMs }) => lastMs >= beforeMs);
  const literally = new Set(recent.map(({ kind, item }) => `${kind} ${item}`));
  const isSeen = (kind: BaselineItemKind, item: string): boolean => {
    if (literally.has(`${kind} ${item}`)) return true;
    const alone = compileBaseline({ items: { ...itemsOf([]), [kind]: [item] }, judged: [kind] });
    return recent.some((fact) => fact.kind === kind && alone.covers(kind, fact.item));
  };
  const accepted = new Set(spec.accepted.map(({ kind, item }) => `${kind} ${item}`));
  return baselineItemKinds.flatMap((kind) =>
    spec.items[kind]
      .filter((item) => !accepted.has(`${kind} ${item}`) && !isSeen(kind, item))
      .map((item) => ({ kind, item })),
  );
}

export function withoutItems(items: BaselineItems, removed: readonly ItemOf[]): BaselineItems {
  const gone = new Set(removed.map(({ kind, item }) => `${kind} ${item}`));
  return Object.fromEntries(
    baselineItemKinds.map((kind) => [kind, items[kind].filter((item) => !gone.has(`${kind} ${item}`))]),
  ) as BaselineItems;
}

function structuredItems(items: BaselineItems): BaselineItems {
  return Object.fromEntries(baselineItemKinds.map((kind) => [kind, [...items[kind]]])) as BaselineItems;
}

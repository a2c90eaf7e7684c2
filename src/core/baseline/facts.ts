// What was seen, counted: one fact per item, merged over replicas, restarts and pieces of the window in any order.
import { type BaselineItemKind, baselineItemKinds, baselineItemsMax } from "../../model/baseline.ts";
import { foldSiblings } from "./path-items.ts";

export interface BaselineFact {
  readonly kind: BaselineItemKind;
  readonly item: string;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly count: number;
  /** Containers (or processes' hosts) that did it; of merged facts a lower bound. */
  readonly replicas: number;
}

/** One fact per kind and item. Commutative and associative: sums, the earliest first, the latest last, most replicas. */
export function mergeFacts(...lists: readonly (readonly BaselineFact[])[]): BaselineFact[] {
  const merged = new Map<string, BaselineFact>();
  for (const list of lists) for (const fact of list) add(merged, fact);
  return inOrder([...merged.values()]);
}

function add(merged: Map<string, BaselineFact>, fact: BaselineFact): void {
  const key = `${fact.kind} ${fact.item}`;
  const known = merged.get(key);
  if (known === undefined) merged.set(key, fact);
  else
    merged.set(key, {
      ...known,
      firstMs: Math.min(known.firstMs, fact.firstMs),
      lastMs: Math.max(known.lastMs, fact.lastMs),
      count: known.count + fact.count,
      replicas: Math.max(known.replicas, fact.replicas),
    });
}

/** By kind, then by item. */
function inOrder(facts: readonly BaselineFact[]): BaselineFact[] {
  const place = (fact: BaselineFact): number => baselineItemKinds.indexOf(fact.kind);
  return facts.toSorted(
    (one, other) => place(one) - place(other) || (one.item < other.item ? -1 : one.item > other.item ? 1 : 0),
  );
}

/** Folders side by side become their parent, kind by kind. */
export function foldFacts(facts: readonly BaselineFact[]): BaselineFact[] {
  const folds = new Map(
    (["reads", "writes", "loads"] as const).map((kind) => [
      kind as BaselineItemKind,
      foldSiblings(
        facts.filter((fact) => fact.kind === kind).map(({ item }) => item),
        kind,
      ),
    ]),
  );
  return mergeFacts(facts.map((fact) => ({ ...fact, item: folds.get(fact.kind)?.get(fact.item) ?? fact.item })));
}

export interface KeptFacts {
  readonly facts: readonly BaselineFact[];
  /** Kinds with more items than a baseline may hold: they are not judged. */
  readonly overfull: readonly BaselineItemKind[];
}

/** At most baselineItemsMax of a kind, the most frequent. */
export function boundFacts(facts: readonly BaselineFact[]): KeptFacts {
  const kept: BaselineFact[] = [];
  const overfull: BaselineItemKind[] = [];
  for (const kind of baselineItemKinds) {
    const own = facts.filter((fact) => fact.kind === kind);
    if (own.length > baselineItemsMax) overfull.push(kind);
    const most = own.length > baselineItemsMax ? own.toSorted((one, other) => other.count - one.count) : own;
    kept.push(...most.slice(0, baselineItemsMax));
  }
  return { facts: inOrder(kept), overfull };
}

// Policies and tiers with the same order: names decide, which nobody sees when they rename something.
import type { Policy, PolicySet } from "../model.ts";
import { type LintCheck, type LintFinding, nameOf, onPolicy } from "./check.ts";

export const ties: LintCheck = {
  id: "same-order",
  title: "policies of one tier, or tiers, with the same order where the order matters",
  needsWorld: false,
  *find({ ordered, set }) {
    yield* tiersAlike(set);
    const byOrder = Map.groupBy(
      ordered.filter(({ staged }) => staged === undefined),
      ({ tier, order, doNotTrack, preDnat }) => [tier, order, doNotTrack, preDnat].join(" "),
    );
    for (const group of byOrder.values()) yield* alike(group);
  },
};

function* tiersAlike({ tiers }: PolicySet): Generator<LintFinding> {
  const byOrder = Map.groupBy(tiers, ({ order }) => order);
  for (const [order, group] of byOrder) {
    const sorted = group.map((tier) => tier).sort((one, other) => (one.name < other.name ? -1 : 1));
    const last = sorted.at(-1);
    if (last === undefined || sorted.length < 2) continue;
    yield {
      check: ties.id,
      severity: "warning",
      object: `Tier/-/${last.name}`,
      rule: "",
      place: last.place,
      message: `tiers ${sorted.map(({ name }) => name).join(", ")} have the same order (${orderWords(order)}): their names decide`,
      fix: "give each an order of its own",
    };
  }
}

function* alike(group: readonly Policy[]): Generator<LintFinding> {
  // Allows alone add up in any order: only where something denies or passes does it matter who is first.
  const isDeciding = group.filter((policy) =>
    policy.directions.some((direction) =>
      policy[direction].some(({ action }) => action === "Deny" || action === "Pass"),
    ),
  );
  const [first] = isDeciding;
  if (first === undefined || group.length < 2) return;
  const others = group.filter((policy) => policy !== first && mayMeet(policy, first));
  const [other] = others;
  if (other === undefined) return;
  const more = others.length > 1 ? ` and ${others.length - 1} more` : "";
  yield {
    check: ties.id,
    severity: first.dialect === "cluster" || first.dialect === "admin" ? "warning" : "note",
    ...onPolicy(first),
    message: `has the same order (${orderWords(first.order)}) as ${nameOf(other)}${more}: their names decide who is asked first`,
    fix: "give each an order (or priority) of its own",
  };
}

function mayMeet(one: Policy, other: Policy): boolean {
  const isApart = one.namespace !== "" && other.namespace !== "" && one.namespace !== other.namespace;
  return !isApart && one.directions.some((direction) => other.directions.includes(direction));
}

function orderWords(order: number): string {
  return Number.isFinite(order) ? String(order) : "none";
}

// Which policies may cover another: found by one label that each of them asks for, so that not every pair is looked at.
import type { Policy } from "../model.ts";
import type { SelectorNode } from "../selector/selector.ts";

export interface CoverIndex {
  add(policy: Policy): void;
  /** In order of adding: all that may cover the policy, and some that do not. */
  candidates(policy: Policy): readonly Policy[];
}

export function createCoverIndex(): CoverIndex {
  const byAtom = new Map<string, Policy[]>();
  const free: Policy[] = [];
  const all: Policy[] = [];
  const rank = new Map<Policy, number>();
  return {
    add(policy) {
      rank.set(policy, all.length);
      all.push(policy);
      const atoms = requiredAtoms(policy.selector.node);
      const [rarest] = atoms
        .map((atom) => ({ atom, count: byAtom.get(atom)?.length ?? 0 }))
        .sort((one, other) => one.count - other.count);
      if (rarest === undefined) free.push(policy);
      else {
        const list = byAtom.get(rarest.atom);
        if (list === undefined) byAtom.set(rarest.atom, [policy]);
        else list.push(policy);
      }
    },
    candidates(policy) {
      const { node } = policy.selector;
      // Alternatives may imply a label that none of them is: rare, and then everything is looked at.
      if (hasAlternatives(node)) return all;
      const found = requiredAtoms(node).flatMap((atom) => byAtom.get(atom) ?? []);
      return [...new Set([...free, ...found])].sort((one, other) => (rank.get(one) ?? 0) - (rank.get(other) ?? 0));
    },
  };
}

/** Labels with one value that everything selected has: "key=value". */
function requiredAtoms(node: SelectorNode): readonly string[] {
  if (node.op === "and") return node.nodes.flatMap(requiredAtoms);
  if (node.op === "eq") return [`${node.key}=${node.value}`];
  return node.op === "in" && node.values.length === 1 ? [`${node.key}=${node.values[0] ?? ""}`] : [];
}

function hasAlternatives(node: SelectorNode): boolean {
  return node.op === "or" || (node.op === "and" && node.nodes.some(({ op }) => op === "or"));
}

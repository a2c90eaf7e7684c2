// What labels must have for a selector to select them: an index looks up the rarest of these values instead of asking every endpoint.
// Conservative: every selected endpoint satisfies all restrictions; not everything that satisfies them is selected.
import type { SelectorNode } from "./selector.ts";

export interface Restriction {
  readonly presence: "present" | "absent";
  /** The label has one of these; missing: any value. Sorted. Only with "present". */
  readonly values?: readonly string[];
}

/** By label key. A key with `values: []` can never hold: nothing is selected. */
export type Restrictions = ReadonlyMap<string, Restriction>;

/** Values of an "or" beyond this many are not followed. */
const valuesMax = 1024;

export function restrictionsOf(node: SelectorNode): Restrictions {
  switch (node.op) {
    case "eq":
      return single(node.key, { presence: "present", values: [node.value] });
    case "in":
      return single(node.key, { presence: "present", values: node.values });
    case "has":
    case "contains":
    case "starts-with":
    case "ends-with":
      return single(node.key, { presence: "present" });
    case "and":
      return node.nodes.map(restrictionsOf).reduce(both, new Map());
    case "or":
      return node.nodes.map(restrictionsOf).reduce((left, right) => either(left, right));
    case "not":
      return restrictionsOfNot(node.node);
    case "all":
    case "ne":
    case "not-in":
      return new Map();
  }
}

function restrictionsOfNot(node: SelectorNode): Restrictions {
  switch (node.op) {
    case "has":
      return single(node.key, { presence: "absent" });
    case "ne":
      return single(node.key, { presence: "present", values: [node.value] });
    case "not-in":
      return single(node.key, { presence: "present", values: node.values });
    case "not":
      return restrictionsOf(node.node);
    case "or":
      return node.nodes.map(restrictionsOfNot).reduce(both, new Map());
    case "and":
      return node.nodes.map(restrictionsOfNot).reduce((left, right) => either(left, right));
    default:
      return new Map();
  }
}

function single(key: string, restriction: Restriction): Restrictions {
  return new Map([[key, restriction]]);
}

function both(left: Restrictions, right: Restrictions): Restrictions {
  const result = new Map(left);
  for (const [key, restriction] of right) {
    const known = result.get(key);
    result.set(key, known === undefined ? restriction : narrowed(known, restriction));
  }
  return result;
}

const impossible: Restriction = { presence: "present", values: [] };

function narrowed(left: Restriction, right: Restriction): Restriction {
  if (left.presence !== right.presence) return impossible;
  if (left.values === undefined) return right;
  if (right.values === undefined) return left;
  const other = new Set(right.values);
  return { presence: "present", values: left.values.filter((value) => other.has(value)) };
}

function either(left: Restrictions, right: Restrictions): Restrictions {
  if (isImpossible(left)) return right;
  if (isImpossible(right)) return left;
  const result = new Map<string, Restriction>();
  for (const [key, one] of left) {
    const other = right.get(key);
    if (other === undefined || one.presence !== other.presence) continue;
    result.set(key, widened(one, other));
  }
  return result;
}

function isImpossible(restrictions: Restrictions): boolean {
  return [...restrictions.values()].some(({ values }) => values?.length === 0);
}

function widened(left: Restriction, right: Restriction): Restriction {
  if (left.values === undefined || right.values === undefined) return { presence: left.presence };
  const values = [...new Set([...left.values, ...right.values])].sort();
  return values.length > valuesMax ? { presence: "present" } : { presence: "present", values };
}

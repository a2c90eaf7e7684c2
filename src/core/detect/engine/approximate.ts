// What a condition can be at most (or at least) when only part of the event is known: from this the index of rules, event types and blindness follow.
import { always, never, type Check, type Interner, type Node } from "./resolve.ts";
import { withChecks } from "./with-checks.ts";

/** Over: a check that is not known may hold. Under: it may fail. */
export type Bound = "over" | "under";

/** The node with every check that is not known replaced by its bound; a negation turns bounds round. Over is implied by the node, under implies it. */
export function approximate(
  interner: Interner,
  node: Node,
  { bound, isKnown }: { readonly bound: Bound; readonly isKnown: (check: Check) => boolean },
): Node {
  return withChecks(interner, node, (check, isNegated) => {
    if (isKnown(check)) return check;
    return (bound === "over") !== isNegated ? always : never;
  });
}

/** The node with every check for which a value is known replaced by it. */
export function withKnown(interner: Interner, node: Node, valueOf: (check: Check) => boolean | undefined): Node {
  return withChecks(interner, node, (check) => {
    const value = valueOf(check);
    return value === undefined ? check : value ? always : never;
  });
}

/** A set of event types: these, or all but these. */
export interface TypeSet {
  readonly isComplement: boolean;
  readonly types: ReadonlySet<string>;
}

const everyType: TypeSet = { isComplement: true, types: new Set() };
const noType: TypeSet = { isComplement: false, types: new Set() };

/** Event types on which a condition can hold. */
export function typesOf(node: Node, bound: Bound = "over"): TypeSet {
  switch (node.kind) {
    case "constant":
      return node.value ? everyType : noType;
    case "and":
      return node.children.map((child) => typesOf(child, bound)).reduce(intersection, everyType);
    case "or":
      return node.children.map((child) => typesOf(child, bound)).reduce(union, noType);
    case "not": {
      const inner = typesOf(node.child, bound === "over" ? "under" : "over");
      return { isComplement: !inner.isComplement, types: inner.types };
    }
    case "check":
      return typesOfCheck(node, bound);
  }
}

/** What a check is on every event of this type; undefined: that depends on more than the type. */
export function valueOfType(check: Check, type: string): boolean | undefined {
  if (!hasType(typesOfCheck(check, "over"), type)) return false;
  return hasType(typesOfCheck(check, "under"), type) ? true : undefined;
}

export function hasType({ types, isComplement }: TypeSet, type: string): boolean {
  return types.has(type) !== isComplement;
}

function typesOfCheck({ left, operator, right }: Check, bound: Bound): TypeSet {
  const isType =
    (left.name === "evt.type" || left.name === "syscall.type") && right.every(({ kind }) => kind === "text");
  const types = new Set(right.flatMap((one) => (one.kind === "text" ? [one.text] : [])));
  if (isType && ["=", "==", "in", "intersects"].includes(operator)) return { isComplement: false, types };
  if (isType && operator === "!=") return { isComplement: true, types };
  return bound === "over" ? everyType : noType;
}

function intersection(a: TypeSet, b: TypeSet): TypeSet {
  if (a.isComplement && b.isComplement) return { isComplement: true, types: new Set([...a.types, ...b.types]) };
  if (a.isComplement) return { isComplement: false, types: filtered(b.types, (type) => !a.types.has(type)) };
  return { isComplement: false, types: filtered(a.types, (type) => b.types.has(type) !== b.isComplement) };
}

function filtered(types: ReadonlySet<string>, keeps: (type: string) => boolean): ReadonlySet<string> {
  return new Set([...types].filter(keeps));
}

function union(a: TypeSet, b: TypeSet): TypeSet {
  const complement = intersection(
    { isComplement: !a.isComplement, types: a.types },
    { isComplement: !b.isComplement, types: b.types },
  );
  return { isComplement: !complement.isComplement, types: complement.types };
}

/** Checks of a tree, each once. */
export function checksOf(node: Node, found: Set<Check> = new Set()): ReadonlySet<Check> {
  if (node.kind === "check") found.add(node);
  else if (node.kind === "not") checksOf(node.child, found);
  else if (node.kind !== "constant") for (const child of node.children) checksOf(child, found);
  return found;
}

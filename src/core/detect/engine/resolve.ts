// Expanded tree -> nodes with their fields found and values checked. Equal nodes are one object: rules share what they have in common.
import { Fault } from "../../../base/fault.ts";
import type { CheckNode, ConditionNode, FieldTerm, Operand, Operator, Transformer } from "../falco/ast.ts";
import { printCondition, printTerm } from "../falco/print-condition.ts";
import type { FieldScope } from "../fields/field.ts";
import { findField, type FoundField } from "../fields/fields.ts";
import { checkValues } from "./check-values.ts";

export interface Term extends FoundField {
  readonly transformers: readonly Transformer[];
  /** As written: the key of flat events and of outputs. */
  readonly name: string;
}

export type Right = { readonly kind: "text"; readonly text: string } | { readonly kind: "field"; readonly term: Term };

export type Node =
  | { readonly kind: "constant"; readonly value: boolean }
  | { readonly kind: "and" | "or"; readonly id: number; readonly children: readonly Node[] }
  | { readonly kind: "not"; readonly id: number; readonly child: Node }
  | Check;

export interface Check {
  readonly kind: "check";
  readonly id: number;
  readonly left: Term;
  readonly operator: Operator;
  readonly right: readonly Right[];
  readonly scope: FieldScope;
  /** For people. */
  readonly text: string;
}

export const always: Node = { kind: "constant", value: true };
export const never: Node = { kind: "constant", value: false };

/** Makes nodes once. One for all rules of an engine. */
export interface Interner {
  readonly nodes: Map<string, Node>;
  next: number;
}

export function newInterner(): Interner {
  return { nodes: new Map(), next: 1 };
}

/** Throws a Fault for an unknown field or a value that the field cannot have. */
export function resolve(interner: Interner, node: ConditionNode): Node {
  switch (node.kind) {
    case "and":
    case "or":
      return join(
        interner,
        node.kind,
        node.children.map((child) => resolve(interner, child)),
      );
    case "not":
      return negate(interner, resolve(interner, node.child));
    case "macro":
      throw new Fault(`the macro ${node.name} was not written out`, { code: "detect/unknown-macro", kind: "internal" });
    case "check":
      return resolveCheck(interner, node);
  }
}

/** and/or without constants, without brackets in brackets of the same kind and without doubles. */
export function join(interner: Interner, kind: "and" | "or", given: readonly Node[]): Node {
  const neutral = kind === "and";
  const children: Node[] = [];
  for (const child of given.flatMap((one) => (one.kind === kind ? one.children : [one]))) {
    if (child.kind === "constant") {
      if (child.value !== neutral) return child;
    } else if (!children.includes(child)) children.push(child);
  }
  if (children.length === 0) return neutral ? always : never;
  if (children.length === 1) return children[0] as Node;
  return intern(interner, `${kind} ${children.map(idOf).join(" ")}`, (id) => ({ kind, id, children }));
}

export function negate(interner: Interner, child: Node): Node {
  if (child.kind === "constant") return child.value ? never : always;
  if (child.kind === "not") return child.child;
  return intern(interner, `not ${idOf(child)}`, (id) => ({ kind: "not", id, child }));
}

function idOf(node: Node): number {
  return node.kind === "constant" ? 0 : node.id;
}

function intern(interner: Interner, key: string, make: (id: number) => Node): Node {
  const known = interner.nodes.get(key);
  if (known !== undefined) return known;
  const made = make(interner.next);
  interner.next += 1;
  interner.nodes.set(key, made);
  return made;
}

function resolveCheck(interner: Interner, node: CheckNode): Node {
  const left = termOf(node.left);
  const right = node.values.map((value) => rightOf(value));
  checkValues(left, node.operator, right);
  const constant = constantOf(left, node.operator, right);
  if (constant !== undefined) return constant ? always : never;
  const text = printCondition(node);
  return intern(interner, text, (id) => ({
    kind: "check",
    id,
    left,
    operator: node.operator,
    right,
    scope: scopeOf([left, ...right.flatMap((one) => (one.kind === "field" ? [one.term] : []))]),
    text,
  }));
}

/** Two fields of different scopes depend on the whole event; a process has its name, too. */
function scopeOf(terms: readonly Term[]): FieldScope {
  const [first = "event", ...rest] = new Set(terms.map(({ field }) => field.scope));
  if (rest.length === 0) return first;
  return terms.every(({ field: { scope } }) => scope === "process" || scope === "name") ? "process" : "event";
}

export function termOf(term: FieldTerm): Term {
  return { ...findField(term), transformers: term.transformers, name: printTerm(term) };
}

function rightOf(operand: Operand): Right {
  return operand.kind === "text" ? { kind: "text", text: operand.text } : { kind: "field", term: termOf(operand.term) };
}

/** Falco's own rules write "never" and "always" as evt.num=0 and evt.num>=0. Events are numbered from 1. */
function constantOf({ name }: Term, operator: Operator, right: readonly Right[]): boolean | undefined {
  const [value] = right;
  if (name !== "evt.num" || value?.kind !== "text" || value.text !== "0") return undefined;
  if (operator === "=" || operator === "==" || operator === "<" || operator === "<=") return false;
  return operator === ">" || operator === ">=" || operator === "!=" ? true : undefined;
}

// Exceptions of a rule as conditions: `and not (field comp value and ...)` for each of their values.
import { Fault } from "../../../base/fault.ts";
import { nearest } from "../../../base/nearest.ts";
import { textOf } from "../read-value.ts";
import {
  listOperators,
  operators,
  type CheckNode,
  type ConditionNode,
  type FieldTerm,
  type Operand,
  type Operator,
} from "./ast.ts";
import type { ExceptionItem } from "./items.ts";
import { parseCondition } from "./parse-condition.ts";

/** The rule's tree with its exceptions taken out. Throws a Fault for an exception whose shape is wrong. */
export function withExceptions(tree: ConditionNode, exceptions: readonly ExceptionItem[]): ConditionNode {
  const nots = exceptions.flatMap((exception): readonly ConditionNode[] => {
    const node = exceptionNode(exception);
    return node === undefined ? [] : [{ kind: "not", child: node }];
  });
  return nots.length === 0 ? tree : { kind: "and", children: [tree, ...nots] };
}

/** Undefined: it has no values, and takes nothing out. */
function exceptionNode(exception: ExceptionItem): ConditionNode | undefined {
  const { name, fields, comps, values } = exception;
  if (fields === undefined) throw bad(name, "needs `fields`");
  if (typeof fields === "string") return oneField(exception, fields);
  const terms = fields.map((field) => termOf(name, field));
  const ways = typeof comps === "string" ? [comps] : (comps ?? fields.map(() => "="));
  if (ways.length !== terms.length) throw bad(name, `has ${terms.length} fields and ${ways.length} comps`);
  const choices = values.map((tuple): ConditionNode => {
    if (!Array.isArray(tuple)) throw bad(name, "needs a list of values for each entry, one value a field");
    if (tuple.length !== terms.length)
      throw bad(name, `has an entry of ${tuple.length} values for ${terms.length} fields`);
    const checks = terms.map((left, index) =>
      check(name, left, { operator: operatorOf(name, ways[index] ?? "="), value: tuple[index] }),
    );
    return checks.length === 1 ? (checks[0] as ConditionNode) : { kind: "and", children: checks };
  });
  return anyOf(choices);
}

/** `fields: proc.name`: one list of values ("in", the usual), or each value by itself. */
function oneField({ name, comps, values }: ExceptionItem, field: string): ConditionNode | undefined {
  const left = termOf(name, field);
  const way = typeof comps === "string" ? comps : (comps?.[0] ?? "in");
  const operator = operatorOf(name, way);
  if (values.length === 0) return undefined;
  if (listOperators.includes(operator)) return check(name, left, { operator, value: values.flat() });
  return anyOf(values.flat().map((value) => check(name, left, { operator, value })));
}

function anyOf(choices: readonly ConditionNode[]): ConditionNode | undefined {
  if (choices.length === 0) return undefined;
  return choices.length === 1 ? choices[0] : { kind: "or", children: choices };
}

function check(
  name: string,
  left: FieldTerm,
  { operator, value }: { readonly operator: Operator; readonly value: unknown },
): CheckNode {
  const isList = listOperators.includes(operator);
  if (Array.isArray(value) && !isList) throw bad(name, `has a list of values for "${operator}", which takes one`);
  const values = (Array.isArray(value) ? value : [value]).map((one): Operand => {
    const text = textOf(one);
    if (text === undefined) throw bad(name, "has a value that is no text");
    return unquoted(text, !isList);
  });
  return { kind: "check", left, operator, values: operator === "exists" ? [] : values };
}

/** "(a, b)" written as text is not taken apart; quotation marks around a value are not part of it. */
function unquoted(text: string, isQuoted: boolean): Operand {
  const inner = /^"(.*)"$/s.exec(text) ?? /^'(.*)'$/s.exec(text);
  return inner === null ? { kind: "text", text, isQuoted } : { kind: "text", text: inner[1] ?? "", isQuoted: true };
}

function termOf(name: string, field: string): FieldTerm {
  const node = parseCondition(`${field} exists`);
  if (node.kind !== "check") throw bad(name, `has ${JSON.stringify(field)} for a field`);
  return node.left;
}

function operatorOf(name: string, text: string): Operator {
  const found = operators.find((one) => one === text);
  if (found !== undefined) return found;
  const near = nearest(text, operators);
  throw bad(
    name,
    `has the comparison ${JSON.stringify(text)}`,
    near === undefined ? operators.join(", ") : `did you mean "${near}"?`,
  );
}

function bad(name: string, message: string, hint = ""): Fault {
  const options = { code: "detect/bad-exception", kind: "usage" } as const;
  return new Fault(`the exception ${JSON.stringify(name)} ${message}`, hint === "" ? options : { ...options, hint });
}

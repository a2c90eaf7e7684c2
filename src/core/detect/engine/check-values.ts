// Does the operator fit the field, and can the field have these values? What cannot be true is refused when rules are read, not silently false later.
import { Fault } from "../../../base/fault.ts";
import { parseAddress, parsePrefix } from "../../../base/ip.ts";
import { nearest } from "../../../base/nearest.ts";
import type { Operator } from "../falco/ast.ts";
import { eventTypes } from "../fields/event-types.ts";
import type { FieldType } from "../fields/field.ts";
import type { Right, Term } from "./resolve.ts";
import { wholePattern } from "./whole-pattern.ts";

const comparing: readonly Operator[] = ["<", "<=", ">", ">="];
const textual: readonly Operator[] = [
  "contains",
  "icontains",
  "bcontains",
  "startswith",
  "bstartswith",
  "endswith",
  "glob",
  "iglob",
  "regex",
  "pmatch",
];

/** Throws a Fault "detect/bad-value". */
export function checkValues(left: Term, operator: Operator, right: readonly Right[]): void {
  const type = typeOf(left);
  if (comparing.includes(operator) && type !== "number")
    throw bad(`${left.name} is no number: "${operator}" cannot compare it`, `write = or !=`);
  if (textual.includes(operator) && (type === "number" || type === "boolean"))
    throw bad(`${left.name} is a ${type}: "${operator}" is for texts`, "write = or in");
  if (operator === "regex") checkPattern(right);
  if (left.field.name === "evt.type" || left.field.name === "syscall.type") checkTypes(right);
  for (const one of right) if (one.kind === "text") checkValue(left, operator, one.text);
}

/** A value's type behind its transformers. */
export function typeOf({ field, transformers }: Term): FieldType {
  const last = transformers.at(-1);
  if (last === "len") return "number";
  return last === undefined ? field.type : "text";
}

function checkValue(left: Term, operator: Operator, text: string): void {
  if (operator === "bcontains" || operator === "bstartswith") {
    if (!/^([0-9a-fA-F]{2})+$/.test(text))
      throw bad(`"${operator}" takes bytes in hexadecimal, not ${JSON.stringify(text)}`);
    return;
  }
  switch (typeOf(left)) {
    case "number":
      if (numberOf(text) === undefined) throw bad(`${left.name} is a number, ${JSON.stringify(text)} is none`);
      return;
    case "boolean":
      if (booleanValue(text) === undefined) throw bad(`${left.name} is true or false, not ${JSON.stringify(text)}`);
      return;
    case "address":
      if (parseAddress(text) === undefined && parsePrefix(text) === undefined)
        throw bad(`${left.name} is an address, ${JSON.stringify(text)} is none`, 'write "10.0.0.1" or "10.0.0.0/8"');
      return;
    case "text":
  }
}

/** What is no pattern must be known now: an engine that runs cannot refuse it any more. */
function checkPattern([right]: readonly Right[]): void {
  if (right?.kind !== "text") throw bad('"regex" takes a text, not another field');
  try {
    wholePattern(right.text);
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    throw bad(`the regular expression is wrong: ${thrown.message}`, thrown.hint ?? "");
  }
}

function checkTypes(right: readonly Right[]): void {
  for (const one of right) {
    if (one.kind !== "text" || eventTypes.has(one.text)) continue;
    const near = nearest(one.text, [...eventTypes]);
    throw bad(
      `there is no event type ${JSON.stringify(one.text)}`,
      near === undefined ? "" : `did you mean "${near}"?`,
    );
  }
}

/** Decimal, hexadecimal, with a sign; undefined for all else. */
export function numberOf(text: string): number | undefined {
  return /^[+-]?(\d+(\.\d+)?|0[xX][0-9a-fA-F]+)$/.test(text) ? Number(text) : undefined;
}

export function booleanValue(text: string): boolean | undefined {
  const lower = text.toLowerCase();
  if (lower === "true" || lower === "1" || lower === "yes") return true;
  return lower === "false" || lower === "0" || lower === "no" ? false : undefined;
}

function bad(message: string, hint = ""): Fault {
  const options = { code: "detect/bad-value", kind: "usage" } as const;
  return new Fault(message, hint === "" ? options : { ...options, hint });
}

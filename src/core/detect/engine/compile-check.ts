// One check -> a closure. A missing value makes every check false but its negation true, as in Falco; a list holds by the field's own rule.
import type { Predicate, ReadValue, Value } from "../event.ts";
import type { Operator } from "../falco/ast.ts";
import { comparerOf, type Compare } from "./compare.ts";
import { typeOf } from "./check-values.ts";
import type { Check, Term } from "./resolve.ts";
import { transformed } from "./transform.ts";

/** How a term is read from an event: the fields' own way, or from a flat record. */
export type ReadTerm = (term: Term) => ReadValue;

export const readField: ReadTerm = ({ field, argument, transformers }) =>
  transformed(field.read(argument), transformers);

/** A test of one event. Never throws on an event. */
export function compileCheck(check: Check, readTerm: ReadTerm = readField): Predicate {
  const { left, operator, right } = check;
  const read = readTerm(left);
  if (operator === "exists") return (event) => read(event) !== undefined;
  const texts = right.flatMap((one) => (one.kind === "text" ? [one.text] : []));
  const others = right.flatMap((one) => (one.kind === "field" ? [readTerm(one.term)] : []));
  const type = typeOf(left);
  if (others.length > 0)
    return dynamic({
      read,
      others,
      texts,
      holds: (values) => holdsFor(left, operator, comparerOf(type, operator, values)),
    });
  const compare = comparerOf(type, operator, texts);
  if (left.field.many === undefined) return single(read, compare, operator === "!=");
  const holds = holdsFor(left, operator, compare);
  return (event) => holds(read(event));
}

/** The hot case: a field with one value. */
function single(read: ReadValue, compare: Compare, isNegated: boolean): Predicate {
  return isNegated
    ? (event) => {
        const value = read(event);
        return value !== undefined && !compare(value as string | number | boolean);
      }
    : (event) => {
        const value = read(event);
        return value !== undefined && compare(value as string | number | boolean);
      };
}

/** "!=" is "there is a value, and none is equal". Falco's list fields hold "in" only when all their values do. */
function holdsFor({ field }: Term, operator: Operator, compare: Compare): (value: Value) => boolean {
  const isAll = field.many === "list" && operator === "in";
  return (value) => {
    if (value === undefined) return false;
    if (!Array.isArray(value)) return compare(value as string | number | boolean) !== (operator === "!=");
    const values = value as readonly (string | number)[];
    if (operator === "!=") return !values.some(compare);
    return isAll ? values.length > 0 && values.every(compare) : values.some(compare);
  };
}

/** Right sides that are fields: values are compared anew for each event. */
function dynamic({
  read,
  others,
  texts,
  holds,
}: {
  readonly read: ReadValue;
  readonly others: readonly ReadValue[];
  readonly texts: readonly string[];
  readonly holds: (values: readonly string[]) => (value: Value) => boolean;
}): Predicate {
  return (event) => {
    const values = [...texts];
    for (const other of others) {
      const value = other(event);
      if (value === undefined) continue;
      for (const one of Array.isArray(value) ? value : [value]) values.push(String(one));
    }
    return values.length > 0 && holds(values)(read(event));
  };
}

// Filter -> canonical text: canonical field names, clauses in their order, the window last. parse(print(f)) means what f means.
import type { Clause, Filter, Value } from "./filter.ts";

/** One line, single spaces. */
export function printFilter(filter: Filter): string {
  const { last, since, until } = filter.window;
  return [
    ...filter.clauses.map(printClause),
    ...(last === undefined ? [] : [`last:${last.text}`]),
    ...(since === undefined ? [] : [`since:${since.text}`]),
    ...(until === undefined ? [] : [`until:${until.text}`]),
  ].join(" ");
}

function printClause(clause: Clause): string {
  const side = clause.side === "any" ? "" : `${clause.side}.`;
  const field = clause.field === "" ? "" : `${side}${clause.field}:`;
  return `${clause.negated ? "-" : ""}${field}${clause.values.map(printValue).join(",")}`;
}

function printValue(value: Value): string {
  return value.quoted ? quote(value.text) : value.text;
}

/** A literal value as the grammar takes it back: quoted, with `"` and `\` escaped. */
export function quote(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

// The table of all fields, and how a name with its argument finds one: "proc.aname[2]", "evt.arg.flags", "k8s.pod.label.app".
import { Fault } from "../../../base/fault.ts";
import { nearest } from "../../../base/nearest.ts";
import { printTerm } from "../falco/print-condition.ts";
import type { FieldTerm } from "../falco/ast.ts";
import { auditFields } from "./audit-fields.ts";
import { descriptorFields } from "./descriptor-fields.ts";
import { eventFields } from "./event-fields.ts";
import type { Field } from "./field.ts";
import { pathFields } from "./path-fields.ts";
import { processFields } from "./process-fields.ts";
import { subjectFields } from "./subject-fields.ts";
import { untoldFields } from "./untold-fields.ts";

export const allFields: readonly Field[] = [
  ...eventFields,
  ...processFields,
  ...descriptorFields,
  ...pathFields,
  ...subjectFields,
  ...auditFields,
  ...untoldFields,
];

const byName: ReadonlyMap<string, Field> = new Map(allFields.map((field) => [field.name, field]));

export interface FoundField {
  readonly field: Field;
  readonly argument: string | undefined;
}

/** Throws a Fault "detect/unknown-field" that names the nearest. */
export function findField(term: Pick<FieldTerm, "field" | "argument">): FoundField {
  const found = byName.get(term.field);
  if (found !== undefined) return checkArgument({ field: found, argument: term.argument });
  // "evt.arg.flags": the rest of the name is the argument.
  for (let point = term.field.lastIndexOf("."); point > 0; point = term.field.lastIndexOf(".", point - 1)) {
    const shorter = byName.get(term.field.slice(0, point));
    const isKeyed = shorter?.argument === "key" || shorter?.argument === "key!";
    if (shorter === undefined || !isKeyed || term.argument !== undefined) continue;
    return { field: shorter, argument: term.field.slice(point + 1) };
  }
  const near = nearest(term.field, [...byName.keys()]);
  throw new Fault(`there is no field ${JSON.stringify(printTerm({ ...term, transformers: [] }))}`, {
    code: "detect/unknown-field",
    kind: "usage",
    ...(near === undefined ? {} : { hint: `did you mean "${near}"?` }),
  });
}

function checkArgument(found: FoundField): FoundField {
  const { field, argument } = found;
  const wrong = argumentProblem(field, argument);
  if (wrong === "") return found;
  throw new Fault(`${field.name} ${wrong}`, { code: "detect/bad-argument", kind: "usage" });
}

function argumentProblem(field: Field, argument: string | undefined): string {
  if (field.argument === undefined) return argument === undefined ? "" : "takes no argument in brackets";
  if (argument === undefined) return field.argument.endsWith("!") ? `needs an argument: ${field.name}[...]` : "";
  const isIndex = field.argument.startsWith("index");
  return isIndex && !/^\d{1,2}$/.test(argument) ? `needs a number in brackets, not ${JSON.stringify(argument)}` : "";
}

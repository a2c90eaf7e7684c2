// The list of a rule's exceptions, as far as its shape goes; what their fields and values mean is exceptions.ts.
import { ruleLimits } from "../limits.ts";
import { isMapping, textOf, textsOf } from "../read-value.ts";
import type { ExceptionItem } from "./items.ts";

/** A text says what is wrong. */
export function readExceptionList(value: unknown): readonly ExceptionItem[] | string {
  if (!Array.isArray(value)) return "`exceptions` must be a list";
  const exceptions: ExceptionItem[] = [];
  for (const entry of value) {
    const name = isMapping(entry) ? textOf(entry["name"]) : undefined;
    if (!isMapping(entry) || name === undefined) return "an exception needs a name";
    const fields = textOrTexts(entry["fields"]);
    const comps = textOrTexts(entry["comps"]);
    const values = entry["values"] ?? [];
    if (fields === "wrong" || comps === "wrong")
      return `exception ${name}: \`fields\` and \`comps\` are a text or a list of texts`;
    if (!Array.isArray(values)) return `exception ${name}: \`values\` must be a list`;
    if (values.length > ruleLimits.exceptionValuesMax)
      return `exception ${name}: more than exceptionValuesMax = ${ruleLimits.exceptionValuesMax} values`;
    exceptions.push({ name, fields: fields?.value, comps: comps?.value, values });
  }
  return exceptions;
}

function textOrTexts(value: unknown): { readonly value: string | readonly string[] } | "wrong" | undefined {
  if (value === undefined || value === null) return undefined;
  const text = textOf(value) ?? textsOf(value);
  return text === undefined ? "wrong" : { value: text };
}

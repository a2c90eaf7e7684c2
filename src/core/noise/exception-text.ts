// Suggestions as a Falco rules file: exceptions that are added to a rule which stands elsewhere (falco.org/docs/rules/exceptions, .../overriding).
// Written as JSON inside YAML: every JSON string is a YAML string, so that no value can become syntax.
import type { NoiseField } from "./noise-fields.ts";

export interface ExceptionTextInput {
  readonly rule: string;
  readonly namespace: string;
  readonly workload: string;
  readonly suggestions: readonly { readonly fields: readonly NoiseField[]; readonly because: string }[];
}

/** One exception per set of fields: tuples of the same fields are its values. "" without suggestions. */
export function exceptionText({ rule, namespace, workload, suggestions }: ExceptionTextInput): string {
  if (suggestions.length === 0) return "";
  const shapes = Map.groupBy(suggestions, ({ fields }) =>
    fields.map(({ field, comparison }) => `${field} ${comparison}`).join(","),
  );
  const exceptions = [...shapes.values()].flatMap((same, index) => {
    const fields = same[0]?.fields ?? [];
    return [
      `    - name: ${exceptionName(`${namespace} ${workload}`, index)}`,
      `      fields: [${fields.map(({ field }) => field).join(", ")}]`,
      `      comps: [${fields
        .map(({ comparison }) => comparison)
        .map((word) => JSON.stringify(word))
        .join(", ")}]`,
      "      values:",
      ...same.map((each) => `        - [${each.fields.map(({ value }) => JSON.stringify(value)).join(", ")}]`),
    ];
  });
  return `${[
    `- rule: ${JSON.stringify(rule)}`,
    "  exceptions:",
    ...exceptions,
    "  override:",
    "    exceptions: append",
  ].join("\n")}\n`;
}

/** Names of exceptions are words: letters, digits and underscores. Two of one rule must differ by their workload. */
function exceptionName(place: string, index: number): string {
  const word = place
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .slice(0, 80);
  return `quiet_${word === "" ? "workload" : word}${index === 0 ? "" : `_${index + 1}`}`;
}

/** Of the resource that holds it: a name as in RFC 1123, the same for the same rule and workload. */
export function exceptionResourceName({
  rule,
  namespace,
  workload,
}: {
  readonly rule: string;
  readonly namespace: string;
  readonly workload: string;
}): string {
  const words = ["quiet", namespace, workload, rule].map((text) =>
    text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-+|-+$/g, "")
      .slice(0, 70),
  );
  return words
    .filter((word) => word !== "")
    .join("-")
    .replace(/-+$/, "")
    .slice(0, 230);
}

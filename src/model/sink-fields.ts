// The fields that a webhook's template may name in "{{...}}", and how such names are found. Nothing in a template is evaluated.

/** Beside these: "output_fields.NAME" with any name, of what the rule gave out. */
export const sinkFields = [
  "uuid",
  "time",
  "priority",
  "severity",
  "output",
  "rule",
  "title",
  "message",
  "source",
  "tags",
  "techniques",
  "evidence",
  "action",
  "policy",
  "receipt",
  "ancestors",
  "count",
  "hostname",
  "cluster",
  "node",
  "namespace",
  "workload",
  "workloadKind",
  "service",
  "pod",
  "container",
  "containerId",
  "image",
  "imageDigest",
  "process",
  "pid",
  "processId",
  "executable",
  "fidelity",
  "output_fields",
] as const;
export type SinkField = (typeof sinkFields)[number];

/** "{{ name }}"; a new expression for each use, because of its state. */
export function placeholders(): RegExp {
  return /\{\{\s*([A-Za-z_][A-Za-z0-9_.[\]-]{0,127})\s*\}\}/g;
}

const known: ReadonlySet<string> = new Set(sinkFields);

export function isSinkField(name: string): boolean {
  return known.has(name) || (name.startsWith("output_fields.") && name.length > "output_fields.".length);
}

/** Names in "{{...}}" anywhere in a template's texts that are no field, and "{{" that begins no name. */
export function unknownFields(template: unknown): readonly string[] {
  if (typeof template === "string") {
    const names = [...template.matchAll(placeholders())].map(([, name = ""]) => name);
    const rest = template.replaceAll(placeholders(), "");
    return [...names.filter((name) => !isSinkField(name)), ...(rest.includes("{{") ? [rest.slice(0, 64)] : [])];
  }
  if (Array.isArray(template)) return template.flatMap(unknownFields);
  if (typeof template !== "object" || template === null) return [];
  return Object.entries(template).flatMap(([key, value]) => [...unknownFields(key), ...unknownFields(value)]);
}

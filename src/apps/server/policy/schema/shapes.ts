// Small words for JSON Schemas of policy objects: enough for an editor to complete and to mark what is misspelt. The parser has the last word.

export type Schema = Readonly<Record<string, unknown>>;

export function text(description = "", rest: Schema = {}): Schema {
  return { type: "string", ...(description === "" ? {} : { description }), ...rest };
}

export function choice(values: readonly string[], description = ""): Schema {
  return { enum: values, ...(description === "" ? {} : { description }) };
}

export function integer(minimum: number, maximum: number, description = ""): Schema {
  return { type: "integer", minimum, maximum, ...(description === "" ? {} : { description }) };
}

export function list(items: Schema, description = ""): Schema {
  return { type: "array", items, ...(description === "" ? {} : { description }) };
}

/** Keys that are not named are refused: unknown fields of policies fail closed. */
export function object(
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[] = [],
  description = "",
): Schema {
  return {
    type: "object",
    properties,
    additionalProperties: false,
    ...(required.length === 0 ? {} : { required }),
    ...(description === "" ? {} : { description }),
  };
}

export const yesNo: Schema = { type: "boolean" };
export const labels: Schema = { type: "object", additionalProperties: { type: "string" } };

/** metadata.matchLabels, matchExpressions. */
export const labelSelector: Schema = object(
  {
    matchLabels: labels,
    matchExpressions: list(
      object(
        {
          key: text(),
          operator: choice(["In", "NotIn", "Exists", "DoesNotExist"]),
          values: list(text()),
        },
        ["key", "operator"],
      ),
    ),
  },
  [],
  "Empty: everything",
);

export function anyOf(...schemas: readonly Schema[]): Schema {
  return { anyOf: schemas };
}

export interface KindSchema {
  readonly apiVersion: string;
  readonly kind: string;
  readonly dialect: "kubernetes" | "cluster" | "admin" | "calico" | "cilium";
  readonly summary: string;
  readonly isNamespaced: boolean;
  readonly schema: Schema;
}

/** A whole manifest: apiVersion, kind, metadata and what the kind adds. */
export function manifest(
  kind: Omit<KindSchema, "schema">,
  spec: Schema,
  options: { readonly isSpecOptional?: true } = {},
): KindSchema {
  const metadata = {
    type: "object",
    properties: {
      name: text("Unique in its kind and namespace"),
      ...(kind.isNamespaced ? { namespace: text('Absent: "default"') } : {}),
      labels,
      annotations: labels,
    },
    required: ["name"],
  };
  const required = ["apiVersion", "kind", "metadata", ...(options.isSpecOptional === true ? [] : ["spec"])];
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: kind.kind,
    description: kind.summary,
    ...object({ apiVersion: { const: kind.apiVersion }, kind: { const: kind.kind }, metadata, spec }, required),
  };
  return { ...kind, schema };
}

// A config schema as a flat list of settings, each with its three names: file key, flag and environment variable.
import type { z } from "zod";

export interface ConfigField {
  /** Path in the file, e.g. ["flow", "windowSeconds"]. */
  readonly path: readonly string[];
  /** "flow.windowSeconds". */
  readonly key: string;
  /** "--flow-window-seconds". */
  readonly flag: string;
  /** "GARRISON_FLOW_WINDOW_SECONDS". */
  readonly variable: string;
  readonly type: "string" | "number" | "boolean" | "list";
  readonly choices: readonly string[];
  /** As it is when nobody sets it; undefined when it is optional or required. */
  readonly default: unknown;
  readonly description: string;
}

interface Definition {
  readonly type: string;
  readonly innerType?: z.core.$ZodType;
  readonly defaultValue?: unknown;
  readonly shape?: Record<string, z.core.$ZodType>;
  readonly entries?: Record<string, string>;
}

function definitionOf(schema: z.core.$ZodType): Definition {
  return schema._zod.def;
}

/** All settings of a schema made of objects, strings, numbers, booleans, enums and lists of strings. Other types throw (a bug). */
export function fieldsOf(schema: z.core.$ZodType, path: readonly string[] = []): readonly ConfigField[] {
  const { inner, description, preset } = unwrap(schema);
  const definition = definitionOf(inner);
  if (definition.type === "object") {
    return Object.entries(definition.shape ?? {}).flatMap(([key, child]) => fieldsOf(child, [...path, key]));
  }
  return [
    {
      path,
      key: path.join("."),
      flag: `--${path.map(kebab).join("-")}`,
      variable: `GARRISON_${path.map((part) => kebab(part).replaceAll("-", "_").toUpperCase()).join("_")}`,
      type: leafType(definition.type, path),
      choices: definition.type === "enum" ? Object.values(definition.entries ?? {}) : [],
      default: preset,
      description,
    },
  ];
}

function leafType(type: string, path: readonly string[]): ConfigField["type"] {
  switch (type) {
    case "string":
    case "enum":
    case "literal":
    case "union":
      return "string";
    case "number":
    case "int":
      return "number";
    case "boolean":
      return "boolean";
    case "array":
      return "list";
    default:
      throw new Error(`config field ${path.join(".")}: type ${type} cannot be set by a flag`);
  }
}

/** Looks through optional, default and pipe; the outermost description wins. */
function unwrap(schema: z.core.$ZodType): { inner: z.core.$ZodType; description: string; preset: unknown } {
  let inner = schema;
  let description = "";
  let preset: unknown;
  for (;;) {
    description ||= (inner as z.ZodType).description ?? "";
    const definition = definitionOf(inner);
    if (definition.type === "default" || definition.type === "prefault") preset ??= definition.defaultValue;
    if (definition.innerType === undefined) return { inner, description, preset };
    inner = definition.innerType;
  }
}

/** windowSeconds -> window-seconds, TLSKey -> tls-key. */
function kebab(word: string): string {
  return word
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1-$2")
    .toLowerCase();
}

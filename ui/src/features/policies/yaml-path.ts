// Where a cursor stands in a YAML document, by indentation alone: enough to complete keys and values of a manifest while it is not valid yet.

export interface YamlPlace {
  /** Of the document that holds the cursor; "" when it says none. */
  readonly apiVersion: string;
  readonly kind: string;
  /** Keys from the root to the mapping that holds the cursor; list items are "[]". */
  readonly path: readonly string[];
  /** A key is being typed, or the value of `key`. */
  readonly wants: { readonly what: "key" } | { readonly what: "value"; readonly key: string };
  /** What is typed so far of the word at the cursor, and at which column it begins (from 0). */
  readonly typed: string;
  readonly column: number;
}

/** `line` and `column` from 0. */
export function yamlPlace(text: string, line: number, column: number): YamlPlace {
  const lines = text.split("\n");
  const [first, last] = documentAround(lines, line);
  const here = (lines[line] ?? "").slice(0, column);
  const { typed, wants, indent, start } = wordAt(here);
  return {
    apiVersion: topValue(lines.slice(first, last), "apiVersion"),
    kind: topValue(lines.slice(first, last), "kind"),
    path: parentsOf(lines.slice(first, line), indent, here),
    wants,
    typed,
    column: start,
  };
}

function documentAround(lines: readonly string[], line: number): readonly [number, number] {
  const isBreak = (text: string): boolean => /^---(\s|$)/.test(text);
  let first = line;
  while (first > 0 && !isBreak(lines[first - 1] ?? "")) first -= 1;
  let last = line;
  while (last < lines.length && !(last > line && isBreak(lines[last] ?? ""))) last += 1;
  return [first, last];
}

function topValue(lines: readonly string[], key: string): string {
  for (const line of lines) {
    const match = new RegExp(`^${key}:\\s*["']?([^"'#\\s]+)`).exec(line);
    if (match?.[1] !== undefined) return match[1];
  }
  return "";
}

function wordAt(here: string) {
  const value = /^(\s*(?:- )*)([\w./-]+):\s+["']?([\w./-]*)$/.exec(here);
  if (value !== null) {
    const [, lead = "", key = "", typed = ""] = value;
    return { typed, wants: { what: "value", key } as const, indent: lead.length, start: here.length - typed.length };
  }
  const [, lead = "", typed = ""] = /^(\s*(?:- )*)([\w./-]*)$/.exec(here) ?? [];
  return { typed, wants: { what: "key" } as const, indent: lead.length, start: here.length - typed.length };
}

/** Keys of the lines above that hold a line of this indentation, outermost first. */
function parentsOf(above: readonly string[], indent: number, here: string): readonly string[] {
  const path: string[] = [];
  let inner = indent;
  // "- " before the cursor: what is typed is in an item of the list of the key above.
  const dashes = [...here.slice(0, indent).matchAll(/- /g)].map((match) => match.index);
  for (const at of dashes.toReversed()) {
    path.unshift("[]");
    inner = at + 1;
  }
  for (const line of above.toReversed()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const [, spaces = "", items = "", key] =
      /^(\s*)((?:- )*)([\w./-]+):/.exec(line) ?? /^(\s*)((?:- )+)/.exec(line) ?? [];
    const itemAt = spaces.length;
    const keyAt = itemAt + items.length;
    if (key !== undefined && keyAt < inner) {
      path.unshift(key);
      inner = keyAt;
    }
    // The item that holds the mapping begins on this line.
    if (items !== "" && itemAt < inner && keyAt <= inner) {
      path.unshift("[]");
      inner = itemAt + 1;
    }
    if (inner === 0) break;
  }
  return path;
}

type Schema = Readonly<Record<string, unknown>>;

/** The schema at a path: through properties, items and the branches of unions. */
export function schemaAt(schema: Schema, path: readonly string[]): readonly Schema[] {
  let level: readonly Schema[] = branches(schema);
  for (const key of path) {
    level = level.flatMap((each) => branches(key === "[]" ? each["items"] : propertiesOf(each)[key]));
  }
  return level;
}

function branches(schema: unknown): readonly Schema[] {
  if (typeof schema !== "object" || schema === null) return [];
  const own = schema as Schema;
  const parts = ["anyOf", "oneOf", "allOf"].flatMap((word) => (Array.isArray(own[word]) ? own[word] : []));
  return [own, ...parts.flatMap(branches)];
}

export function propertiesOf(schema: Schema): Readonly<Record<string, unknown>> {
  const properties = schema["properties"];
  return typeof properties === "object" && properties !== null ? (properties as Schema) : {};
}

/** Values that an enumeration (or a constant) allows. */
export function valuesOf(schema: Schema): readonly string[] {
  const listed = Array.isArray(schema["enum"]) ? schema["enum"] : "const" in schema ? [schema["const"]] : [];
  return listed.filter((value) => ["string", "number", "boolean"].includes(typeof value)).map(String);
}

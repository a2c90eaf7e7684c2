// Plain values as YAML text for people: block style, keys in the given order, strings quoted whenever a reader might take them for something else.

const indentSpaces = 2;

/** Objects, arrays, strings, finite numbers, booleans and null; `undefined` fields are left out. Ends with a line feed. */
export function printYaml(value: unknown): string {
  return `${block(value, 0).trimStart()}\n`;
}

/** Several documents in one text. */
export function printYamlDocuments(values: readonly unknown[]): string {
  return values.map(printYaml).join("---\n");
}

/** With a line feed before it when it needs lines of its own. */
function block(value: unknown, depth: number): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    return value.map((item) => `\n${pad(depth)}- ${nested(item, depth)}`).join("");
  }
  if (typeof value !== "object" || value === null) return scalar(value);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  if (fields.length === 0) return "{}";
  return fields.map(([key, field]) => `\n${pad(depth)}${scalar(key)}:${fieldText(field, depth)}`).join("");
}

/** An item of a list begins on the line of its dash. */
function nested(item: unknown, depth: number): string {
  return block(item, depth + 1).trimStart();
}

function fieldText(field: unknown, depth: number): string {
  const text = block(field, Array.isArray(field) ? depth : depth + 1);
  return text.startsWith("\n") ? text : ` ${text}`;
}

function pad(depth: number): string {
  return " ".repeat(depth * indentSpaces);
}

/** Words that YAML 1.1 or 1.2 readers take for truth, nothing or a number. */
const spoken = /^(?:y|n|yes|no|on|off|true|false|null|~)$/i;
const plain = /^[A-Za-z_][A-Za-z0-9_./@-]*(?: [A-Za-z0-9_./@-]+)*$/;

function scalar(value: unknown): string {
  if (typeof value !== "string")
    return typeof value === "number" || typeof value === "boolean" ? String(value) : "null";
  return plain.test(value) && !spoken.test(value) ? value : JSON.stringify(value);
}

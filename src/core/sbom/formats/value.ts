// Parsed JSON of others, taken apart without trust: what is not as expected is empty.

export type Unknown = Readonly<Record<string, unknown>>;

const none: Unknown = Object.freeze(Object.create(null) as Record<string, unknown>);

/** The value as an object, or one without members. Only own members count: see `member`. */
export function objectOf(value: unknown): Unknown {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Unknown) : none;
}

/** An own member; what objects inherit is not there. */
export function member(value: unknown, key: string): unknown {
  const object = objectOf(value);
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A text; numbers as they are written; anything else is "". */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "number" ? String(value) : "";
}

/** Own member as a text. */
export function textAt(value: unknown, key: string): string {
  return textOf(member(value, key));
}

/** Own member as a list. */
export function listAt(value: unknown, key: string): readonly unknown[] {
  return listOf(member(value, key));
}

export function numberAt(value: unknown, key: string): number {
  const found = member(value, key);
  return typeof found === "number" && Number.isFinite(found) ? found : 0;
}

/** JSON of a text, or undefined. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

// Plain values of a document with their places: texts, lists and mappings, with problems that say what was expected.
import type { RuleDocument } from "./contract.ts";
import { addProblem, didYouMean, type ItemPlace, type Problems } from "./problems.ts";

export type Mapping = Readonly<Record<string, unknown>>;

export interface Place {
  readonly document: RuleDocument;
  readonly problems: Problems;
  readonly item: ItemPlace;
  /** From the document's top to the item. */
  readonly path: readonly (string | number)[];
}

export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Texts, numbers and booleans as text; undefined for all else. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

/** Undefined when it is not a list of scalars. */
export function textsOf(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const texts = value.map(textOf);
  return texts.some((text) => text === undefined) ? undefined : (texts as readonly string[]);
}

/** true, false, also as text. */
export function booleanOf(value: unknown): boolean | undefined {
  if (value === true || value === "true") return true;
  return value === false || value === "false" ? false : undefined;
}

export function placeOf(place: Place, key?: string): ItemPlace {
  return { ...place.item, line: place.document.lineOf(key === undefined ? place.path : [...place.path, key]) };
}

/** An error at a key of the item. */
export function wrong(place: Place, key: string, message: string): undefined {
  addProblem(place.problems, placeOf(place, key), { severity: "error", code: "detect/bad-value", message });
  return undefined;
}

/** Keys that nobody reads, each with the nearest known one. */
export function refuseUnknownKeys(
  place: Place,
  value: Mapping,
  known: readonly string[],
  severity: "error" | "warning" = "warning",
): boolean {
  let isClean = true;
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    isClean = false;
    addProblem(place.problems, placeOf(place, key), {
      severity,
      code: "detect/unknown-key",
      message: `unknown key ${JSON.stringify(key)}`,
      hint: didYouMean(key, known) || `known are: ${known.join(", ")}`,
    });
  }
  return isClean;
}

// Places in a JSON document: RFC 6901 pointers, with * for every item of a list. Bounded in what it gives back.

/** Values that one place gives at most; a pod has fewer. */
export const placesMax = 1000;

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a JSON pointer; undefined when nothing is there. "" is the whole. */
export function atPointer(root: unknown, pointer: string): unknown {
  let here = root;
  for (const step of stepsOf(pointer)) here = childOf(here, step);
  return here;
}

/** All values at a pointer whose * goes through lists. */
export function valuesOf(root: unknown, pointer: string): readonly unknown[] {
  let here: readonly unknown[] = [root];
  for (const step of stepsOf(pointer)) {
    here = here
      .flatMap((value) =>
        step === "*" ? (Array.isArray(value) ? (value as readonly unknown[]) : []) : [childOf(value, step)],
      )
      .filter((value) => value !== undefined && value !== null)
      .slice(0, placesMax);
  }
  return here;
}

/** The texts, numbers and booleans among them. */
export function scalarsAt(root: unknown, pointer: string): readonly (string | number | boolean)[] {
  return valuesOf(root, pointer).filter(
    (value): value is string | number | boolean =>
      typeof value === "string" || typeof value === "number" || typeof value === "boolean",
  );
}

const knownSteps = new Map<string, readonly string[]>();
const knownStepsMax = 2000;

function stepsOf(pointer: string): readonly string[] {
  const known = knownSteps.get(pointer);
  if (known !== undefined) return known;
  const steps =
    pointer === ""
      ? []
      : pointer
          .replace(/^\//, "")
          .split("/")
          .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (knownSteps.size < knownStepsMax) knownSteps.set(pointer, steps);
  return steps;
}

function childOf(value: unknown, step: string): unknown {
  if (Array.isArray(value)) return /^\d{1,9}$/.test(step) ? (value as readonly unknown[])[Number(step)] : undefined;
  return isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
}

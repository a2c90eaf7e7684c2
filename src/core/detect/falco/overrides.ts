// `override: {condition: append}` and the older `append: true`: which keys of an item change one that stands before, and how.
import { addProblem, didYouMean } from "../problems.ts";
import { booleanOf, isMapping, placeOf, textOf, wrong, type Mapping, type Place } from "../read-value.ts";

export type OverrideWay = "append" | "replace";
/** Empty: the item is new, or takes the place of the whole one before. */
export type Overrides = ReadonlyMap<string, OverrideWay>;

/** What may be overridden, and how. Undefined: it is wrong, and a problem says so. */
export function overridesOf(
  place: Place,
  entry: Mapping,
  allowed: Readonly<Record<string, readonly OverrideWay[]>>,
): Overrides | undefined {
  const given = entry["override"];
  if (given === undefined) return legacyAppend(place, entry, allowed);
  if (!isMapping(given)) return wrong(place, "override", "a mapping was expected: override: {condition: append}");
  const overrides = new Map<string, OverrideWay>();
  for (const [key, value] of Object.entries(given)) {
    const ways = Object.hasOwn(allowed, key) ? allowed[key] : undefined;
    const way = textOf(value);
    const known = ways?.find((one) => one === way);
    if (known === undefined) {
      addProblem(place.problems, placeOf(place, "override"), {
        severity: "error",
        code: "detect/bad-override",
        message:
          ways === undefined
            ? `${JSON.stringify(key)} cannot be overridden`
            : `${key} can be overridden by ${ways.join(" or ")}, not by ${JSON.stringify(way)}`,
        hint: ways === undefined ? didYouMean(key, Object.keys(allowed)) : "",
      });
      return undefined;
    }
    if (!(key in entry)) {
      wrong(place, "override", `${key} is to be overridden, but does not stand in the item`);
      return undefined;
    }
    overrides.set(key, known);
  }
  return overrides;
}

/** `append: true` appends whatever of the item can be appended to. */
function legacyAppend(
  place: Place,
  entry: Mapping,
  allowed: Readonly<Record<string, readonly OverrideWay[]>>,
): Overrides | undefined {
  const append = entry["append"] === undefined ? false : booleanOf(entry["append"]);
  if (append === undefined) {
    wrong(place, "append", "`append` is true or false");
    return undefined;
  }
  if (!append) return new Map();
  const keys = Object.keys(allowed).filter((key) => key in entry && allowed[key]?.includes("append"));
  return new Map(keys.map((key) => [key, "append"]));
}

// What the schema of a RuntimePolicy found, as problems with their own line: of a misspelt key the key's line and what was meant, of a wrong word the nearest known one.
import type { z } from "zod";
import { nearest } from "../../../base/nearest.ts";
import { RuntimePolicy } from "../../../model/runtime-policy.ts";
import { knownKeys } from "../../state/validate-input.ts";
import { runtimeLimits } from "../limits.ts";
import { child, refuse, shown, type At } from "./at.ts";

/** Tells every issue at its place below `spec`, in the order of the schema. */
export function refuseSpec(spec: At, error: z.core.$ZodError): void {
  const misspelt = new Set(error.issues.filter(({ code }) => code === "unrecognized_keys").map(placeText));
  for (const issue of error.issues.slice(0, runtimeLimits.problemsMax)) {
    // "Give one of path, ..." about a rule whose path is misspelt says the same thing twice.
    if (issue.code === "custom" && misspelt.has(placeText(issue))) continue;
    const place = issue.path.reduce<At>(
      (holder, step) => child(holder, typeof step === "number" ? step : String(step)),
      spec,
    );
    if (issue.code === "unrecognized_keys") refuseKeys(place, issue.keys, knownKeys(RuntimePolicy, issue.path));
    else
      refuse(place, "bad-spec", issue.message, issue.code === "invalid_value" ? meant(place.value, issue.values) : "");
  }
}

function placeText({ path }: { readonly path: readonly PropertyKey[] }): string {
  return path.map(String).join(".");
}

function refuseKeys(holder: At, keys: readonly string[], known: readonly string[]): void {
  for (const key of keys) {
    const hint = meant(key, known) || `known here: ${known.join(", ")}`;
    refuse(child(holder, key), "unknown-field", `${shown(key)} is not understood`, hint);
  }
}

/** "" when nothing is near. */
export function meant(word: unknown, known: readonly unknown[]): string {
  const near = typeof word === "string" ? nearest(word.slice(0, 64), known.map(String)) : undefined;
  return near === undefined ? "" : `did you mean "${near}"?`;
}

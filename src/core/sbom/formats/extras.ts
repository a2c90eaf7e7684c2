// What our own documents say beyond the format, so that reading one gives the same packages again: properties `garrison:*` of CycloneDX, an annotation of SPDX.
import type { SoftwarePackage } from "../../../model/software-package.ts";
import { purlOf, readPurl } from "../purl.ts";
import { packageOfPurl } from "./purl-package.ts";
import { jsonOf } from "./value.ts";

/** By name without prefix: "cataloger", "scope", ... */
export type Extras = Readonly<Record<string, string>>;

export const extraPrefix = "garrison:";

const texts = [
  "type",
  "namespace",
  "name",
  "version",
  "architecture",
  "module",
  "scope",
  "ownedBy",
  "vendor",
  "cataloger",
] as const;
const values = ["source", "qualifiers", "licenses", "cpes", "evidence"] as const;

/**
 * Fields that neither the package URL nor the format's own fields carry. `carried`: fields that the format writes exactly; of the names only what the package URL
 * does not give back.
 */
export function extrasOf(subject: SoftwarePackage, carried: ReadonlySet<keyof SoftwarePackage>): Extras {
  const back: Partial<SoftwarePackage> = { ...defaults, ...packageOfPurl(readPurl(purlOf(subject))) };
  const extras: Record<string, string> = {};
  for (const key of texts) if ((subject[key] ?? "") !== (back[key] ?? "")) extras[key] = subject[key] ?? "";
  for (const key of values) {
    if (carried.has(key)) continue;
    const text = JSON.stringify(subject[key] ?? null);
    if (text !== JSON.stringify(back[key] ?? null)) extras[key] = text;
  }
  return extras;
}

const defaults: Partial<SoftwarePackage> = {
  scope: "installed",
  ownedBy: "",
  cataloger: "sbom",
  licenses: [],
  cpes: [],
};

/** The fields as they were; they are checked with the whole package afterwards. */
export function readExtras(extras: Extras): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const key of texts) {
    const text = own(extras, key);
    if (text !== undefined) fields[key] = text;
  }
  for (const key of values) {
    const text = own(extras, key);
    if (text === undefined) continue;
    const value = jsonOf(text);
    if (value === null) fields[key] = undefined;
    else if (value !== undefined) fields[key] = value;
  }
  return fields;
}

function own(extras: Extras, key: string): string | undefined {
  return Object.hasOwn(extras, key) ? extras[key] : undefined;
}

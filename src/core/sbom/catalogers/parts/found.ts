// What language cataloguers have in common: the plain record of a package in a file, checked names, one row per package and file, counted refusals, and how
// the records of visible files become packages with evidence.
import { Fault } from "../../../../base/fault.ts";
import type { AnalysisGap } from "../../../../model/image-analysis.ts";
import type { Evidence, SoftwarePackage } from "../../../../model/software-package.ts";
import type { CatalogedFile, Combined } from "../../cataloger.ts";
import { publicAddress } from "./address.ts";

export interface Found {
  readonly type: string;
  readonly namespace?: string;
  readonly name: string;
  /** Absent or "": the file names the package, and not which version. */
  readonly version?: string;
  readonly licenses?: readonly string[];
  readonly scope?: SoftwarePackage["scope"];
  readonly line?: number;
  readonly qualifiers?: Readonly<Record<string, string>>;
  /** Where in an archive, "!/BOOT-INF/lib/a.jar": appended to the file's path. */
  readonly inside?: string;
}

export interface FoundGap {
  readonly kind: AnalysisGap["kind"];
  readonly because: string;
  readonly count?: number;
  readonly inside?: string;
}

/** What `read` of a language cataloguer gives: plain data. */
export interface FoundPart {
  readonly packages: readonly Found[];
  readonly gaps?: readonly FoundGap[];
}

export const foundLimits = {
  /** Packages of one file. */
  packagesMax: 50_000,
  /** Of those beyond: after so many the rest is only counted. */
  overCheckedMax: 1000,
  nameLengthMax: 512,
  versionLengthMax: 512,
  licensesMax: 50,
  licenseLengthMax: 512,
  gapsMax: 200,
  /** Names that a gap's sentence tells. */
  namesToldMax: 5,
} as const;

/** A file that is not what its name says: a gap with layer and path, the rest goes on. */
export function brokenFile(message: string, where?: string): Fault {
  return new Fault(message, { code: "sbom/broken-file", kind: "usage", ...(where === undefined ? {} : { where }) });
}

// Control characters, line separators, and what turns the direction of text: they would lie in a terminal and in a report.
const unprintable = /[\p{Cc}\p{Cf}\u2028\u2029\ufffd]/u;

/** Nearly all names: not worth a look at Unicode's tables. */
const plainText = /^[ -~]*$/;

export function isPrintable(text: string, lengthMax: number): boolean {
  return text.length <= lengthMax && (plainText.test(text) || !unprintable.test(text));
}

export interface Collector {
  /** Takes one package, or counts it as refused. The same package twice in a file is one row; what is declared goes before what is for development. */
  add(found: Found): void;
  gap(gap: FoundGap): void;
  /** undefined: nothing was found and nothing is to be told. */
  part(): FoundPart | undefined;
}

export function createCollector(): Collector {
  const rows = new Map<string, Found>();
  const gaps: FoundGap[] = [];
  const unversioned: string[] = [];
  let unversionedCount = 0;
  let refused = 0;
  let over = 0;
  return {
    add(given) {
      // Long full: what comes now is not worth a look.
      if (over >= foundLimits.overCheckedMax) return void (over += 1);
      const found = toChecked(given);
      if (found === undefined) return void (refused += 1);
      const key = `${found.type}\n${found.namespace ?? ""}\n${found.name}\n${found.version ?? ""}\n${found.inside ?? ""}`;
      const known = rows.get(key);
      if (known === undefined && rows.size >= foundLimits.packagesMax) return void (over += 1);
      if (known === undefined && (found.version ?? "") === "") {
        unversionedCount += 1;
        if (unversioned.length < foundLimits.namesToldMax) unversioned.push(fullNameOf(found));
      }
      if (known === undefined || (known.scope === "development" && found.scope !== "development")) rows.set(key, found);
    },
    gap(gap) {
      if (gaps.length < foundLimits.gapsMax) gaps.push(gap);
    },
    part() {
      const all = [...gaps];
      if (refused > 0) {
        const because = "entries with a name or version that is empty, too long or has control characters";
        all.push({ kind: "file-unreadable", because, count: refused });
      }
      if (over > 0) {
        const because = `more than ${foundLimits.packagesMax} packages in one file`;
        all.push({ kind: "limit-reached", because, count: over });
      }
      if (unversionedCount > 0) {
        const more = unversionedCount > unversioned.length ? ", ..." : "";
        const because = `named without an exact version: ${unversioned.join(", ")}${more}`;
        all.push({ kind: "version-unknown", because: because.slice(0, 2000), count: unversionedCount });
      }
      if (rows.size === 0 && all.length === 0) return undefined;
      return all.length === 0 ? { packages: [...rows.values()] } : { packages: [...rows.values()], gaps: all };
    },
  };
}

function fullNameOf(found: Found): string {
  return found.namespace === undefined || found.namespace === "" ? found.name : `${found.namespace}/${found.name}`;
}

function toChecked(found: Found): Found | undefined {
  const name = found.name.trim();
  const version = (found.version ?? "").trim();
  const namespace = (found.namespace ?? "").trim();
  if (name === "" || !isPrintable(name, foundLimits.nameLengthMax)) return undefined;
  if (!isPrintable(version, foundLimits.versionLengthMax)) return undefined;
  if (!isPrintable(namespace, foundLimits.nameLengthMax)) return undefined;
  const licenses = toLicenses(found.licenses);
  const { licenses: _licenses, qualifiers, ...rest } = found;
  const shown = qualifiers === undefined ? {} : { qualifiers: publicQualifiers(qualifiers) };
  const checked = { ...rest, ...shown, name, namespace, version };
  return licenses.length === 0 ? checked : { ...checked, licenses };
}

/** Whatever a reader forgot: no address with a password leaves a cataloguer. */
function publicQualifiers(qualifiers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(qualifiers).map(([key, value]) => [key, publicAddress(value)]));
}

function toLicenses(given: readonly string[] | undefined): readonly string[] {
  if (given === undefined) return [];
  const clean = new Set<string>();
  for (const text of given) {
    const license = text.trim();
    if (license !== "" && isPrintable(license, foundLimits.licenseLengthMax)) clean.add(license);
    if (clean.size >= foundLimits.licensesMax) break;
  }
  return [...clean];
}

/** The one package of a file with its metadata. */
export function partOf(found: Found): FoundPart | undefined {
  const collector = createCollector();
  collector.add(found);
  return collector.part();
}

/** `combine` of a unit whose files stand for themselves: every record becomes a package with its place. `scope` is that of records which say none. */
export function combineFound(
  cataloger: string,
  kind: Evidence["kind"],
  scope: SoftwarePackage["scope"],
): (files: readonly CatalogedFile<FoundPart>[]) => Combined {
  return (files) => {
    const packages: SoftwarePackage[] = [];
    const gaps: AnalysisGap[] = [];
    for (const { path, layer, part } of files) {
      for (const found of part.packages) packages.push(toPackage(found, { path, layer, cataloger, kind, scope }));
      for (const gap of part.gaps ?? []) gaps.push(toGap(gap, path, layer));
    }
    return { packages, gaps };
  };
}

export function toGap(gap: FoundGap, path: string, layer: number): AnalysisGap {
  const subject = `/${path}${gap.inside ?? ""}`.slice(0, 8192);
  return { kind: gap.kind, layer, subject, because: gap.because, count: gap.count ?? 1 };
}

interface Place {
  readonly path: string;
  readonly layer: number;
  readonly cataloger: string;
  readonly kind: Evidence["kind"];
  readonly scope: SoftwarePackage["scope"];
}

export function toPackage(found: Found, place: Place): SoftwarePackage {
  return {
    type: found.type,
    namespace: found.namespace ?? "",
    name: found.name,
    version: found.version ?? "",
    architecture: "",
    module: "",
    licenses: [...(found.licenses ?? [])],
    cpes: [],
    qualifiers: { ...found.qualifiers },
    scope: found.scope ?? place.scope,
    ownedBy: "",
    cataloger: place.cataloger,
    evidence: [
      {
        path: `/${place.path}${found.inside ?? ""}`.slice(0, 8192),
        layer: place.layer,
        line: found.line ?? 0,
        kind: place.kind,
      },
    ],
  };
}

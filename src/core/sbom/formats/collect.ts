// Where readers of all formats put what they found: one component at a time, checked, bounded, duplicates merged, and what could not be taken counted as a gap.
import { toFault } from "../../../base/fault.ts";
import type { AnalysisGap, OperatingSystem } from "../../../model/image-analysis.ts";
import { SoftwarePackage, type Evidence } from "../../../model/software-package.ts";
import { purlOf, readPurl } from "../purl.ts";
import { readExtras, type Extras } from "./extras.ts";
import { sbomLimits } from "./limits.ts";
import { isSystemType, systemOfPurl } from "./operating-system.ts";
import { packageOfPurl, sourceOf, withCaseOf, type PackageNames } from "./purl-package.ts";

/** A component as a format's reader hands it over; everything is what the document says, unchecked. */
export interface FoundComponent {
  readonly purl: string;
  readonly group: string;
  readonly name: string;
  readonly version: string;
  readonly licenses: readonly string[];
  readonly cpes: readonly string[];
  readonly evidence: readonly Evidence[];
  readonly isDevelopment: boolean;
  /** The source package where the URL does not say: name and version. */
  readonly source?: { readonly name: string; readonly version: string };
  readonly module?: string;
  /** What our own writers add. */
  readonly extras: Extras;
}

export interface Collector {
  add(component: FoundComponent): void;
  gap(kind: AnalysisGap["kind"], subject: string, because: string): void;
  /** A gap that the document itself tells. */
  known(gap: AnalysisGap): void;
  system(system: OperatingSystem | undefined): void;
  /** Another digest by which the described image is known. */
  digest(digest: string): void;
  finish(): Collected;
}

export interface Collected {
  readonly packages: readonly SoftwarePackage[];
  readonly operatingSystem: OperatingSystem | undefined;
  readonly gaps: readonly AnalysisGap[];
  readonly otherDigests: readonly string[];
}

/** `place` is where packages without a place of their own are said to have been seen: the document. */
export function createCollector(place: string): Collector {
  const packages = new Map<string, SoftwarePackage>();
  const gaps = new Map<string, AnalysisGap>();
  const systems = new Map<string, { readonly system: OperatingSystem; count: number }>();
  const digests = new Set<string>();
  let told: OperatingSystem | undefined;
  let looked = 0;

  const gap: Collector["gap"] = (kind, subject, because) => {
    const key = `${kind}\0${because}`;
    const before = gaps.get(key);
    if (before !== undefined) gaps.set(key, { ...before, count: before.count + 1 });
    else if (gaps.size < sbomLimits.gapsMax)
      gaps.set(key, { kind, layer: -1, subject: subject.slice(0, 8192), because: because.slice(0, 2048), count: 1 });
  };

  return {
    gap,
    known: (known) => {
      if (gaps.size < sbomLimits.gapsMax) gaps.set(JSON.stringify(known), known);
    },
    system: (system) => {
      told ??= system;
    },
    digest: (digest) => {
      if (/^sha(256|512):[0-9a-f]{32,128}$/.test(digest) && digests.size < 100) digests.add(digest);
    },
    add: (component) => {
      looked += 1;
      if (looked > sbomLimits.componentsMax || packages.size >= sbomLimits.packagesMax) {
        gap("limit-reached", component.purl || component.name, `more than ${sbomLimits.packagesMax} packages`);
        return;
      }
      const found = packageOf(component, place, gap);
      if (found === undefined) return;
      // Our own documents have nothing twice: packages of one URL were kept apart for a reason, such as their owner.
      const isOurs = Object.keys(component.extras).length > 0;
      const key = isOurs ? `${packages.size}` : purlOf(found);
      const before = packages.get(key);
      packages.set(key, before === undefined ? found : merged(before, found));
      countSystem(systems, component.purl);
    },
    finish: () => {
      const operatingSystem = told ?? mostSaid(systems, gap);
      // Nothing found in nothing is no clean bill.
      if (packages.size === 0) gap("not-supported", place, "the document names no package: nothing could be looked up");
      const needsSystem = [...packages.values()].find(({ type }) => isSystemType(type));
      if (operatingSystem === undefined && needsSystem !== undefined)
        gap(
          "operating-system-unknown",
          purlOf(needsSystem),
          "the document names packages of a distribution, but not which one",
        );
      return {
        packages: [...packages.values()],
        operatingSystem,
        gaps: [...gaps.values()],
        otherDigests: [...digests],
      };
    },
  };
}

function packageOf(component: FoundComponent, place: string, gap: Collector["gap"]): SoftwarePackage | undefined {
  const names = namesOf(component, gap);
  if (names === undefined) return undefined;
  const evidence = component.evidence.slice(0, sbomLimits.evidenceMax);
  if (component.evidence.length > evidence.length)
    gap("limit-reached", component.name, `more than ${sbomLimits.evidenceMax} places of one package`);
  const draft = {
    ...names,
    licenses: unique(component.licenses.map((license) => license.slice(0, 1024))).slice(0, sbomLimits.licensesMax),
    cpes: unique(component.cpes.filter((cpe) => cpe.length <= 1024)).slice(0, sbomLimits.cpesMax),
    scope: component.isDevelopment ? "development" : "installed",
    ownedBy: "",
    cataloger: "sbom",
    evidence: evidence.length > 0 ? evidence : [{ path: place, layer: -1, line: 0, kind: "sbom" }],
    ...readExtras(component.extras),
  };
  const parsed = SoftwarePackage.safeParse(draft);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  gap(
    "not-supported",
    component.purl || component.name,
    `a component's ${issue?.path.join(".") ?? "field"} is not usable: ${issue?.message ?? ""}`,
  );
  return undefined;
}

/** From the package URL; without one, or with a bad one, as a package of no ecosystem. */
function namesOf(component: FoundComponent, gap: Collector["gap"]): PackageNames | undefined {
  if (component.purl !== "") {
    try {
      const parts = readPurl(component.purl);
      if (parts.type === "oci" || parts.type === "docker") return undefined;
      return completed(withCaseOf(packageOfPurl(parts), component.group, component.name), component);
    } catch (error) {
      gap("not-supported", component.purl, toFault(error).message.replace(/^".*" is/s, "a component's package URL is"));
    }
  }
  if (component.name === "" || (component.version === "" && component.cpes.length === 0)) {
    if (component.name !== "" && component.purl === "")
      gap("not-supported", component.name, "a component has neither a package URL, nor a version, nor a CPE name");
    else if (component.purl === "") gap("not-supported", "", "a component has neither a package URL nor a name");
    return undefined;
  }
  if (component.purl === "" && component.cpes.length === 0)
    gap(
      "not-supported",
      component.name,
      "a component has no package URL and no CPE name: no advisory can be looked up",
    );
  return {
    type: "generic",
    namespace: component.group,
    name: component.name,
    version: component.version,
    architecture: "",
    module: "",
    qualifiers: {},
  };
}

function completed(names: PackageNames, component: FoundComponent): PackageNames {
  const version = names.version === "" ? component.version : names.version;
  const given = component.source;
  const source =
    names.source ??
    (given === undefined || given.name === ""
      ? undefined
      : sourceOf(names.type, `${given.name}${given.version === "" ? "" : `@${given.version}`}`, {
          name: names.name,
          version,
        }));
  const { source: _, ...rest } = names;
  return {
    ...rest,
    version,
    ...(source === undefined ? {} : { source }),
    module: names.module === "" ? (component.module ?? "").split(":", 2).join(":") : names.module,
  };
}

/** The same package seen twice is one, with the evidence of both; installed code is the stronger word. */
function merged(one: SoftwarePackage, other: SoftwarePackage): SoftwarePackage {
  const places = new Map([...one.evidence, ...other.evidence].map((place) => [JSON.stringify(place), place]));
  const scopes = [one.scope, other.scope];
  return {
    ...one,
    licenses: unique([...one.licenses, ...other.licenses]).slice(0, sbomLimits.licensesMax),
    cpes: unique([...one.cpes, ...other.cpes]).slice(0, sbomLimits.cpesMax),
    evidence: [...places.values()].slice(0, sbomLimits.evidenceMax),
    scope: scopes.includes("installed") ? "installed" : scopes.includes("declared") ? "declared" : "development",
    ownedBy: one.ownedBy === "" ? other.ownedBy : one.ownedBy,
  };
}

function countSystem(systems: Map<string, { readonly system: OperatingSystem; count: number }>, purl: string): void {
  if (!purl.includes("distro=")) return;
  const system = systemOfPurl(readPurlOrNone(purl));
  if (system === undefined) return;
  const key = `${system.id}\0${system.versionId}`;
  const before = systems.get(key);
  if (before === undefined) systems.set(key, { system, count: 1 });
  else before.count += 1;
}

function readPurlOrNone(purl: string): ReturnType<typeof readPurl> {
  try {
    return readPurl(purl);
  } catch {
    // It has been counted as a gap where it was read first.
    return { type: "", namespace: "", name: "", version: "", qualifiers: {}, subpath: "" };
  }
}

function mostSaid(
  systems: ReadonlyMap<string, { readonly system: OperatingSystem; readonly count: number }>,
  gap: Collector["gap"],
): OperatingSystem | undefined {
  const sorted = [...systems.values()].toSorted((one, other) => other.count - one.count);
  const [first, second] = sorted;
  if (first !== undefined && second !== undefined)
    gap(
      "operating-system-unknown",
      `${second.system.id} ${second.system.versionId}`,
      `packages of ${sorted.length} distributions are in the document: ${first.system.id} ${first.system.versionId} is taken for all`,
    );
  return first?.system;
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts.filter((text) => text !== ""))];
}

// Other bases that would do, each with what it removes (counted when both images were analysed), and what it costs. Nothing is promised that was not counted.
import type { ImageAnalysis } from "../../../model/image-analysis.ts";
import type { SoftwarePackage } from "../../../model/software-package.ts";
import type { VulnerabilityMatch } from "../../../model/vulnerability-match.ts";
import { endOfLife } from "../../vuln/end-of-life.ts";
import type { BaseKnowledge, BaseProposal } from "../advice.ts";
import { imageName } from "./image-name.ts";
import {
  imageOfRelease,
  programFamily,
  runtimeFamilies,
  systemFamilies,
  type Family,
  type Variant,
} from "./families.ts";
import { mindfulOf } from "./mindful.ts";

export interface ProposeOptions {
  readonly base: BaseKnowledge;
  /** Of the image as it is; absent: nothing is counted. */
  readonly matches?: readonly VulnerabilityMatch[];
  /** Other bases that were analysed and may be taken: proposed first. */
  readonly candidates?: readonly string[];
  /** The analysis of an image by name ("debian:13-slim"), when it was scanned. */
  readonly analysisOf?: (image: string) => ImageAnalysis | undefined;
  readonly matchPackage?: MatchPackage;
  /** Milliseconds since 1970; absent: ends of life are not looked at. */
  readonly nowMs?: number;
}

/** The vulnerabilities of one package of an image. */
export type MatchPackage = (subject: SoftwarePackage, analysis: ImageAnalysis) => readonly VulnerabilityMatch[];

/** At most six, the nearest to what is there first. */
export function proposeBases(analysis: ImageAnalysis, options: ProposeOptions): readonly BaseProposal[] {
  const { base, nowMs } = options;
  const proposals: BaseProposal[] = [];
  const seen = new Set([base.image]);
  const add = (
    variant: Pick<Variant, "image" | "because" | "lacks"> & { readonly kind: BaseProposal["kind"] },
  ): void => {
    if (seen.has(variant.image) || proposals.length >= 6) return;
    seen.add(variant.image);
    const { image, kind, because, lacks } = variant;
    proposals.push({
      image,
      kind,
      because,
      ...removedBy(analysis, image, options),
      mindful: mindfulOf(analysis, { kind, lacks }),
    });
  };
  for (const image of options.candidates ?? []) {
    const other = options.analysisOf?.(image);
    if (other !== undefined) add({ image, ...kindOf(analysis, other) });
  }
  for (const family of familiesOf(analysis, base)) {
    const release = releaseOf(family, analysis, base);
    const newest = newestOf(family, nowMs);
    if (newest !== undefined && release !== newest && isOlder(release, newest, family)) {
      add({
        kind: "newer",
        image: imageOfRelease(family.image, newest),
        because: newerBecause(family, release, newest, nowMs),
        lacks: [],
      });
    }
    // Variants of a release that has ended would help nobody.
    const isEnded = release !== "" && hasEnded(family, release, nowMs);
    const chosen = (release === "" || isEnded ? newest : release) ?? "";
    for (const variant of family.variants) add({ ...variant, image: imageOfRelease(variant.image, chosen) });
  }
  return proposals;
}

/** The runtime's family, a lone program's, and else the operating system's. */
function familiesOf(analysis: ImageAnalysis, base: BaseKnowledge): readonly Family[] {
  const { repository } = imageName(base.image);
  const named = runtimeFamilies.find(({ repositories }) => repositories.includes(repository));
  if (named !== undefined) return [named];
  if (programFamily.repositories.includes(repository) || isLoneProgram(analysis)) return [programFamily];
  const installed = runtimeFamilies.find(({ id }) => hasRuntime(analysis, id));
  const system = systemFamilies.find(
    ({ id, repositories }) => id === analysis.operatingSystem?.id || repositories.includes(repository),
  );
  return [...(installed === undefined ? [] : [installed]), ...(system === undefined ? [] : [system])].slice(0, 1);
}

/** What the program is made of was found in a binary, and nothing needs an interpreter. */
function isLoneProgram({ packages }: ImageAnalysis): boolean {
  let hasBinary = false;
  for (const { type, evidence, ownedBy, scope } of packages) {
    if (scope !== "installed" || ownedBy !== "") continue;
    if (type === "golang" || type === "cargo") hasBinary ||= evidence.some(({ kind }) => kind === "binary");
    else if (["npm", "pypi", "gem", "maven", "composer", "nuget"].includes(type)) return false;
  }
  return hasBinary;
}

const runtimeTypes: Readonly<Record<string, string>> = {
  node: "npm",
  python: "pypi",
  java: "maven",
  ruby: "gem",
  php: "composer",
  dotnet: "nuget",
};

function hasRuntime({ packages }: ImageAnalysis, id: string): boolean {
  const type = runtimeTypes[id];
  if (type === undefined) return false;
  return packages.some((one) => one.type === type && one.ownedBy === "" && one.scope === "installed");
}

/** As tags begin: "20", "3.11", "12"; "" when nothing tells. */
function releaseOf(family: Family, analysis: ImageAnalysis, base: BaseKnowledge): string {
  const { repository, tag } = imageName(base.image);
  const system = analysis.operatingSystem;
  const version = family.repositories.includes(repository)
    ? tag.replace(/^v/, "")
    : system?.id === family.id
      ? system.versionId
      : "";
  const isOf = (one: string): boolean =>
    version === one || version.startsWith(`${one}.`) || version.startsWith(`${one}-`);
  return family.releases.findLast(isOf) ?? /^[0-9]+(?:\.[0-9]+)?/.exec(version)?.[0] ?? "";
}

function hasEnded(family: Family, release: string, nowMs: number | undefined): boolean {
  if (nowMs === undefined || !systemFamilies.includes(family)) return false;
  return endOfLife({ id: family.id, versionId: release, codename: "", name: "", idLike: [] }, nowMs).state === "ended";
}

/** What kind of base an analysed one is, beside the image as it is. */
function kindOf(
  analysis: ImageAnalysis,
  other: ImageAnalysis,
): Pick<Variant, "because" | "lacks"> & { readonly kind: BaseProposal["kind"] } {
  const because = `it was analysed: ${other.packages.length} packages`;
  if (other.facts.shells?.length === 0) return { kind: "distroless", because, lacks: ["shell", "package-manager"] };
  const [mine, its] = [analysis.operatingSystem, other.operatingSystem];
  if (mine?.id !== its?.id) return { kind: "minimal", because, lacks: its?.id === "alpine" ? ["glibc"] : [] };
  const isNewer = Number.parseFloat(its?.versionId ?? "") > Number.parseFloat(mine?.versionId ?? "");
  return { kind: isNewer ? "newer" : "slim", because, lacks: [] };
}

/** The newest release whose end has not come. */
function newestOf(family: Family, nowMs: number | undefined): string | undefined {
  return family.releases.findLast((release) => !hasEnded(family, release, nowMs));
}

function isOlder(release: string, newest: string, { releases }: Family): boolean {
  if (release === "") return false;
  const at = releases.indexOf(release);
  return at >= 0 ? at < releases.indexOf(newest) : Number.parseFloat(release) < Number.parseFloat(newest);
}

function newerBecause(family: Family, release: string, newest: string, nowMs: number | undefined): string {
  if (nowMs !== undefined && systemFamilies.includes(family)) {
    const { state, endsOn } = endOfLife(
      { id: family.id, versionId: release, codename: "", name: "", idLike: [] },
      nowMs,
    );
    if (state === "ended") return `${family.id} ${release} got its last fixes on ${endsOn}; ${newest} gets them`;
  }
  return `${newest} is newer than ${release}: fixes come for longer`;
}

type Removed = Pick<BaseProposal, "removes" | "removesBecause" | "packagesRemoved">;

function removedBy(analysis: ImageAnalysis, image: string, options: ProposeOptions): Removed {
  const { base, matches, matchPackage, analysisOf } = options;
  const nothing = { removes: undefined, packagesRemoved: undefined };
  if (base.layers === 0) return { ...nothing, removesBecause: "which packages are the base's is not known" };
  const inside = basePackages(analysis, base);
  const other = image === "scratch" ? emptyAnalysis(analysis) : analysisOf?.(image);
  if (other === undefined) return { ...nothing, removesBecause: `${image} was never scanned` };
  const packagesRemoved = Math.max(0, inside.size - other.packages.length);
  if (matches === undefined || matchPackage === undefined) {
    return { removes: undefined, packagesRemoved, removesBecause: "no advisories were asked" };
  }
  return {
    removes: countRemoved(matches, inside, { analysis: other, matchPackage }),
    packagesRemoved,
    removesBecause: "",
  };
}

/** Indices of the packages that lie in the base's layers only. */
export function basePackages(analysis: ImageAnalysis, base: BaseKnowledge): ReadonlySet<number> {
  const inside = new Set<number>();
  for (const [index, { evidence }] of analysis.packages.entries()) {
    if (evidence.length > 0 && evidence.every(({ layer }) => layer >= 0 && layer < base.layers)) inside.add(index);
  }
  return inside;
}

function emptyAnalysis(like: ImageAnalysis): ImageAnalysis {
  return { ...like, packages: [], layers: [], operatingSystem: undefined };
}

/**
 * Vulnerabilities (each once, whatever the packages) that the image has through its base's packages, and would have neither through the rest nor through
 * the other base. Suppressed ones are not counted.
 */
export function countRemoved(
  matches: readonly VulnerabilityMatch[],
  inside: ReadonlySet<number>,
  other: { readonly analysis: ImageAnalysis; readonly matchPackage: MatchPackage },
): { readonly total: number; readonly critical: number; readonly high: number } {
  const staying = new Set<string>();
  for (const subject of other.analysis.packages) {
    for (const match of other.matchPackage(subject, other.analysis))
      for (const id of [match.vulnerability, ...match.aliases]) staying.add(id);
  }
  const live = matches.filter(({ suppressed }) => suppressed === undefined);
  for (const match of live) if (!inside.has(match.package)) staying.add(match.vulnerability);
  const gone = new Map<string, VulnerabilityMatch["severity"]>();
  for (const { package: index, vulnerability, aliases, severity } of live) {
    if (!inside.has(index) || staying.has(vulnerability) || aliases.some((alias) => staying.has(alias))) continue;
    const before = gone.get(vulnerability);
    if (before === undefined || severity === "critical" || (severity === "high" && before !== "critical"))
      gone.set(vulnerability, severity);
  }
  const severities = [...gone.values()];
  const of = (severity: VulnerabilityMatch["severity"]): number => severities.filter((one) => one === severity).length;
  return { total: severities.length, critical: of("critical"), high: of("high") };
}

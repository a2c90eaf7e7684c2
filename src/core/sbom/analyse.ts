// From what the pass found in each layer to what is in the image: visible parts to packages, who owns them, facts, loadable files, secrets, and every gap.
// Pure: the same findings give the same analysis, byte for byte, whether they were read now or came from a cache.
import { Fault } from "../../base/fault.ts";
import type {
  AnalysisGap,
  ImageAnalysis,
  ImageConfig,
  OperatingSystem,
  SecretFinding,
} from "../../model/image-analysis.ts";
import type { SoftwarePackage } from "../../model/software-package.ts";
import type { Cataloger, CatalogedFile, CombineContext, Combined } from "./cataloger.ts";
import { operatingSystemCatalogerId, operatingSystemOf } from "./catalogers/os/release.ts";
import { factsOf, passwdCataloger } from "./facts.ts";
import type { LayerFindings, LayerPart } from "./layer-findings.ts";
import { listedPath } from "./layer-listing.ts";
import { loadableFiles } from "./loadable.ts";
import { mergePackages } from "./merge-packages.ts";
import { createOwnership, type Ownership } from "./ownership.ts";
import { purlOf } from "./purl.ts";
import { wantsName } from "./second-look.ts";
import type { SquashedImage } from "./squash.ts";
import { whoseBuild } from "./vendor.ts";

export interface AnalyseInput {
  readonly image: SquashedImage;
  /** One per layer of `image`. */
  readonly found: readonly LayerFindings[];
  readonly catalogers: readonly Cataloger[];
  readonly config: ImageConfig | undefined;
}

export type Analysed = Pick<
  ImageAnalysis,
  "operatingSystem" | "packages" | "secrets" | "facts" | "loadable" | "gaps" | "catalogers"
>;

/** Of one cataloguer, with its packages' places in the list of all. */
interface Claim {
  readonly index: number;
  readonly paths: readonly string[];
}

const limits = { packages: 200_000, gaps: 10_000, secrets: 10_000 } as const;

/** The cataloguers that the analysis needs for itself, besides those of the list. */
export const factCatalogers: readonly Cataloger[] = [passwdCataloger];

export function analyse({ image, found, catalogers, config }: AnalyseInput): Analysed {
  const gaps = layerGaps(image, found);
  const system = operatingSystemOf(visibleParts(image, found, catalogers, operatingSystemCatalogerId));
  gaps.push(...system.gaps);
  const context: CombineContext = { operatingSystem: system.operatingSystem, has: (path) => image.find(path) >= 0 };
  const packages: SoftwarePackage[] = [];
  const claims: Claim[] = [];
  const listed: Claim[] = [];
  for (const cataloger of catalogers) {
    const parts = visibleParts(image, found, catalogers, cataloger.id);
    const combined = parts.length === 0 ? undefined : combineSafely(cataloger, parts, context, gaps);
    if (combined === undefined) continue;
    const first = packages.length;
    for (const one of combined.packages) packages.push(one);
    for (const one of combined.owned ?? []) claims.push({ index: first + one.index, paths: one.paths });
    for (const one of combined.files ?? []) listed.push({ index: first + one.index, paths: one.paths });
    gaps.push(...(combined.gaps ?? []), ...unknownOwnership(combined, system.operatingSystem));
  }
  gaps.push(...missingDatabase(packages, system.operatingSystem));
  const ownership = createOwnership(image);
  const distribution = new Set(claims.map((claim) => claim.index));
  for (const [owner, claim] of claims.entries()) ownership.claim(owner, claim.paths);
  const kept = packages
    .map((one, index) => {
      const owner = distribution.has(index) || isDistribution(one) ? -1 : ownerOf(one, ownership);
      return { one, index, owner: owner < 0 ? undefined : packages[claims[owner]!.index]! };
    })
    .filter(({ one, owner }) => isKept(one, owner, system.operatingSystem))
    .map(({ one, index, owner }) => ({ one: owner === undefined ? one : withOwner(one, owner), index }));
  const over = kept.splice(limits.packages).length;
  const merged = mergePackages(kept.map(({ one }) => one));
  if (over > 0) gaps.push(limitGap("packages", over));
  const finalOf = new Map(merged.from.flatMap((from, index) => from.map((at) => [kept[at]!.index, index] as const)));
  const indexOfOwner = claims.map((claim) => finalOf.get(claim.index) ?? 0);
  const files = listed.flatMap(({ index, paths }) => {
    const owner = finalOf.get(index);
    return owner === undefined ? [] : [{ owner, paths }];
  });
  return {
    ...(system.operatingSystem === undefined ? {} : { operatingSystem: system.operatingSystem }),
    packages: merged.packages,
    secrets: secretsOf(image, found, gaps),
    facts: factsOf(image, visibleParts(image, found, [...catalogers, ...factCatalogers], passwdCataloger.id)),
    loadable: loadableFiles({ image, ownership, packages: merged.packages, indexOfOwner, files, config }),
    gaps: boundedGaps(gaps),
    catalogers: catalogers.map(({ id, version }) => `${id}@${version}`).toSorted(),
  };
}

/** Rows of a package database own; they are never owned. */
const distributionTypes: ReadonlySet<string> = new Set(["deb", "apk", "rpm", "alpm", "ebuild", "opkg"]);

/**
 * A packaging note in an owned file says again what its owner is. A binary recognised by its text speaks when its owner is not the distribution's: of that one no
 * advisories of the distribution speak.
 */
function isKept(
  { cataloger }: SoftwarePackage,
  owner: SoftwarePackage | undefined,
  system: OperatingSystem | undefined,
): boolean {
  if (owner === undefined) return true;
  if (cataloger === "binary/note") return false;
  return cataloger !== "binary/classifier" || whoseBuild(owner, system?.id ?? "") === "other";
}

function isDistribution({ type, evidence }: SoftwarePackage): boolean {
  return distributionTypes.has(type) && evidence.some(({ kind }) => kind === "database");
}

/** Owned only when every place it was seen at is: the same package in /usr/local beside the distribution's is not the distribution's. -1 for nobody. */
function ownerOf(subject: SoftwarePackage, ownership: Ownership): number {
  let first = -1;
  for (const { path } of subject.evidence) {
    const owner = ownership.ownerOfFile(path.split("!/", 1)[0]!);
    if (owner < 0) return -1;
    if (first < 0) first = owner;
  }
  return first;
}

function withOwner(subject: SoftwarePackage, owner: SoftwarePackage): SoftwarePackage {
  const vendor = owner.vendor === undefined ? {} : { vendor: owner.vendor };
  return { ...subject, ownedBy: purlOf(owner).slice(0, 4096), ...vendor };
}

function combineSafely(
  cataloger: Cataloger,
  parts: readonly CatalogedFile<unknown>[],
  context: CombineContext,
  gaps: AnalysisGap[],
): Combined | undefined {
  try {
    return cataloger.combine(parts, context);
  } catch (error) {
    const because = error instanceof Fault ? error.message : `the cataloguer ${cataloger.id} failed: ${String(error)}`;
    gaps.push({
      kind: "database-unreadable",
      layer: -1,
      subject: cataloger.id,
      because: because.slice(0, 2048),
      count: parts.length,
    });
    return undefined;
  }
}

function visibleParts(
  image: SquashedImage,
  found: readonly LayerFindings[],
  catalogers: readonly Cataloger[],
  id: string,
): CatalogedFile<unknown>[] {
  const cataloger = catalogers.find((one) => one.id === id);
  if (cataloger === undefined) return [];
  const files: CatalogedFile<unknown>[] = [];
  for (let layer = 0; layer < found.length; layer++) {
    for (const part of found[layer]!.parts.get(id) ?? []) {
      for (const path of pathsOf(image, cataloger, layer, part)) files.push({ path, layer, part: part.part });
    }
  }
  return files.sort((left, right) =>
    left.path < right.path ? -1 : left.path > right.path ? 1 : left.layer - right.layer,
  );
}

/** Where a part is seen: at the path it was read for, or else (that one is gone or was never wanted) at the entry's other names. */
function pathsOf(
  image: SquashedImage,
  cataloger: Cataloger,
  layer: number,
  { entry, as }: LayerPart,
): readonly string[] {
  const nodes = image.nodesOf(layer, entry);
  if (nodes.length === 0) return [];
  const own = as ?? listedPath(image.layers[layer]!, entry);
  if (nodes.length === 1) return [image.find(own) === nodes[0] || as !== undefined ? own : image.pathOf(nodes[0]!)];
  const ownNode = image.resolve(own);
  const others =
    as === undefined ? nodes.filter((node) => node !== ownNode && wantsName(cataloger.wants, image.nameOf(node))) : [];
  const paths = others.map((node) => image.pathOf(node));
  if (nodes.includes(ownNode)) paths.push(own);
  return paths.length > 0 ? paths : [image.pathOf(nodes[0]!)];
}

function layerGaps(image: SquashedImage, found: readonly LayerFindings[]): AnalysisGap[] {
  const gaps: AnalysisGap[] = [];
  for (const [layer, one] of found.entries()) {
    for (const { entry, ...gap } of one.gaps) {
      if (entry < 0 || image.nodesOf(layer, entry).length > 0) gaps.push({ ...gap, layer });
    }
  }
  const lost = new Map<number, number>();
  for (const { layer } of image.unplaced) lost.set(layer, (lost.get(layer) ?? 0) + 1);
  for (const [layer, count] of lost) {
    const because = "hard links to nothing, or paths through a circle of links: a runtime cannot unpack them";
    gaps.push({ kind: "layer-unreadable", layer, subject: "", because, count });
  }
  return gaps;
}

/** A known system without one row of any package database: somebody removed it, or it is of a kind that is not read. */
function missingDatabase(packages: readonly SoftwarePackage[], system: OperatingSystem | undefined): AnalysisGap[] {
  if (system === undefined || system.id === "" || packages.some(isDistribution)) return [];
  const because = `${system.name || system.id} without a package database: what it installed is not known`;
  return [{ kind: "database-unreadable", layer: -1, subject: "", because, count: 1 }];
}

/** A distribution's packages whose files nothing lists: what they own cannot be told. */
function unknownOwnership(combined: Combined, system: OperatingSystem | undefined): AnalysisGap[] {
  const ofDistribution = combined.packages.filter(isDistribution).length;
  const known = new Set((combined.owned ?? []).map((one) => one.index)).size;
  if (ofDistribution === 0 || known >= ofDistribution) return [];
  const because =
    known === 0
      ? `the package database of ${system?.name || system?.id || "this system"} has no file lists: language packages cannot be told from the distribution's own`
      : "packages whose file list is missing: what they own is not known";
  return [
    {
      kind: "ownership-unknown",
      layer: -1,
      subject: combined.packages[0]!.cataloger,
      because,
      count: ofDistribution - known,
    },
  ];
}

function secretsOf(image: SquashedImage, found: readonly LayerFindings[], gaps: AnalysisGap[]): SecretFinding[] {
  const secrets: SecretFinding[] = [];
  for (const [layer, one] of found.entries()) {
    for (const { entry, ...secret } of one.secrets) {
      const path = `/${listedPath(image.layers[layer]!, entry)}`.slice(0, 8192);
      secrets.push({ ...secret, path, layer, isHidden: image.nodesOf(layer, entry).length === 0 });
    }
  }
  secrets.sort((left, right) =>
    left.path === right.path ? left.layer - right.layer || left.line - right.line : left.path < right.path ? -1 : 1,
  );
  if (secrets.length > limits.secrets) gaps.push(limitGap("secrets", secrets.length - limits.secrets));
  return secrets.slice(0, limits.secrets);
}

function limitGap(what: string, count: number): AnalysisGap {
  return { kind: "limit-reached", layer: -1, subject: "", because: `more ${what} than an analysis holds`, count };
}

/** Rows alike but for their count are one; sorted by layer and subject. */
function boundedGaps(gaps: readonly AnalysisGap[]): AnalysisGap[] {
  const rows = new Map<string, AnalysisGap>();
  for (const gap of gaps) {
    const key = `${gap.layer}\n${gap.subject}\n${gap.kind}\n${gap.because}`;
    const known = rows.get(key);
    rows.set(key, known === undefined ? gap : { ...known, count: known.count + gap.count });
  }
  const sorted = [...rows.values()].sort(
    (left, right) =>
      left.layer - right.layer ||
      (left.subject === right.subject ? 0 : left.subject < right.subject ? -1 : 1) ||
      (left.kind < right.kind ? -1 : 1),
  );
  if (sorted.length <= limits.gaps) return sorted;
  return [...sorted.slice(0, limits.gaps - 1), limitGap("gaps", sorted.length - limits.gaps + 1)];
}

// SPDX 2.2 and 2.3 as JSON (and tag-value, once it has the same shape): packages with their URLs and CPE names, source packages, the described image.
import type { AnalysisGap } from "../../../../model/image-analysis.ts";
import type { Evidence } from "../../../../model/software-package.ts";
import type { Collector } from "../collect.ts";
import { extraPrefix, type Extras } from "../extras.ts";
import { systemOf } from "../operating-system.ts";
import { gapOf } from "../own-gaps.ts";
import { jsonOf, listAt, objectOf, textAt, textOf, type Unknown } from "../value.ts";

/** Adds everything of the document to the collector. */
export function readSpdx(document: unknown, collector: Collector): void {
  const described = describedBy(document);
  for (const text of commentsOf(document)) for (const gap of gapsOf(text)) collector.known(gap);
  const layers = new Map<string, number>();
  for (const value of listAt(document, "packages")) {
    const subject = objectOf(value);
    if (
      textAt(subject, "primaryPackagePurpose") === "OPERATING-SYSTEM" ||
      textAt(subject, "SPDXID").startsWith("SPDXRef-OperatingSystem")
    ) {
      collector.system(systemFrom(subject));
      continue;
    }
    if (described.has(textAt(subject, "SPDXID")) && isWhole(subject)) describe(subject, collector, layers);
    else addPackage(subject, layers, collector);
  }
}

function describedBy(document: unknown): ReadonlySet<string> {
  const ids = new Set(listAt(document, "documentDescribes").map(textOf));
  for (const relation of listAt(document, "relationships")) {
    const [from, to] = [textAt(relation, "spdxElementId"), textAt(relation, "relatedSpdxElement")];
    const type = textAt(relation, "relationshipType").toUpperCase();
    if (type === "DESCRIBES" && from === "SPDXRef-DOCUMENT") ids.add(to);
    if (type === "DESCRIBED_BY" && to === "SPDXRef-DOCUMENT") ids.add(from);
  }
  return ids;
}

/** The described element is the image, folder or file as a whole, not a package of an ecosystem. */
function isWhole(subject: Unknown): boolean {
  const purpose = textAt(subject, "primaryPackagePurpose");
  if (["CONTAINER", "FILE", "DEVICE", "ARCHIVE"].includes(purpose)) return true;
  const purl = referencesOf(subject).purl;
  return purl === "" || /^pkg:(?:oci|docker)\//.test(purl);
}

function describe(subject: Unknown, collector: Collector, layers: Map<string, number>): void {
  const texts = [...listAt(subject, "attributionTexts").map(textOf), ...commentsOf(subject)];
  for (const text of texts) {
    const digest = /^(?:ImageID|RepoDigest): (?:.*@)?(sha\d+:[0-9a-f]+)$/.exec(text)?.[1];
    if (digest !== undefined) collector.digest(digest);
    const diffId = /^DiffID: (\S+)$/.exec(text)?.[1];
    if (diffId !== undefined && !layers.has(diffId)) layers.set(diffId, layers.size);
    const extras = extrasIn(text);
    for (const value of [extras["digest"] ?? "", ...(extras["otherDigests"] ?? "").split(" ")]) collector.digest(value);
  }
  collector.digest(textAt(subject, "versionInfo"));
  for (const checksum of listAt(subject, "checksums"))
    if (textAt(checksum, "algorithm") === "SHA256") collector.digest(`sha256:${textAt(checksum, "checksumValue")}`);
  const purl = /@(sha256(?::|%3A)[0-9a-f]{64})/i.exec(referencesOf(subject).purl)?.[1];
  if (purl !== undefined) collector.digest(purl.replace(/%3A/i, ":"));
}

function addPackage(subject: Unknown, layers: ReadonlyMap<string, number>, collector: Collector): void {
  const { purl, cpes } = referencesOf(subject);
  const texts = [...listAt(subject, "attributionTexts").map(textOf), ...commentsOf(subject)];
  // An aggregate of Trivy's: a lock file as a package of packages.
  if (
    purl === "" &&
    textAt(subject, "primaryPackagePurpose") === "APPLICATION" &&
    textAt(subject, "versionInfo") === ""
  )
    return;
  const layer = texts.map((text) => /^LayerDiffID: (\S+)$/.exec(text)?.[1]).find((found) => found !== undefined);
  const from = textAt(subject, "sourceInfo");
  const source = /^built package from: (\S+)(?: (\S+))?/.exec(from);
  const extras: Extras = Object.assign({}, ...texts.map(extrasIn)) as Extras;
  collector.add({
    purl,
    group: "",
    name: textAt(subject, "name"),
    version: textAt(subject, "versionInfo"),
    licenses: licensesOf(subject),
    cpes,
    evidence: [...placesOf(subject, from, layers.get(layer ?? "") ?? -1)],
    isDevelopment: false,
    ...(source === null ? {} : { source: { name: source[1] ?? "", version: source[2] ?? "" } }),
    extras,
  });
}

/** Syft: "acquired package info from DPKG DB: /var/lib/dpkg/status, /x"; Trivy: a file name of the package's. */
function placesOf(subject: Unknown, from: string, layer: number): readonly Evidence[] {
  const syft = /^acquired package info from [^:]{1,100}: (\/.*)$/.exec(from)?.[1];
  const files = [...(syft?.split(", ") ?? []), textAt(subject, "packageFileName")].filter((path) =>
    path.startsWith("/"),
  );
  return files.map((path) => ({ path, layer, line: 0, kind: "sbom" }));
}

function referencesOf(subject: Unknown): { readonly purl: string; readonly cpes: readonly string[] } {
  const cpes: string[] = [];
  let purl = "";
  for (const reference of listAt(subject, "externalRefs")) {
    const type = textAt(reference, "referenceType").toLowerCase().replace(/^.*\//, "");
    const locator = textAt(reference, "referenceLocator");
    if (type === "purl" || (type === "" && locator.startsWith("pkg:"))) purl ||= locator;
    else if (type === "cpe23type" || type === "cpe22type") cpes.push(locator);
  }
  return { purl, cpes };
}

function licensesOf(subject: Unknown): readonly string[] {
  const isSaid = (text: string): boolean => text !== "" && text !== "NONE" && text !== "NOASSERTION";
  const declared = textAt(subject, "licenseDeclared");
  const concluded = textAt(subject, "licenseConcluded");
  return isSaid(declared) ? [declared] : isSaid(concluded) ? [concluded] : [];
}

function systemFrom(subject: Unknown): ReturnType<typeof systemOf> {
  const system = systemOf(textAt(subject, "name"), textAt(subject, "versionInfo"));
  if (system === undefined) return undefined;
  const extras: Extras = Object.assign({}, ...commentsOf(subject).map(extrasIn)) as Extras;
  return {
    ...system,
    name: (extras["os:prettyName"] ?? "").slice(0, 256),
    codename: (extras["os:versionCodename"] ?? "").slice(0, 64),
    idLike: (extras["os:idLike"] ?? "")
      .split(" ")
      .filter((id) => id !== "")
      .slice(0, 20),
  };
}

function commentsOf(owner: unknown): readonly string[] {
  return listAt(owner, "annotations").map((annotation) => textAt(annotation, "comment"));
}

/** Our own annotation: "garrison: {…}", texts by name. */
function extrasIn(comment: string): Extras {
  if (!comment.startsWith(`${extraPrefix} {`)) return {};
  const value = objectOf(jsonOf(comment.slice(extraPrefix.length + 1)));
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, textOf(text)]));
}

function gapsOf(comment: string): readonly AnalysisGap[] {
  if (!comment.startsWith(`${extraPrefix} {`)) return [];
  const gaps = listAt(jsonOf(comment.slice(extraPrefix.length + 1)), "gaps").map(gapOf);
  return gaps.filter((gap) => gap !== undefined);
}

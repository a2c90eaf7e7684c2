// An analysis as an SPDX 2.3 document (JSON). The same analysis gives the same bytes: no clock, no chance, order as in the analysis.
import type { ImageAnalysis, OperatingSystem } from "../../../../model/image-analysis.ts";
import type { SoftwarePackage } from "../../../../model/software-package.ts";
import { purlOf } from "../../purl.ts";
import { createdAt, subjectOf, withUuid, type DocumentOptions } from "../document.ts";
import { extraPrefix, extrasOf } from "../extras.ts";
import { createLicenses, type Licenses } from "./licenses.ts";

const rootId = "SPDXRef-Subject";
const systemId = "SPDXRef-OperatingSystem";

/** JSON text, indented, ending in a line break. */
export function writeSpdx(analysis: ImageAnalysis, options: DocumentOptions): string {
  // The format demands a time: without one of the image it is the epoch, which nobody takes for the truth.
  const created = createdAt(analysis, options) || "1970-01-01T00:00:00Z";
  const creator = `Tool: garrison${options.toolVersion === undefined ? "" : `-${options.toolVersion}`}`;
  const annotate = (extras: object): object => ({
    annotationDate: created,
    annotationType: "OTHER",
    annotator: creator,
    comment: `${extraPrefix} ${JSON.stringify(extras)}`,
  });
  const licenses = createLicenses();
  const ids = analysis.packages.map((_, index) => `SPDXRef-Package-${index + 1}`);
  const packages = [
    rootPackage(analysis, annotate),
    ...(analysis.operatingSystem === undefined ? [] : [systemPackage(analysis.operatingSystem, annotate)]),
    ...analysis.packages.map((subject, index) => packageOf(subject, { id: ids[index] ?? "", licenses, annotate })),
  ];
  const subject = subjectOf(analysis);
  return withUuid((uuid) => ({
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    // Before everything that the image decides: see withUuid.
    documentNamespace: `https://garrison.invalid/spdx/${encodeURIComponent(subject.name.slice(0, 200).toWellFormed())}-${uuid}`,
    name: subject.name,
    creationInfo: { creators: [creator], created },
    ...(analysis.gaps.length === 0 ? {} : { annotations: [annotate({ gaps: analysis.gaps })] }),
    packages,
    ...(licenses.extracted().length === 0 ? {} : { hasExtractedLicensingInfos: licenses.extracted() }),
    relationships: relationshipsOf(analysis, ids),
  }));
}

function rootPackage(analysis: ImageAnalysis, annotate: (extras: object) => object): object {
  const subject = subjectOf(analysis);
  return {
    name: subject.name,
    SPDXID: rootId,
    ...(subject.version === "" ? {} : { versionInfo: subject.version }),
    supplier: "NOASSERTION",
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    ...(subject.sha256 === "" ? {} : { checksums: [{ algorithm: "SHA256", checksumValue: subject.sha256 }] }),
    licenseConcluded: "NOASSERTION",
    licenseDeclared: "NOASSERTION",
    copyrightText: "NOASSERTION",
    ...(subject.purl === "" ? {} : { externalRefs: [purlReference(subject.purl)] }),
    primaryPackagePurpose: subject.isImage ? "CONTAINER" : "FILE",
    annotations: [
      annotate({
        source: analysis.source,
        reference: analysis.reference,
        digest: analysis.digest,
        otherDigests: analysis.otherDigests.join(" "),
      }),
    ],
  };
}

function systemPackage(system: OperatingSystem, annotate: (extras: object) => object): object {
  return {
    name: system.id,
    SPDXID: systemId,
    ...(system.versionId === "" ? {} : { versionInfo: system.versionId }),
    supplier: "NOASSERTION",
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    licenseConcluded: "NOASSERTION",
    licenseDeclared: "NOASSERTION",
    copyrightText: "NOASSERTION",
    primaryPackagePurpose: "OPERATING-SYSTEM",
    annotations: [
      annotate({
        "os:prettyName": system.name,
        "os:versionCodename": system.codename,
        "os:idLike": system.idLike.join(" "),
      }),
    ],
  };
}

interface PackageContext {
  readonly id: string;
  readonly licenses: Licenses;
  readonly annotate: (extras: object) => object;
}

function packageOf(subject: SoftwarePackage, { id, licenses, annotate }: PackageContext): object {
  const declared = licenses.expressionOf(subject.licenses);
  // The expression says it all when it is the only licence and no LicenseRef stands for it.
  const carried = new Set<keyof SoftwarePackage>(["cpes"]);
  const only = subject.licenses.length === 1 ? subject.licenses[0] : undefined;
  if (only === declared) carried.add("licenses");
  return {
    name: subject.name,
    SPDXID: id,
    ...(subject.version === "" ? {} : { versionInfo: subject.version }),
    supplier: "NOASSERTION",
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    ...(subject.evidence.length === 0
      ? {}
      : {
          sourceInfo: `found in: ${subject.evidence
            .map(({ path }) => path)
            .slice(0, 20)
            .join(", ")}`,
        }),
    licenseConcluded: "NOASSERTION",
    licenseDeclared: declared,
    copyrightText: "NOASSERTION",
    externalRefs: [
      purlReference(purlOf(subject)),
      ...subject.cpes.map((referenceLocator) => ({
        referenceCategory: "SECURITY",
        referenceType: "cpe23Type",
        referenceLocator,
      })),
    ],
    primaryPackagePurpose: subject.type === "generic" || subject.type === "bitnami" ? "APPLICATION" : "LIBRARY",
    annotations: [annotate(extrasOf(subject, carried))],
  };
}

function purlReference(referenceLocator: string): object {
  return { referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator };
}

/** The document describes the image, the image contains everything, a distribution's package what it brought along. */
function relationshipsOf(analysis: ImageAnalysis, ids: readonly string[]): readonly object[] {
  const relation = (spdxElementId: string, relationshipType: string, relatedSpdxElement: string): object => ({
    spdxElementId,
    relationshipType,
    relatedSpdxElement,
  });
  const idByPurl = new Map(analysis.packages.map((subject, index) => [purlOf(subject), ids[index] ?? ""]));
  return [
    relation("SPDXRef-DOCUMENT", "DESCRIBES", rootId),
    ...(analysis.operatingSystem === undefined ? [] : [relation(rootId, "CONTAINS", systemId)]),
    ...ids.map((id) => relation(rootId, "CONTAINS", id)),
    ...analysis.packages.flatMap(({ ownedBy }, index) => {
      const owner = ownedBy === "" ? undefined : idByPurl.get(ownedBy);
      return owner === undefined ? [] : [relation(owner, "CONTAINS", ids[index] ?? "")];
    }),
  ];
}

// The rules of the SPDX 2.3 JSON schema and of the specification that its schema cannot say, as far as documents of ours use them: written down from the
// specification, because no package with the schema itself is to be had.
import { exceptionIds, licenseIds } from "./spdx/license-ids.ts";

const time = { type: "string", pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$" };
const id = { type: "string", pattern: "^SPDXRef-[A-Za-z0-9.-]+$" };
const annotations = {
  type: "array",
  items: {
    type: "object",
    required: ["annotationDate", "annotationType", "annotator", "comment"],
    additionalProperties: false,
    properties: {
      annotationDate: time,
      annotationType: { enum: ["OTHER", "REVIEW"] },
      annotator: { type: "string", pattern: "^(Person|Organization|Tool): ." },
      comment: { type: "string" },
    },
  },
};

const references = {
  type: "array",
  items: {
    type: "object",
    required: ["referenceCategory", "referenceLocator", "referenceType"],
    additionalProperties: false,
    properties: {
      comment: { type: "string" },
      referenceCategory: { enum: ["OTHER", "PERSISTENT-ID", "SECURITY", "PACKAGE-MANAGER"] },
      referenceLocator: { type: "string" },
      referenceType: { type: "string" },
    },
  },
};

const packageRules = {
  type: "object",
  required: ["SPDXID", "downloadLocation", "name"],
  additionalProperties: false,
  properties: {
    SPDXID: id,
    name: { type: "string", minLength: 1 },
    versionInfo: { type: "string", minLength: 1 },
    supplier: { type: "string", pattern: "^(NOASSERTION|(Person|Organization): .+)$" },
    downloadLocation: { type: "string", minLength: 1 },
    filesAnalyzed: { const: false },
    sourceInfo: { type: "string" },
    checksums: {
      type: "array",
      items: {
        type: "object",
        required: ["algorithm", "checksumValue"],
        additionalProperties: false,
        properties: {
          algorithm: { enum: ["SHA1", "SHA256", "SHA512"] },
          checksumValue: { type: "string", pattern: "^[0-9a-f]+$" },
        },
      },
    },
    licenseConcluded: { type: "string", minLength: 1 },
    licenseDeclared: { type: "string", minLength: 1 },
    copyrightText: { type: "string" },
    externalRefs: references,
    primaryPackagePurpose: {
      enum: [
        "OTHER",
        "INSTALL",
        "ARCHIVE",
        "FIRMWARE",
        "APPLICATION",
        "FRAMEWORK",
        "LIBRARY",
        "CONTAINER",
        "SOURCE",
        "DEVICE",
        "OPERATING-SYSTEM",
        "FILE",
      ],
    },
    annotations,
  },
};

export const spdxRules = {
  type: "object",
  required: ["SPDXID", "creationInfo", "dataLicense", "name", "spdxVersion", "documentNamespace"],
  additionalProperties: false,
  properties: {
    SPDXID: { const: "SPDXRef-DOCUMENT" },
    spdxVersion: { const: "SPDX-2.3" },
    dataLicense: { const: "CC0-1.0" },
    name: { type: "string", minLength: 1 },
    documentNamespace: { type: "string", format: "uri", pattern: "^[^#]+$" },
    creationInfo: {
      type: "object",
      required: ["created", "creators"],
      additionalProperties: false,
      properties: {
        created: time,
        creators: { type: "array", minItems: 1, items: { type: "string", pattern: "^(Person|Organization|Tool): ." } },
      },
    },
    annotations,
    packages: { type: "array", items: packageRules },
    hasExtractedLicensingInfos: {
      type: "array",
      items: {
        type: "object",
        required: ["extractedText", "licenseId"],
        additionalProperties: false,
        properties: {
          extractedText: { type: "string", minLength: 1 },
          licenseId: { type: "string", pattern: "^LicenseRef-[A-Za-z0-9.-]+$" },
          name: { type: "string" },
        },
      },
    },
    relationships: {
      type: "array",
      items: {
        type: "object",
        required: ["relatedSpdxElement", "relationshipType", "spdxElementId"],
        additionalProperties: false,
        properties: {
          spdxElementId: id,
          relatedSpdxElement: id,
          relationshipType: { enum: ["DESCRIBES", "CONTAINS", "DEPENDS_ON", "OTHER"] },
        },
      },
    },
  },
};

interface SpdxDocument {
  readonly packages: readonly { readonly SPDXID: string; readonly licenseDeclared: string }[];
  readonly hasExtractedLicensingInfos?: readonly { readonly licenseId: string }[];
  readonly relationships: readonly { readonly spdxElementId: string; readonly relatedSpdxElement: string }[];
}

/** What a schema cannot say: identifiers are one of a kind and known, licences are in the list or defined. */
export function spdxProblems(value: unknown): readonly string[] {
  const document = value as SpdxDocument;
  const ids = document.packages.map(({ SPDXID }) => SPDXID);
  const known = new Set(["SPDXRef-DOCUMENT", ...ids]);
  const defined = new Set((document.hasExtractedLicensingInfos ?? []).map(({ licenseId }) => licenseId));
  const words = document.packages
    .flatMap(({ licenseDeclared }) => licenseDeclared.split(/[\s()]+/))
    .filter((word) => word !== "");
  return [
    ...(new Set(ids).size === ids.length ? [] : ["identifiers are there twice"]),
    ...document.relationships
      .flatMap(({ spdxElementId, relatedSpdxElement }) => [spdxElementId, relatedSpdxElement])
      .filter((one) => !known.has(one)),
    ...words.filter(
      (word) => !["AND", "OR", "WITH", "NOASSERTION"].includes(word) && !defined.has(word) && !isListed(word),
    ),
  ];
}

function isListed(word: string): boolean {
  const bare = word.toLowerCase().replace(/\+$/, "");
  return licenseIds.has(bare) || licenseIds.has(word.toLowerCase()) || exceptionIds.has(bare);
}

// SPDX 2.2 and 2.3 as tag-value text, turned into the shape of its JSON: one reader then serves both.

interface Draft {
  name: string;
  SPDXID: string;
  versionInfo: string;
  licenseDeclared: string;
  licenseConcluded: string;
  primaryPackagePurpose: string;
  packageFileName: string;
  sourceInfo: string;
  readonly externalRefs: object[];
  readonly checksums: object[];
  readonly attributionTexts: string[];
  readonly annotations: object[];
}

/** The members of the JSON document that our reader looks at. */
export function spdxShape(text: string): object {
  const packages: Draft[] = [];
  const relationships: object[] = [];
  const annotations: { SPDXREF: string; comment: string }[] = [];
  let current: Draft | undefined;
  let isPackage = false;
  for (const { tag, value } of tagsOf(text)) {
    if (tag === "PackageName") {
      current = draft(value);
      packages.push(current);
      isPackage = true;
    } else if (tag === "FileName" || tag === "SnippetSPDXID" || tag === "LicenseID") isPackage = false;
    else if (tag === "Relationship") relationships.push(relationshipOf(value));
    else if (tag === "AnnotationComment") annotations.push({ SPDXREF: "", comment: value });
    else if (tag === "SPDXREF") {
      const last = annotations.at(-1);
      if (last !== undefined) last.SPDXREF = value;
    } else if (isPackage && current !== undefined) setField(current, tag, value);
  }
  const byId = new Map(packages.map((one) => [one.SPDXID, one]));
  const ofDocument: object[] = [];
  for (const { SPDXREF, comment } of annotations) (byId.get(SPDXREF)?.annotations ?? ofDocument).push({ comment });
  return { spdxVersion: "SPDX-2.3", packages, relationships, annotations: ofDocument };
}

interface Tag {
  readonly tag: string;
  readonly value: string;
}

/** Lines "Tag: value"; a value between <text> and </text> may run over lines. */
function* tagsOf(text: string): Generator<Tag> {
  let at = 0;
  while (at < text.length) {
    const end = text.indexOf("\n", at);
    const line = text.slice(at, end < 0 ? text.length : end).replace(/\r$/, "");
    at = end < 0 ? text.length : end + 1;
    const match = /^\s{0,16}([A-Za-z]{1,64}):[ \t]?(.*)$/.exec(line);
    if (match === null) continue;
    let value = (match[2] ?? "").trim();
    if (value.startsWith("<text>")) {
      const from = text.lastIndexOf("<text>", at - 1) + "<text>".length;
      const close = text.indexOf("</text>", from);
      value = text.slice(from, close < 0 ? text.length : close);
      if (close >= at) at = close + "</text>".length;
    }
    yield { tag: match[1] ?? "", value };
  }
}

function draft(name: string): Draft {
  return {
    name,
    SPDXID: "",
    versionInfo: "",
    licenseDeclared: "",
    licenseConcluded: "",
    primaryPackagePurpose: "",
    packageFileName: "",
    sourceInfo: "",
    externalRefs: [],
    checksums: [],
    attributionTexts: [],
    annotations: [],
  };
}

const fields = {
  SPDXID: "SPDXID",
  PackageVersion: "versionInfo",
  PackageLicenseDeclared: "licenseDeclared",
  PackageLicenseConcluded: "licenseConcluded",
  PrimaryPackagePurpose: "primaryPackagePurpose",
  PackageFileName: "packageFileName",
  PackageSourceInfo: "sourceInfo",
} as const;

function setField(current: Draft, tag: string, value: string): void {
  if (tag === "ExternalRef") {
    const [referenceCategory = "", referenceType = "", ...rest] = value.split(" ");
    current.externalRefs.push({ referenceCategory, referenceType, referenceLocator: rest.join(" ") });
  } else if (tag === "PackageChecksum") {
    const [algorithm = "", checksumValue = ""] = value.split(/:\s*/, 2);
    current.checksums.push({ algorithm, checksumValue });
  } else if (tag === "PackageAttributionText") current.attributionTexts.push(value);
  else if (Object.hasOwn(fields, tag)) current[fields[tag as keyof typeof fields]] = value;
}

function relationshipOf(value: string): object {
  const [spdxElementId = "", relationshipType = "", relatedSpdxElement = ""] = value.split(/\s+/);
  return { spdxElementId, relationshipType, relatedSpdxElement };
}

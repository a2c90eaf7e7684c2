// SPDX 3.0 as JSON-LD: packages of the graph with their URLs, CPE names, and the licence expressions that relationships give them.
import type { Collector } from "../collect.ts";
import { systemOf } from "../operating-system.ts";
import { listAt, listOf, member, objectOf, textAt, textOf, type Unknown } from "../value.ts";

/** Adds everything of the document to the collector. */
export function readSpdx3(document: unknown, collector: Collector): void {
  const graph = listAt(document, "@graph").length > 0 ? listAt(document, "@graph") : [document];
  const licenses = licensesByElement(graph);
  for (const value of graph) {
    const element = objectOf(value);
    const type = typeOf(element);
    if (type !== "software_Package") continue;
    const purpose = textAt(element, "software_primaryPurpose");
    const { purl, cpes } = identifiersOf(element);
    const version = textAt(element, "software_packageVersion");
    if (purpose === "operatingSystem") {
      collector.system(systemOf(textAt(element, "name"), version));
      continue;
    }
    if (purpose === "container" || /^pkg:(?:oci|docker)\//.test(purl)) {
      for (const method of listAt(element, "verifiedUsing"))
        if (textAt(method, "algorithm") === "sha256") collector.digest(`sha256:${textAt(method, "hashValue")}`);
      collector.digest(version);
      continue;
    }
    if (purpose === "file" || purpose === "device" || purpose === "data" || purpose === "model") continue;
    if (purl === "" && version === "" && purpose === "application") continue;
    const source = /^built package from: (\S+)(?: (\S+))?/.exec(textAt(element, "software_sourceInfo"));
    collector.add({
      purl,
      group: "",
      name: textAt(element, "name"),
      version,
      licenses: licenses.get(textAt(element, "spdxId")) ?? [],
      cpes,
      evidence: [],
      isDevelopment: false,
      ...(source === null ? {} : { source: { name: source[1] ?? "", version: source[2] ?? "" } }),
      extras: {},
    });
  }
}

function typeOf(element: Unknown): string {
  return textAt(element, "type") || textAt(element, "@type");
}

function identifiersOf(element: Unknown): { readonly purl: string; readonly cpes: readonly string[] } {
  let purl = textAt(element, "software_packageUrl");
  const cpes: string[] = [];
  for (const found of listAt(element, "externalIdentifier")) {
    const type = textAt(found, "externalIdentifierType");
    const identifier = textAt(found, "identifier");
    if (type === "packageUrl" || type === "packageURL" || type === "purl") purl ||= identifier;
    else if (type === "cpe23" || type === "cpe22") cpes.push(identifier);
  }
  return { purl, cpes };
}

/** What was declared goes before what was concluded. */
function licensesByElement(graph: readonly unknown[]): ReadonlyMap<string, readonly string[]> {
  const expressions = new Map<string, string>();
  for (const element of graph) {
    const text = textAt(element, "simplelicensing_licenseExpression");
    if (text !== "") expressions.set(textAt(element, "spdxId") || textAt(element, "@id"), text);
  }
  const found = new Map<string, readonly string[]>();
  for (const wanted of ["hasConcludedLicense", "hasDeclaredLicense"])
    for (const element of graph) {
      if (textAt(element, "relationshipType") !== wanted) continue;
      const to = member(element, "to");
      const texts = (Array.isArray(to) ? listOf(to).map(textOf) : [textOf(to)])
        .map((id) => expressions.get(id) ?? "")
        .filter((text) => text !== "" && text !== "NOASSERTION" && text !== "NONE");
      if (texts.length > 0) found.set(textAt(element, "from"), texts);
    }
  return found;
}

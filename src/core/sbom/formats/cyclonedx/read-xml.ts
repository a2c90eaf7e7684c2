// CycloneDX as XML, turned into the shape of its JSON: one reader then serves both.
import { childOf, childrenOf, childText, type XmlElement } from "../xml.ts";

/** The members of the JSON document that our reader looks at. */
export function cycloneDxShape(bom: XmlElement): object {
  const metadata = childOf(bom, "metadata");
  const root = childOf(metadata, "component");
  return {
    bomFormat: "CycloneDX",
    metadata: {
      component: root === undefined ? undefined : componentShape(root),
      properties: propertiesShape(metadata),
    },
    components: childrenOf(childOf(bom, "components"), "component").map((component) => componentShape(component)),
    vulnerabilities: childrenOf(childOf(bom, "vulnerabilities"), "vulnerability").map(vulnerabilityShape),
  };
}

function componentShape(element: XmlElement): object {
  const inner = childrenOf(childOf(element, "components"), "component");
  const occurrences = childrenOf(childOf(childOf(element, "evidence"), "occurrences"), "occurrence");
  const licenses = childOf(element, "licenses");
  return {
    type: element.attributes.get("type") ?? "",
    "bom-ref": element.attributes.get("bom-ref") ?? "",
    group: childText(element, "group"),
    name: childText(element, "name"),
    version: childText(element, "version"),
    scope: childText(element, "scope"),
    cpe: childText(element, "cpe"),
    purl: childText(element, "purl"),
    licenses: [
      ...childrenOf(licenses, "license").map((license) => ({
        license: { id: childText(license, "id"), name: childText(license, "name"), url: childText(license, "url") },
      })),
      ...childrenOf(licenses, "expression").map(({ text }) => ({ expression: text })),
    ],
    properties: propertiesShape(element),
    evidence: {
      occurrences: occurrences.map((occurrence) => ({
        location: childText(occurrence, "location"),
        line: Number(childText(occurrence, "line")),
        additionalContext: childText(occurrence, "additionalContext"),
      })),
    },
    // The XML reader bounds the depth: three elements a level.
    components: inner.map((component) => componentShape(component)),
  };
}

function propertiesShape(owner: XmlElement | undefined): readonly object[] {
  return childrenOf(childOf(owner, "properties"), "property").map((property) => ({
    name: property.attributes.get("name") ?? "",
    value: property.text,
  }));
}

function vulnerabilityShape(element: XmlElement): object {
  const analysis = childOf(element, "analysis");
  return {
    id: childText(element, "id"),
    references: childrenOf(childOf(element, "references"), "reference").map((reference) => ({
      id: childText(reference, "id"),
    })),
    published: childText(element, "published"),
    updated: childText(element, "updated"),
    recommendation: childText(element, "recommendation"),
    analysis: {
      state: childText(analysis, "state"),
      justification: childText(analysis, "justification"),
      detail: childText(analysis, "detail"),
      firstIssued: childText(analysis, "firstIssued"),
      lastUpdated: childText(analysis, "lastUpdated"),
      response: childrenOf(childOf(analysis, "responses"), "response").map(({ text }) => text),
    },
    affects: childrenOf(childOf(element, "affects"), "target").map((target) => ({
      ref: childText(target, "ref"),
      versions: childrenOf(childOf(target, "versions"), "version").map((version) => ({
        version: childText(version, "version"),
        range: childText(version, "range"),
        status: childText(version, "status"),
      })),
    })),
  };
}

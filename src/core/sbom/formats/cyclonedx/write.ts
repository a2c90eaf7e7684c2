// An analysis as a CycloneDX 1.6 document (JSON). The same analysis gives the same bytes: no clock, no chance, order as in the analysis.
import type { ImageAnalysis, OperatingSystem } from "../../../../model/image-analysis.ts";
import type { SoftwarePackage } from "../../../../model/software-package.ts";
import { purlOf } from "../../purl.ts";
import { createdAt, subjectOf, withUuid, type DocumentOptions } from "../document.ts";
import { extraPrefix, extrasOf } from "../extras.ts";
import { licenseExpression, licenseId } from "../spdx/license-expression.ts";

interface Property {
  readonly name: string;
  readonly value: string;
}

const carried: ReadonlySet<keyof SoftwarePackage> = new Set(["licenses", "cpes", "evidence"]);

export interface CycloneDxOptions extends DocumentOptions {
  /** Entries of `vulnerabilities`; gets the components' references by index of the package. */
  readonly vulnerabilities?: (refs: readonly string[]) => readonly object[];
}

/** JSON text, indented, ending in a line break. */
export function writeCycloneDx(analysis: ImageAnalysis, options: CycloneDxOptions): string {
  const refs = refsOf(analysis.packages);
  const components = [
    ...(analysis.operatingSystem === undefined ? [] : [systemComponent(analysis.operatingSystem)]),
    ...analysis.packages.map((subject, index) => componentOf(subject, refs[index] ?? "")),
  ];
  const root = rootComponent(analysis);
  const vulnerabilities = options.vulnerabilities?.(refs) ?? [];
  const toolVersion = options.toolVersion === undefined ? {} : { version: options.toolVersion };
  const timestamp = createdAt(analysis, options);
  const body = {
    metadata: {
      ...(timestamp === "" ? {} : { timestamp }),
      lifecycles: [
        { phase: analysis.source === "root" || analysis.source === "container" ? "operations" : "post-build" },
      ],
      tools: { components: [{ type: "application", name: "garrison", ...toolVersion }] },
      component: root,
      ...(analysis.gaps.length === 0
        ? {}
        : { properties: analysis.gaps.map((gap) => ({ name: `${extraPrefix}gap`, value: JSON.stringify(gap) })) }),
    },
    components,
    dependencies: dependenciesOf(analysis, refs),
    ...(vulnerabilities.length === 0 ? {} : { vulnerabilities }),
  };
  return withUuid((uuid) => ({
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuid}`,
    version: 1,
    ...body,
  }));
}

const rootRef = "garrison:subject";
const systemRef = "garrison:operating-system";

function rootComponent(analysis: ImageAnalysis): object {
  const subject = subjectOf(analysis);
  const properties: Property[] = [
    { name: `${extraPrefix}source`, value: analysis.source },
    { name: `${extraPrefix}reference`, value: analysis.reference },
    ...(analysis.digest === "" ? [] : [{ name: `${extraPrefix}digest`, value: analysis.digest }]),
    ...analysis.otherDigests.map((value) => ({ name: `${extraPrefix}otherDigest`, value })),
    ...analysis.layers
      .filter(({ diffId }) => diffId !== "")
      .map(({ diffId }) => ({ name: `${extraPrefix}diffId`, value: diffId })),
  ];
  return {
    type: subject.isImage ? "container" : "platform",
    "bom-ref": rootRef,
    name: subject.name,
    ...(subject.version === "" ? {} : { version: subject.version }),
    ...(subject.sha256 === "" ? {} : { hashes: [{ alg: "SHA-256", content: subject.sha256 }] }),
    ...(subject.purl === "" ? {} : { purl: subject.purl }),
    properties,
  };
}

function systemComponent(system: OperatingSystem): object {
  const properties: Property[] = [
    ...(system.name === "" ? [] : [{ name: `${extraPrefix}os:prettyName`, value: system.name }]),
    ...(system.codename === "" ? [] : [{ name: `${extraPrefix}os:versionCodename`, value: system.codename }]),
    ...system.idLike.map((value) => ({ name: `${extraPrefix}os:idLike`, value })),
  ];
  return {
    type: "operating-system",
    "bom-ref": systemRef,
    name: system.id,
    ...(system.versionId === "" ? {} : { version: system.versionId }),
    ...(properties.length === 0 ? {} : { properties }),
  };
}

function componentOf(subject: SoftwarePackage, ref: string): object {
  const cpe = subject.cpes.find(isCpe);
  const isPlainCpe = subject.cpes.length === 1 && cpe === subject.cpes[0];
  const properties: Property[] = [
    ...Object.entries(extrasOf(subject, carried)).map(([name, value]) => ({ name: `${extraPrefix}${name}`, value })),
    ...(subject.cpes.length === 0 || isPlainCpe
      ? []
      : subject.cpes.map((value) => ({ name: `${extraPrefix}cpe`, value }))),
  ];
  return {
    type: subject.type === "generic" || subject.type === "bitnami" ? "application" : "library",
    "bom-ref": ref,
    ...(subject.namespace === "" || isSystem(subject) ? {} : { group: subject.namespace }),
    name: subject.name,
    ...(subject.version === "" ? {} : { version: subject.version }),
    ...(subject.scope === "development" ? { scope: "excluded" } : {}),
    ...(subject.licenses.length === 0 ? {} : { licenses: licensesOf(subject.licenses) }),
    ...(cpe === undefined ? {} : { cpe }),
    purl: purlOf(subject),
    ...(subject.evidence.length === 0
      ? {}
      : {
          evidence: {
            occurrences: subject.evidence.map(({ path, layer, line, kind }) => ({
              location: path,
              ...(line === 0 ? {} : { line }),
              additionalContext: `${kind}, layer ${layer}`,
            })),
          },
        }),
    ...(properties.length === 0 ? {} : { properties }),
  };
}

function isSystem({ type }: SoftwarePackage): boolean {
  return type === "deb" || type === "apk" || type === "rpm" || type === "alpm";
}

/** Either one expression, or a list of licences; a compound one in a longer list is named as it is. */
function licensesOf(licenses: readonly string[]): readonly object[] {
  const [only] = licenses;
  if (licenses.length === 1 && only !== undefined && licenseId(only) === undefined && licenseExpression(only) === only)
    return [{ expression: only }];
  return licenses.map((license) => ({ license: licenseId(license) === license ? { id: license } : { name: license } }));
}

/** CPE 2.3 as a formatted string: thirteen parts, each a wildcard or plain and escaped characters. */
function isCpe(text: string): boolean {
  return /^cpe:2\.3:[aho*-](?::(?:[*-]|(?:[A-Za-z0-9._-]|\\[\\*?!"#$%&'()+,/:;<=>@[\]^`{|}~])+)){5}:(?:[*-]|[A-Za-z]{2,3}(?:-(?:[A-Za-z]{2}|\d{3}))?)(?::(?:[*-]|(?:[A-Za-z0-9._-]|\\[\\*?!"#$%&'()+,/:;<=>@[\]^`{|}~])+)){4}$/.test(
    text,
  );
}

/** Package URLs; a second one of the same is told apart by a number. */
function refsOf(packages: readonly SoftwarePackage[]): readonly string[] {
  const seen = new Map<string, number>();
  return packages.map((subject) => {
    const purl = purlOf(subject);
    const count = (seen.get(purl) ?? 0) + 1;
    seen.set(purl, count);
    return count === 1 ? purl : `${purl}|${count}`;
  });
}

/** The image is made of everything; a distribution's package of what it brought along. */
function dependenciesOf(analysis: ImageAnalysis, refs: readonly string[]): readonly object[] {
  const known = new Set(refs);
  const owned = new Map<string, string[]>();
  for (const [index, { ownedBy }] of analysis.packages.entries()) {
    if (!known.has(ownedBy)) continue;
    const list = owned.get(ownedBy) ?? [];
    list.push(refs[index] ?? "");
    owned.set(ownedBy, list);
  }
  const all = [...(analysis.operatingSystem === undefined ? [] : [systemRef]), ...refs];
  return [
    { ref: rootRef, ...(all.length === 0 ? {} : { dependsOn: all }) },
    ...[...owned].filter(([ref]) => ref !== "").map(([ref, list]) => ({ ref, dependsOn: [...new Set(list)] })),
  ];
}

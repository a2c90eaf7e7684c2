// CycloneDX 1.2 to 1.7 as JSON: components with all that are inside them, the operating system, places by Syft's, Trivy's and our own properties.
import type { Evidence } from "../../../../model/software-package.ts";
import { evidenceKinds } from "../../../../model/software-package.ts";
import type { Collector } from "../collect.ts";
import { extraPrefix } from "../extras.ts";
import { sbomLimits } from "../limits.ts";
import { distributionId, systemOf } from "../operating-system.ts";
import { jsonOf, listAt, listOf, member, numberAt, textAt, type Unknown, objectOf } from "../value.ts";
import { gapOf } from "../own-gaps.ts";

/** Adds everything of the document to the collector. */
export function readCycloneDx(document: unknown, collector: Collector): void {
  const metadata = member(document, "metadata");
  const root = member(metadata, "component");
  for (const property of propertiesOf(metadata))
    if (property.name === `${extraPrefix}gap`) addGap(property.value, collector);
  const layers = describeRoot(root, collector);
  const isRootPackage =
    ["application", "library", "framework"].includes(textAt(root, "type")) && textAt(root, "version") !== "";
  if (isRootPackage) addComponent(objectOf(root), layers, collector);
  const queue: { readonly list: readonly unknown[]; at: number }[] = [
    { list: listAt(document, "components"), at: 0 },
    { list: listAt(root, "components"), at: 0 },
  ];
  queue.reverse();
  while (queue.length > 0) {
    const top = queue.at(-1);
    if (top === undefined || top.at >= top.list.length) {
      queue.pop();
      continue;
    }
    const component = objectOf(top.list[top.at]);
    top.at += 1;
    addComponent(component, layers, collector);
    const inner = listAt(component, "components");
    if (inner.length === 0) continue;
    if (queue.length > sbomLimits.depthMax)
      collector.gap("limit-reached", textAt(component, "name"), `components are more than ${sbomLimits.depthMax} deep`);
    else queue.push({ list: inner, at: 0 });
  }
}

interface Property {
  readonly name: string;
  readonly value: string;
}

function propertiesOf(owner: unknown): readonly Property[] {
  return listAt(owner, "properties")
    .slice(0, sbomLimits.propertiesMax)
    .map((property) => ({ name: textAt(property, "name"), value: textAt(property, "value") }));
}

/** Digests of the image that the document is about; returns its layers' diff ids and digests by index, as far as they are told. */
function describeRoot(root: unknown, collector: Collector): ReadonlyMap<string, number> {
  const layers = new Map<string, number>();
  collector.digest(textAt(root, "version"));
  const purl = /@(sha(?:256|512)(?::|%3A)[0-9a-f]+)/i.exec(textAt(root, "purl"))?.[1];
  if (purl !== undefined) collector.digest(purl.replace(/%3A/i, ":"));
  let diffIds = 0;
  for (const { name, value } of propertiesOf(root)) {
    if (
      name === "aquasecurity:trivy:ImageID" ||
      name === `${extraPrefix}digest` ||
      name === `${extraPrefix}otherDigest`
    )
      collector.digest(value);
    if (name === "aquasecurity:trivy:RepoDigest") collector.digest(value.slice(value.indexOf("@") + 1));
    const isLayer = name === "aquasecurity:trivy:DiffID" || name === `${extraPrefix}diffId`;
    if (isLayer && !layers.has(value)) {
      layers.set(value, diffIds);
      diffIds += 1;
    }
  }
  return layers;
}

function addComponent(component: Unknown, layers: ReadonlyMap<string, number>, collector: Collector): void {
  const type = textAt(component, "type");
  const properties = propertiesOf(component);
  if (type === "operating-system") {
    collector.system(systemFrom(component, properties));
    return;
  }
  // Files are no packages; containers, devices and data are not looked up.
  if (["file", "container", "device", "data", "machine-learning-model", "cryptographic-asset"].includes(type)) return;
  const purl = textAt(component, "purl");
  const isAggregate = purl === "" && properties.some(({ name }) => name === "aquasecurity:trivy:Class");
  if (isAggregate) return;
  const by = new Map(properties.map(({ name, value }) => [name, value]));
  const cpes = properties.filter(({ name }) => name === `${extraPrefix}cpe`).map(({ value }) => value);
  const foreignCpes = [
    textAt(component, "cpe"),
    ...properties.filter(({ name }) => name === "syft:cpe23").map(({ value }) => value),
  ];
  const scope = textAt(component, "scope");
  const source = sourceFrom(by);
  const module = by.get("aquasecurity:trivy:Modularitylabel") ?? by.get("syft:metadata:modularityLabel");
  collector.add({
    purl,
    group: textAt(component, "group"),
    name: textAt(component, "name"),
    version: textAt(component, "version"),
    licenses: licensesOf(component),
    cpes: (cpes.length > 0 ? cpes : foreignCpes).filter((cpe) => cpe !== ""),
    evidence: evidenceOf(component, properties, layers),
    isDevelopment: scope === "excluded" || by.get("cdx:npm:package:development") === "true",
    ...(source === undefined ? {} : { source }),
    ...(module === undefined ? {} : { module }),
    extras: Object.fromEntries(
      properties
        .filter(({ name }) => name.startsWith(extraPrefix) && name !== `${extraPrefix}cpe`)
        .map(({ name, value }) => [name.slice(extraPrefix.length), value]),
    ),
  });
}

function sourceFrom(by: ReadonlyMap<string, string>): { readonly name: string; readonly version: string } | undefined {
  const name = by.get("aquasecurity:trivy:SrcName");
  if (name !== undefined) {
    const release = by.get("aquasecurity:trivy:SrcRelease") ?? "";
    const epoch = by.get("aquasecurity:trivy:SrcEpoch") ?? "";
    const version = `${by.get("aquasecurity:trivy:SrcVersion") ?? ""}${release === "" ? "" : `-${release}`}`;
    return { name, version: epoch === "" || epoch === "0" ? version : `${epoch}:${version}` };
  }
  const syft = by.get("syft:metadata:source") ?? by.get("syft:metadata:originPackage");
  return syft === undefined ? undefined : { name: syft, version: by.get("syft:metadata:sourceVersion") ?? "" };
}

function systemFrom(component: Unknown, properties: readonly Property[]): ReturnType<typeof systemOf> {
  const by = new Map(properties.map(({ name, value }) => [name, value]));
  const told = (name: string, limit: number): string =>
    (by.get(`${extraPrefix}os:${name}`) ?? by.get(`syft:distro:${name}`) ?? "").slice(0, limit);
  const system = systemOf(
    by.get("syft:distro:id") ?? textAt(component, "name"),
    textAt(component, "version") || told("versionID", 64),
  );
  if (system === undefined) return undefined;
  const idLike = properties
    .filter(({ name }) => name === `${extraPrefix}os:idLike` || /^syft:distro:idLike(:\d+)?$/.test(name))
    .flatMap(({ value }) => value.split(" "))
    .map(distributionId);
  return {
    ...system,
    codename: told("versionCodename", 64),
    name: told("prettyName", 256),
    idLike: idLike.filter((id) => id !== "").slice(0, 20),
  };
}

function licensesOf(component: Unknown): readonly string[] {
  return listOf(member(component, "licenses")).flatMap((choice) => {
    const license = member(choice, "license");
    const text =
      textAt(choice, "expression") || textAt(license, "id") || textAt(license, "name") || textAt(license, "url");
    return text === "" ? [] : [text];
  });
}

function evidenceOf(
  component: Unknown,
  properties: readonly Property[],
  layers: ReadonlyMap<string, number>,
): readonly Evidence[] {
  const occurrences = listAt(member(component, "evidence"), "occurrences");
  if (occurrences.length > 0) return occurrences.map(occurrence).filter(({ path }) => path !== "");
  const places = new Map<string, { path: string; layer: number }>();
  const place = (key: string): { path: string; layer: number } => {
    const known = places.get(key) ?? { path: "", layer: -1 };
    places.set(key, known);
    return known;
  };
  for (const { name, value } of properties) {
    const syft = /^syft:location:(\d{1,6}):(path|layerID)$/.exec(name);
    if (syft?.[2] === "path") place(syft[1] ?? "").path = value;
    else if (syft !== null) place(syft[1] ?? "").layer = layers.get(value) ?? -1;
    else if (name === "aquasecurity:trivy:FilePath") place("trivy").path = value.startsWith("/") ? value : `/${value}`;
    else if (name === "aquasecurity:trivy:LayerDiffID") place("trivy").layer = layers.get(value) ?? -1;
  }
  return [...places.values()]
    .filter(({ path }) => path !== "")
    .map(({ path, layer }) => ({ path, layer, line: 0, kind: "sbom" }));
}

/** Our own documents say kind and layer in the occurrence's context: "database, layer 2". */
function occurrence(value: unknown): Evidence {
  const context = /^([a-z]+), layer (-1|\d{1,9})$/.exec(textAt(value, "additionalContext"));
  return {
    path: textAt(value, "location"),
    layer: context === null ? -1 : Number(context[2]),
    line: Math.max(0, Math.trunc(numberAt(value, "line"))),
    kind: evidenceKinds.find((kind) => kind === context?.[1]) ?? "sbom",
  };
}

function addGap(text: string, collector: Collector): void {
  const gap = gapOf(jsonOf(text));
  if (gap !== undefined) collector.known(gap);
}

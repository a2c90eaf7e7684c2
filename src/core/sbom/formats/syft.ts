// Syft's own JSON and GitHub's dependency snapshots: both list packages with URLs, in shapes of their own.
import type { Evidence } from "../../../model/software-package.ts";
import type { Collector } from "./collect.ts";
import { distributionId } from "./operating-system.ts";
import { listAt, member, objectOf, textAt, textOf } from "./value.ts";

export function readSyft(document: unknown, collector: Collector): void {
  const distro = member(document, "distro");
  const id = distributionId(textAt(distro, "id"));
  if (id !== "")
    collector.system({
      id,
      versionId: textAt(distro, "versionID").slice(0, 64),
      codename: textAt(distro, "versionCodename").slice(0, 64),
      name: textAt(distro, "prettyName").slice(0, 256),
      idLike: listAt(distro, "idLike").map(textOf).map(distributionId).slice(0, 20),
    });
  const target = member(member(document, "source"), "metadata") ?? member(member(document, "source"), "target");
  collector.digest(textAt(target, "imageID"));
  collector.digest(textAt(target, "manifestDigest"));
  for (const digest of listAt(target, "repoDigests").map(textOf))
    collector.digest(digest.slice(digest.indexOf("@") + 1));
  const layers = new Map(listAt(target, "layers").map((layer, index) => [textAt(layer, "digest"), index]));
  for (const artifact of listAt(document, "artifacts")) {
    const metadata = member(artifact, "metadata");
    const module = textAt(metadata, "modularityLabel");
    const source = textAt(metadata, "source") || textAt(metadata, "originPackage");
    collector.add({
      purl: textAt(artifact, "purl"),
      group: "",
      name: textAt(artifact, "name"),
      version: textAt(artifact, "version"),
      licenses: listAt(artifact, "licenses").map(
        (license) => textOf(license) || textAt(license, "spdxExpression") || textAt(license, "value"),
      ),
      cpes: listAt(artifact, "cpes").map((cpe) => textOf(cpe) || textAt(cpe, "cpe")),
      evidence: listAt(artifact, "locations").flatMap((location) => placeOf(location, layers)),
      isDevelopment: false,
      ...(source === "" ? {} : { source: { name: source, version: textAt(metadata, "sourceVersion") } }),
      ...(module === "" ? {} : { module }),
      extras: {},
    });
  }
}

function placeOf(location: unknown, layers: ReadonlyMap<string, number>): readonly Evidence[] {
  const path = textAt(location, "path");
  return path === "" ? [] : [{ path, layer: layers.get(textAt(location, "layerID")) ?? -1, line: 0, kind: "sbom" }];
}

/** What GitHub's dependency submission takes: manifests with resolved packages. */
export function readGithubSnapshot(document: unknown, collector: Collector): void {
  const manifests = objectOf(member(document, "manifests"));
  for (const manifest of Object.values(manifests)) {
    const place = textAt(member(manifest, "file"), "source_location") || textAt(manifest, "name");
    const resolved = objectOf(member(manifest, "resolved"));
    for (const dependency of Object.values(resolved))
      collector.add({
        purl: textAt(dependency, "package_url"),
        group: "",
        name: "",
        version: "",
        licenses: [],
        cpes: [],
        evidence: place === "" ? [] : [{ path: place, layer: -1, line: 0, kind: "sbom" }],
        isDevelopment: textAt(dependency, "scope") === "development",
        extras: {},
      });
  }
}

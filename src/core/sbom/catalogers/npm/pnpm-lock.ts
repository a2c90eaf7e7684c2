// npm/pnpm-lock: pnpm-lock.yaml of lockfile versions 5 to 9. Up to 8 an entry says itself that it is for development; in 9 the importers' dependencies are followed.
import type { CatalogFile } from "../../cataloger.ts";
import { defineCataloger } from "../../cataloger.ts";
import { developmentOnly } from "../parts/closure.ts";
import type { FoundPart } from "../parts/found.ts";
import { brokenFile, combineFound, createCollector } from "../parts/found.ts";
import type { YamlMap } from "../parts/yaml.ts";
import { mapOf, parseYaml, scalarOf } from "../parts/yaml.ts";
import { isLocalReference, isPlainVersion, splitAtVersion, toNpmFound } from "./names.ts";

const id = "npm/pnpm-lock";

function read(file: CatalogFile): FoundPart | undefined {
  const document = parseYaml(file.text());
  if (!(document instanceof Map)) throw brokenFile("not a pnpm-lock.yaml");
  const lock = mapOf(document);
  const major = Number.parseInt(scalarOf(lock.get("lockfileVersion")), 10);
  const packages = mapOf(lock.get("packages"));
  const development = major >= 9 ? developmentKeys(lock) : new Set<string>();
  const collector = createCollector();
  for (const [key, value] of packages) {
    const entry = mapOf(value);
    const locked = lockedOf(key, entry, Number.isNaN(major) ? 5 : major);
    if (locked === undefined) continue;
    const isDevelopment = scalarOf(entry.get("dev")) === "true" || development.has(key);
    const found = toNpmFound({ ...locked, scope: isDevelopment ? "development" : "declared" });
    if (found !== undefined) collector.add(found);
  }
  return collector.part();
}

/** Of a key such as "/@s/a/1.2.3_peer@1.0.0" (5), "/@s/a@1.2.3(peer@1.0.0)" (6 to 8), "@s/a@1.2.3" (9), or an address. */
function lockedOf(key: string, entry: YamlMap, major: number) {
  const resolution = mapOf(entry.get("resolution"));
  if (key.startsWith("link:") || scalarOf(resolution.get("type")) === "directory") return undefined;
  const given = { name: scalarOf(entry.get("name")), version: scalarOf(entry.get("version")) };
  const fromKey = major < 6 ? ofSlashedKey(key) : ofKey(key);
  const name = given.name || fromKey.name;
  const version = given.version || fromKey.version;
  const repository = scalarOf(resolution.get("repo"));
  const commit = scalarOf(resolution.get("commit"));
  const tarball = scalarOf(resolution.get("tarball"));
  if (name === "" || isLocalReference(version)) return undefined;
  if (repository !== "") {
    return { name, version: isPlainVersion(version) ? version : "", resolved: `git+${repository}#${commit}` };
  }
  return { name, version, ...(tarball === "" ? {} : { resolved: tarball }) };
}

function ofSlashedKey(key: string): { name: string; version: string } {
  // A registry's host may stand in front: "example.org/@s/a/1.2.3".
  const parts = key.split("/");
  const from = parts.findIndex((part, index) => index > 0 && part.startsWith("@"));
  const start = from > 0 ? from : 1;
  const nameParts = parts[start]?.startsWith("@") ? parts.slice(start, start + 2) : parts.slice(start, start + 1);
  const version = parts[start + nameParts.length] ?? "";
  return { name: nameParts.join("/"), version: version.split(/[_(]/)[0] ?? "" };
}

function ofKey(key: string): { name: string; version: string } {
  const plain = withoutPeers(key.startsWith("/") ? key.slice(1) : key);
  // In front there may be a registry's host.
  const scope = plain.indexOf("/@");
  if (scope > 0) return splitAtVersion(plain.slice(scope + 1));
  const { name, version } = splitAtVersion(plain);
  return { name: name.startsWith("@") ? name : name.slice(name.lastIndexOf("/") + 1), version };
}

function withoutPeers(key: string): string {
  const peers = key.indexOf("(");
  return peers < 0 ? key : key.slice(0, peers);
}

/** Version 9: keys of `packages` that only importers' devDependencies lead to. */
function developmentKeys(lock: YamlMap): ReadonlySet<string> {
  const snapshots = mapOf(lock.get("snapshots"));
  const edges = new Map<string, Set<string>>();
  for (const [key, value] of snapshots) {
    const from = withoutPeers(key);
    const known = edges.get(from) ?? new Set<string>();
    for (const field of ["dependencies", "optionalDependencies"]) addKeys(known, mapOf(mapOf(value).get(field)));
    edges.set(from, known);
  }
  const production = new Set<string>();
  const development = new Set<string>();
  for (const value of mapOf(lock.get("importers")).values()) {
    const importer = mapOf(value);
    addKeys(production, mapOf(importer.get("dependencies")));
    addKeys(production, mapOf(importer.get("optionalDependencies")));
    addKeys(development, mapOf(importer.get("devDependencies")));
  }
  return developmentOnly(production, development, (key) => edges.get(key) ?? []);
}

/** name: version and name: { specifier, version }; an alias has the whole key as its version. */
function addKeys(keys: Set<string>, dependencies: YamlMap): void {
  for (const [name, value] of dependencies) {
    const version = withoutPeers(typeof value === "string" ? value : scalarOf(mapOf(value).get("version")));
    if (version === "" || version.startsWith("link:")) continue;
    const isWholeKey = version.indexOf("@", 1) > 0 && !version.includes("://");
    keys.add(isWholeKey ? version : `${name}@${version}`);
  }
}

export const npmPnpmLock = defineCataloger<FoundPart>({
  id,
  version: 2,
  wants: { names: ["pnpm-lock.yaml"], bytesMax: 64 * 1024 * 1024 },
  read,
  combine: combineFound(id, "lockfile", "declared"),
});

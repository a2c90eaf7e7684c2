// npm/bun-lock: bun.lock (text); the binary bun.lockb is told as a gap. What is for development is found by following the workspaces' dependencies.
import type { CatalogFile } from "../../cataloger.ts";
import { defineCataloger } from "../../cataloger.ts";
import { developmentOnly } from "../parts/closure.ts";
import type { FoundPart } from "../parts/found.ts";
import { combineFound, createCollector } from "../parts/found.ts";
import type { JsonRecord } from "../parts/json.ts";
import { arrayOf, isRecord, parseJsonRecord, recordOf, stringOf, stripJsonComments } from "../parts/json.ts";
import { isGitReference, isLocalReference, splitAtVersion, toNpmFound } from "./names.ts";

const id = "npm/bun-lock";

function read(file: CatalogFile): FoundPart | undefined {
  const collector = createCollector();
  if (file.path.endsWith(".lockb")) {
    const because = "bun's binary lock file is not read; bun.lock (text) is";
    collector.gap({ kind: "not-supported", because });
    return collector.part();
  }
  const lock = parseJsonRecord(stripJsonComments(file.text()));
  const packages = recordOf(lock["packages"]);
  const development = developmentKeys(lock, packages);
  for (const [key, value] of Object.entries(packages)) {
    const locator = stringOf(arrayOf(value)[0]);
    const { name, version } = splitAtVersion(locator);
    if (name === "" || isLocalReference(version)) continue;
    const isGit = isGitReference(version);
    const found = toNpmFound({ name, version, scope: development.has(key) ? "development" : "declared" });
    if (found !== undefined) collector.add(isGit ? { ...found, version: "" } : found);
  }
  return collector.part();
}

const production = ["dependencies", "optionalDependencies", "peerDependencies"];

function developmentKeys(lock: JsonRecord, packages: JsonRecord): ReadonlySet<string> {
  const roots = new Set<string>();
  const developmentRoots = new Set<string>();
  for (const value of Object.values(recordOf(lock["workspaces"]))) {
    if (!isRecord(value)) continue;
    for (const field of production) for (const name of Object.keys(recordOf(value[field]))) roots.add(name);
    for (const name of Object.keys(recordOf(value["devDependencies"]))) developmentRoots.add(name);
  }
  return developmentOnly(roots, developmentRoots, (key) => nextOf(key, packages));
}

function nextOf(key: string, packages: JsonRecord): string[] {
  const entry = Object.hasOwn(packages, key) ? arrayOf(packages[key]) : [];
  // ["name@1.0.0", "registry", { dependencies }, "sha512-.."]; of git and files the object stands one place earlier.
  const about = entry.find((item) => isRecord(item));
  if (!isRecord(about)) return [];
  const names: string[] = [];
  for (const field of production) for (const name of Object.keys(recordOf(about[field]))) names.push(name);
  return names.map((name) => resolve(key, name, packages));
}

/** As Node looks: nested in the package, then in what it is nested in, then at the top. */
function resolve(from: string, name: string, packages: JsonRecord): string {
  let base = from;
  while (base !== "") {
    const key = `${base}/${name}`;
    if (Object.hasOwn(packages, key)) return key;
    const slash = base.lastIndexOf("/");
    base = slash < 0 ? "" : base.slice(0, slash);
  }
  return name;
}

export const npmBunLock = defineCataloger<FoundPart>({
  id,
  version: 2,
  wants: { names: ["bun.lock", "bun.lockb"], bytesMax: 64 * 1024 * 1024 },
  read,
  combine: combineFound(id, "lockfile", "declared"),
});

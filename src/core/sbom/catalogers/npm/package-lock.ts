// npm/package-lock: package-lock.json and npm-shrinkwrap.json of versions 1 to 3, and node_modules/.package-lock.json, npm's own note of what it installed.
import type { CatalogFile } from "../../cataloger.ts";
import { defineCataloger } from "../../cataloger.ts";
import type { Collector, FoundPart } from "../parts/found.ts";
import { combineFound, createCollector } from "../parts/found.ts";
import type { JsonRecord } from "../parts/json.ts";
import { isRecord, parseJsonRecord, recordOf, stringOf } from "../parts/json.ts";
import { toNpmFound } from "./names.ts";
import { licensesOf } from "./package-json.ts";

const id = "npm/package-lock";
/** Dependencies in dependencies of version 1; real trees have about ten levels. */
const nestingMax = 200;

function read(file: CatalogFile): FoundPart | undefined {
  const lock = parseJsonRecord(file.text());
  const collector = createCollector();
  if (isRecord(lock["packages"])) addPackages(collector, lock["packages"]);
  else addTree(collector, recordOf(lock["dependencies"]));
  return collector.part();
}

const folder = "node_modules/";

/** Versions 2 and 3: keys are places, "node_modules/a/node_modules/@s/b". Keys elsewhere are the root and its workspaces: no packages. */
function addPackages(collector: Collector, packages: JsonRecord): void {
  for (const [key, entry] of Object.entries(packages)) {
    const at = key.lastIndexOf(folder);
    if (at < 0 || !isRecord(entry) || entry["link"] === true) continue;
    // An alias is installed under one name and has its own in the entry.
    const name = stringOf(entry["name"]) || key.slice(at + folder.length);
    const found = toNpmFound({
      name,
      version: stringOf(entry["version"]),
      resolved: stringOf(entry["resolved"]),
      scope: isDevelopment(entry) ? "development" : "declared",
      licenses: licensesOf(entry),
    });
    // A tarball beside the project is somebody's package, too: it has name and version.
    if (found !== undefined) collector.add(found);
  }
}

/** devOptional: of a development dependency and of an optional one: a production install has it. */
function isDevelopment(entry: JsonRecord): boolean {
  return entry["dev"] === true;
}

/** Version 1: a tree of dependencies. */
function addTree(collector: Collector, top: JsonRecord): void {
  const waiting: { readonly level: JsonRecord; readonly depth: number }[] = [{ level: top, depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const [name, entry] of Object.entries(next.level)) {
      if (!isRecord(entry)) continue;
      const found = toNpmFound({
        name,
        version: stringOf(entry["version"]),
        resolved: stringOf(entry["resolved"]),
        scope: isDevelopment(entry) ? "development" : "declared",
      });
      if (found !== undefined) collector.add(found);
      if (!isRecord(entry["dependencies"])) continue;
      if (next.depth < nestingMax) waiting.push({ level: entry["dependencies"], depth: next.depth + 1 });
      else collector.gap({ kind: "limit-reached", because: `dependencies nested over ${nestingMax} deep` });
    }
  }
}

export const npmPackageLock = defineCataloger<FoundPart>({
  id,
  version: 2,
  wants: {
    names: ["package-lock.json", "npm-shrinkwrap.json", ".package-lock.json"],
    bytesMax: 64 * 1024 * 1024,
  },
  read,
  combine: combineFound(id, "lockfile", "declared"),
});

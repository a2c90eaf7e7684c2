// dotnet/nuget: *.deps.json of published programs (what runs), packages.lock.json, packages.config, *.nuspec of a package cache, project.assets.json.
import type { CatalogedFile, CatalogFile, Combined } from "../../cataloger.ts";
import { defineCataloger } from "../../cataloger.ts";
import type { Collector, FoundPart } from "../parts/found.ts";
import { combineFound, createCollector } from "../parts/found.ts";
import { isRecord, parseJsonRecord, recordOf, stringOf } from "../parts/json.ts";
import { childOf, childrenOf, childText, parseXml } from "../parts/xml.ts";

const id = "dotnet/nuget";

function read(file: CatalogFile): FoundPart | undefined {
  const base = file.path.slice(file.path.lastIndexOf("/") + 1);
  const collector = createCollector();
  if (base === "packages.lock.json") readLock(collector, file.text());
  else if (base === "packages.config") readConfig(collector, file.text());
  else if (base === "project.assets.json") readLibraries(collector, file.text());
  else if (base.endsWith(".nuspec")) readNuspec(collector, file);
  else if (base.endsWith(".deps.json")) readLibraries(collector, file.text());
  return collector.part();
}

/** deps.json and project.assets.json: "libraries": { "Name/1.2.3": { type: "package" } }. Projects are the program's own. */
function readLibraries(collector: Collector, text: string): void {
  const document = parseJsonRecord(text);
  const runtime = runtimeNames(recordOf(document["targets"]));
  for (const [key, value] of Object.entries(recordOf(document["libraries"]))) {
    const type = isRecord(value) ? stringOf(value["type"]).toLowerCase() : "";
    if (type === "project" || type === "referenceassembly" || type === "msbuildproject") continue;
    const slash = key.lastIndexOf("/");
    if (slash <= 0) continue;
    // Names without any file in a target are reference packages or build tools: named, not there.
    const scope = runtime.size > 0 && !runtime.has(key) ? "declared" : "installed";
    collector.add({ type: "nuget", ...nameOf(key.slice(0, slash)), version: key.slice(slash + 1), scope });
  }
}

/** "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64" is the runtime itself in a self-contained program. */
function nameOf(name: string): { name: string } {
  return { name: name.startsWith("runtimepack.") ? name.slice("runtimepack.".length) : name };
}

const fileFields = ["runtime", "native", "resources", "runtimeTargets", "compile"];

function runtimeNames(targets: Readonly<Record<string, unknown>>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const target of Object.values(targets)) {
    for (const [key, value] of Object.entries(recordOf(target))) {
      if (!isRecord(value)) continue;
      if (fileFields.some((field) => Object.keys(recordOf(value[field])).length > 0)) names.add(key);
    }
  }
  return names;
}

function readLock(collector: Collector, text: string): void {
  for (const framework of Object.values(recordOf(parseJsonRecord(text)["dependencies"]))) {
    for (const [name, value] of Object.entries(recordOf(framework))) {
      if (!isRecord(value) || stringOf(value["type"]) === "Project") continue;
      collector.add({ type: "nuget", name, version: stringOf(value["resolved"]), scope: "declared" });
    }
  }
}

function readConfig(collector: Collector, text: string): void {
  for (const item of childrenOf(parseXml(text), "package")) {
    const scope = item.attributes.get("developmentDependency") === "true" ? "development" : "declared";
    const name = item.attributes.get("id") ?? "";
    collector.add({ type: "nuget", name, version: item.attributes.get("version") ?? "", scope });
  }
}

function readNuspec(collector: Collector, file: CatalogFile): void {
  const metadata = childOf(parseXml(file.text()), "metadata");
  const name = childText(metadata, "id");
  const version = childText(metadata, "version");
  // A template that a build fills in.
  if (name === "" || name.includes("$") || version.includes("$")) return;
  const license = childOf(metadata, "license");
  const licenses = license?.attributes.get("type") === "expression" ? [license.text.trim()] : [];
  collector.add({ type: "nuget", name, version, scope: "installed", licenses });
}

const combineInstalled = combineFound(id, "manifest", "installed");
const combineLock = combineFound(id, "lockfile", "declared");

function combine(files: readonly CatalogedFile<FoundPart>[]): Combined {
  const isLock = (path: string): boolean => path.endsWith("packages.lock.json");
  const locks = combineLock(files.filter((file) => isLock(file.path)));
  const others = combineInstalled(files.filter((file) => !isLock(file.path)));
  return { packages: [...others.packages, ...locks.packages], gaps: [...(others.gaps ?? []), ...(locks.gaps ?? [])] };
}

export const dotnetNuget = defineCataloger<FoundPart>({
  id,
  version: 1,
  wants: {
    names: ["packages.lock.json", "packages.config", "project.assets.json"],
    suffixes: [".deps.json", ".nuspec"],
    bytesMax: 16 * 1024 * 1024,
  },
  read,
  combine,
});

// swift/locks: Package.resolved (versions 1 to 3) of Swift's package manager, and CocoaPods' Podfile.lock.
import type { CatalogFile } from "../../cataloger.ts";
import { defineCataloger } from "../../cataloger.ts";
import type { Collector, FoundPart } from "../parts/found.ts";
import { combineFound, createCollector } from "../parts/found.ts";
import { arrayOf, isRecord, parseJsonRecord, recordOf, stringOf } from "../parts/json.ts";
import { publicAddress } from "../parts/address.ts";
import { listOf, mapOf, parseYaml, scalarOf } from "../parts/yaml.ts";

const id = "swift/locks";

function read(file: CatalogFile): FoundPart | undefined {
  const collector = createCollector();
  if (file.path.endsWith("Podfile.lock")) readPods(collector, file.text());
  else readResolved(collector, file.text());
  return collector.part();
}

function readResolved(collector: Collector, text: string): void {
  const document = parseJsonRecord(text);
  for (const pin of arrayOf(document["pins"] ?? recordOf(document["object"])["pins"])) {
    if (!isRecord(pin) || stringOf(pin["kind"]).startsWith("local")) continue;
    const location = publicAddress(stringOf(pin["location"]) || stringOf(pin["repositoryURL"]));
    const state = recordOf(pin["state"]);
    const version = stringOf(state["version"]);
    const revision = stringOf(state["revision"]);
    const name = nameOf(location) ?? { namespace: "", name: stringOf(pin["identity"]) || stringOf(pin["package"]) };
    const qualifiers = version === "" ? { vcs_url: `git+${location}@${revision}`.slice(0, 1024) } : {};
    collector.add({ type: "swift", ...name, version, qualifiers });
  }
}

/** "https://github.com/apple/swift-nio.git" and "git@github.com:apple/swift-nio.git": host and owner, name. */
function nameOf(location: string): { namespace: string; name: string } | undefined {
  const found = /^(?:[a-z+]+:\/\/)?(?:[^@/\s]{1,100}@)?([A-Za-z0-9.-]+)(?::\d+)?[/:](.+?)(?:\.git)?\/?$/.exec(location);
  const segments = (found?.[2] ?? "").split("/");
  const name = segments.pop() ?? "";
  return found === null || name === "" ? undefined : { namespace: [found[1], ...segments].join("/"), name };
}

const pod = /^(\S{1,300}) \(([^()\s]{1,200})\)$/;

function readPods(collector: Collector, text: string): void {
  const document = mapOf(parseYaml(text));
  const local = new Set<string>();
  for (const [name, source] of mapOf(document.get("EXTERNAL SOURCES"))) if (mapOf(source).has(":path")) local.add(name);
  for (const item of listOf(document.get("PODS"))) {
    const label = typeof item === "string" ? item : ([...mapOf(item).keys()][0] ?? "");
    const found = pod.exec(scalarOf(label));
    const name = found?.[1] ?? "";
    if (found === null || local.has(name.split("/")[0] ?? "")) continue;
    collector.add({ type: "cocoapods", name, version: found[2] ?? "" });
  }
}

export const swiftLocks = defineCataloger<FoundPart>({
  id,
  version: 2,
  wants: { names: ["Package.resolved", ".package.resolved", "Podfile.lock"], bytesMax: 8 * 1024 * 1024 },
  read,
  combine: combineFound(id, "lockfile", "declared"),
});

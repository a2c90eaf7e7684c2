// cpp/conan: conan.lock of Conan 1 (a graph) and 2 (lists), and conanfile.txt. Build requirements are for development.
import type { CatalogFile } from "../../cataloger.ts";
import { defineCataloger } from "../../cataloger.ts";
import type { Collector, FoundPart } from "../parts/found.ts";
import { combineFound, createCollector } from "../parts/found.ts";
import { isRecord, parseJsonRecord, recordOf, stringOf, stringsOf } from "../parts/json.ts";

const id = "cpp/conan";

function read(file: CatalogFile): FoundPart | undefined {
  const collector = createCollector();
  if (file.path.endsWith(".txt")) readConanfile(collector, file.text());
  else readLock(collector, file.text());
  return collector.part();
}

/** "zlib/1.2.11@user/channel#revision:package%time": name and version; "[>=1.0]" is a range. */
function add(collector: Collector, reference: string, isBuild: boolean, line = 0): void {
  const plain = reference.split(/[@#:%]/)[0] ?? "";
  const slash = plain.indexOf("/");
  if (slash <= 0) return;
  const version = plain.slice(slash + 1).trim();
  const scope = isBuild ? "development" : "declared";
  const exact = version.startsWith("[") ? "" : version;
  collector.add({ type: "conan", name: plain.slice(0, slash), version: exact, scope, line });
}

function readLock(collector: Collector, text: string): void {
  const lock = parseJsonRecord(text);
  const nodes = recordOf(recordOf(lock["graph_lock"])["nodes"]);
  for (const node of Object.values(nodes)) {
    // The project itself has a path and no package.
    if (!isRecord(node) || stringOf(node["path"]) !== "") continue;
    add(collector, stringOf(node["ref"]) || stringOf(node["pref"]), stringOf(node["context"]) === "build");
  }
  for (const reference of stringsOf(lock["requires"])) add(collector, reference, false);
  for (const field of ["build_requires", "python_requires"]) {
    for (const reference of stringsOf(lock[field])) add(collector, reference, true);
  }
}

function readConanfile(collector: Collector, text: string): void {
  let section = "";
  for (const [index, raw] of text.split("\n").entries()) {
    const line = (raw.split("#")[0] ?? "").trim();
    if (line.startsWith("[") && line.endsWith("]")) section = line;
    else if (section === "[requires]") add(collector, line, false, index + 1);
    else if (section === "[build_requires]" || section === "[tool_requires]") add(collector, line, true, index + 1);
  }
}

export const cppConan = defineCataloger<FoundPart>({
  id,
  version: 1,
  wants: { names: ["conan.lock", "conanfile.txt"], bytesMax: 16 * 1024 * 1024 },
  read,
  combine: combineFound(id, "lockfile", "declared"),
});

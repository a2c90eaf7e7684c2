// go/modules: go.mod (with replace and exclude), vendor/modules.txt and go.work's toolchain line. Declared: what a binary was built from stands in the binary.
import type { CatalogFile } from "../../cataloger.ts";
import { defineCataloger } from "../../cataloger.ts";
import type { Collector, FoundPart } from "../parts/found.ts";
import { brokenFile, combineFound, createCollector } from "../parts/found.ts";

const id = "go/modules";
/** Paths and versions have a few hundred at most. */
const lineLengthMax = 4096;

function read(file: CatalogFile): FoundPart | undefined {
  const collector = createCollector();
  if (file.path.endsWith("modules.txt")) {
    if (!/(?:^|\/)vendor\/modules\.txt$/.test(file.path)) return undefined;
    readVendor(collector, file.text());
    // In the module cache lie other people's go.mod files: what they wish for is in no build.
  } else if (file.path.includes("pkg/mod/")) return undefined;
  else readMod(collector, file.text());
  return collector.part();
}

export function splitModule(path: string): { namespace: string; name: string } {
  const slash = path.lastIndexOf("/");
  return { namespace: slash < 0 ? "" : path.slice(0, slash), name: path.slice(slash + 1) };
}

interface Target {
  readonly path: string;
  readonly version: string;
}

interface Module {
  requires: { readonly path: string; readonly version: string; readonly line: number }[];
  replaces: Map<string, Target>;
  excludes: Set<string>;
  toolchain: string;
  goVersion: string;
}

function readMod(collector: Collector, text: string): void {
  const found: Module = { requires: [], replaces: new Map(), excludes: new Set(), toolchain: "", goVersion: "" };
  let block = "";
  let hasModule = false;
  for (const [index, raw] of text.split("\n").entries()) {
    if (raw.length > lineLengthMax) {
      collector.gap({ kind: "file-unreadable", because: `a line of more than ${lineLengthMax} characters` });
      continue;
    }
    const line = (raw.split("//")[0] ?? "").trim();
    if (line === "") continue;
    if (line === ")") {
      block = "";
      continue;
    }
    const opened = /^([a-z]+)\s*\($/.exec(line);
    if (opened !== null) {
      block = opened[1] ?? "";
      continue;
    }
    const words = line.split(/\s+/).map((word) => word.replace(/^["`](.*)["`]$/, "$1"));
    const directive = block === "" ? (words.shift() ?? "") : block;
    hasModule ||= directive === "module";
    readDirective(found, directive, words, index + 1);
  }
  if (!hasModule) throw brokenFile("a go.mod without a module");
  addModules(collector, found);
}

function readDirective(found: Module, directive: string, words: readonly string[], line: number): void {
  const [first = "", second = ""] = words;
  if (directive === "require") found.requires.push({ path: first, version: second, line });
  else if (directive === "exclude") found.excludes.add(`${first}@${second}`);
  else if (directive === "toolchain") found.toolchain = first;
  else if (directive === "go") found.goVersion = first;
  else if (directive === "replace") {
    const arrow = words.indexOf("=>");
    const from = words.slice(0, arrow).join("@");
    if (arrow > 0) found.replaces.set(from, { path: words[arrow + 1] ?? "", version: words[arrow + 2] ?? "" });
  }
}

function addModules(collector: Collector, found: Module): void {
  for (const { path, version, line } of found.requires) {
    if (found.excludes.has(`${path}@${version}`)) continue;
    const replaced = found.replaces.get(`${path}@${version}`) ?? found.replaces.get(path);
    // A folder of this repository is nobody's module.
    if (replaced !== undefined && /^\.{0,2}\/|^[A-Za-z]:\\/.test(replaced.path)) continue;
    const module = replaced ?? { path, version };
    collector.add({ type: "golang", ...splitModule(module.path), version: module.version, line });
  }
  // Since 1.21 a go.mod says which toolchain builds it at least: what the standard library is, as far as the file knows.
  const toolchain = /^go(\d+\.\d+(?:\.\d+)?(?:(?:rc|beta)\d+)?)/.exec(found.toolchain)?.[1];
  const stated = toolchain ?? (/^\d+\.\d+\.\d+$/.test(found.goVersion) ? found.goVersion : "");
  if (stated !== "") collector.add({ type: "golang", name: "stdlib", version: stated });
}

/** "# path version", "# path version => path version"; other lines are packages and marks. */
function readVendor(collector: Collector, text: string): void {
  for (const [index, line] of text.split("\n").entries()) {
    if (!line.startsWith("# ") || line.length > lineLengthMax) continue;
    const words = line.slice(2).trim().split(/\s+/);
    const arrow = words.indexOf("=>");
    const [path = "", version = ""] = arrow < 0 ? words : words.slice(arrow + 1);
    // Replacements at the end of the file have no version on the left.
    if (arrow === 1 || !version.startsWith("v") || /^\.{0,2}\//.test(path)) continue;
    collector.add({ type: "golang", ...splitModule(path), version, line: index + 1 });
  }
}

export const goModules = defineCataloger<FoundPart>({
  id,
  version: 2,
  wants: { names: ["go.mod", "modules.txt"], bytesMax: 4 * 1024 * 1024 },
  read,
  combine: combineFound(id, "manifest", "declared"),
});

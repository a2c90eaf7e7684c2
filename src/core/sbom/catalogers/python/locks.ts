// python/lock: Pipfile.lock, poetry.lock, uv.lock, pdm.lock and pylock.toml (PEP 751): exact versions, what is for development, addresses of version control.
import type { CatalogFile } from "../../cataloger.ts";
import { defineCataloger } from "../../cataloger.ts";
import { developmentOnly } from "../parts/closure.ts";
import type { Collector, Found, FoundPart } from "../parts/found.ts";
import { combineFound, createCollector } from "../parts/found.ts";
import { isRecord, parseJsonRecord, recordOf, stringOf } from "../parts/json.ts";
import type { TomlTable } from "../parts/toml.ts";
import { parseToml, tableOf, tablesOf, textOf, textsOf } from "../parts/toml.ts";
import { exactVersion, normalName, qualifiersOfAddress } from "./names.ts";

const id = "python/lock";

function read(file: CatalogFile): FoundPart | undefined {
  const base = file.path.slice(file.path.lastIndexOf("/") + 1);
  const collector = createCollector();
  if (base === "Pipfile.lock") readPipfile(collector, file.text());
  else if (base === "poetry.lock") readPoetry(collector, parseToml(file.text()));
  else if (base === "uv.lock") readUv(collector, parseToml(file.text()));
  else if (base === "pdm.lock") readPdm(collector, parseToml(file.text()));
  else readPylock(collector, parseToml(file.text()));
  return collector.part();
}

interface Locked {
  readonly name: string;
  readonly version: string;
  /** "git+https://...@commit" or a file's address; "" for an index. */
  readonly address?: string;
  readonly isDevelopment: boolean;
}

function add(collector: Collector, locked: Locked): void {
  const qualifiers = qualifiersOfAddress(locked.address ?? "");
  const scope: Found["scope"] = locked.isDevelopment ? "development" : "declared";
  collector.add({ type: "pypi", name: normalName(locked.name), version: locked.version, scope, qualifiers });
}

function gitAddress(url: string, commit: string): string {
  if (url === "") return "";
  return `${url.startsWith("git+") ? "" : "git+"}${url}${commit === "" ? "" : `@${commit}`}`;
}

function readPipfile(collector: Collector, text: string): void {
  const lock = parseJsonRecord(text);
  for (const [section, value] of Object.entries(lock)) {
    if (section === "_meta") continue;
    for (const [name, entry] of Object.entries(recordOf(value))) {
      if (!isRecord(entry)) continue;
      // A folder of this project is no package that anybody published.
      if (stringOf(entry["path"]) !== "") continue;
      const address = gitAddress(stringOf(entry["git"]), stringOf(entry["ref"])) || stringOf(entry["file"]);
      const version = exactVersion(stringOf(entry["version"]));
      add(collector, { name, version, address, isDevelopment: section === "develop" });
    }
  }
}

/** A folder of this project; a wheel or source archive beside it is somebody's package. */
const localSources = new Set(["directory"]);

function readPoetry(collector: Collector, lock: TomlTable): void {
  for (const entry of tablesOf(lock["package"])) {
    const source = tableOf(entry["source"]);
    const kind = textOf(source["type"]);
    if (localSources.has(kind)) continue;
    const groups = textsOf(entry["groups"]);
    const isDevelopment = textOf(entry["category"]) === "dev" || (groups.length > 0 && !groups.includes("main"));
    const commit = textOf(source["resolved_reference"]) || textOf(source["reference"]);
    const url = textOf(source["url"]);
    const address = kind === "git" ? gitAddress(url, commit) : kind === "url" ? url : "";
    add(collector, { name: textOf(entry["name"]), version: textOf(entry["version"]), address, isDevelopment });
  }
}

function readUv(collector: Collector, lock: TomlTable): void {
  const packages = tablesOf(lock["package"]);
  const local = packages.filter(isLocalUv);
  const edges = new Map<string, string[]>();
  for (const entry of packages) {
    const name = textOf(entry["name"]);
    edges.set(name, [...(edges.get(name) ?? []), ...dependencyNames(entry)]);
  }
  const development = local.flatMap((entry) => namesIn(tableOf(entry["dev-dependencies"])));
  const only = developmentOnly(local.flatMap(dependencyNames), development, (name) => edges.get(name) ?? []);
  for (const entry of packages) {
    if (isLocalUv(entry)) continue;
    const source = tableOf(entry["source"]);
    const name = textOf(entry["name"]);
    // "https://host/x.git?rev=main#commit"
    const git = textOf(source["git"]).split(/[?#]/);
    const address = git[0] === "" ? textOf(source["url"]) : gitAddress(git[0] ?? "", git.at(-1) ?? "");
    add(collector, { name, version: textOf(entry["version"]), address, isDevelopment: only.has(name) });
  }
}

function isLocalUv(entry: TomlTable): boolean {
  const source = tableOf(entry["source"]);
  return ["editable", "virtual", "directory"].some((kind) => source[kind] !== undefined);
}

function dependencyNames(entry: TomlTable): string[] {
  const direct = tablesOf(entry["dependencies"]).map((item) => textOf(item["name"]));
  return [...direct, ...namesIn(tableOf(entry["optional-dependencies"]))];
}

function namesIn(groups: TomlTable): string[] {
  return Object.values(groups).flatMap((group) => tablesOf(group).map((item) => textOf(item["name"])));
}

function isFolder(place: string): boolean {
  return place !== "" && !/\.(?:whl|zip|tar\.gz|tgz)$/.test(place);
}

function readPdm(collector: Collector, lock: TomlTable): void {
  for (const entry of tablesOf(lock["package"])) {
    if (isFolder(textOf(entry["path"])) || entry["editable"] === true) continue;
    const groups = textsOf(entry["groups"]);
    const isDevelopment = groups.length > 0 && groups.every((group) => /^(?:dev|test|lint|doc)/i.test(group));
    const commit = textOf(entry["revision"]) || textOf(entry["ref"]);
    const address = gitAddress(textOf(entry["git"]), commit) || textOf(entry["url"]);
    add(collector, { name: textOf(entry["name"]), version: textOf(entry["version"]), address, isDevelopment });
  }
}

function readPylock(collector: Collector, lock: TomlTable): void {
  for (const entry of tablesOf(lock["packages"])) {
    if (entry["directory"] !== undefined) continue;
    const vcs = tableOf(entry["vcs"]);
    const archive = tableOf(entry["archive"]);
    const address = gitAddress(textOf(vcs["url"]), textOf(vcs["commit-id"])) || textOf(archive["url"]);
    add(collector, { name: textOf(entry["name"]), version: textOf(entry["version"]), address, isDevelopment: false });
  }
}

export const pythonLocks = defineCataloger<FoundPart>({
  id,
  version: 2,
  wants: {
    names: ["Pipfile.lock", "poetry.lock", "uv.lock", "pdm.lock", "pylock.toml"],
    pattern: /^pylock\.[^./]{1,100}\.toml$/,
    bytesMax: 32 * 1024 * 1024,
  },
  read,
  combine: combineFound(id, "lockfile", "declared"),
});

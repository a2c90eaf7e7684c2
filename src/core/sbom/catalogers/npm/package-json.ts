// npm/package-json: an installed package by its own package.json, in node_modules, a global prefix or a distribution's folder for Node programs.
import type { CatalogFile } from "../../cataloger.ts";
import { defineCataloger } from "../../cataloger.ts";
import type { FoundPart } from "../parts/found.ts";
import { combineFound, partOf } from "../parts/found.ts";
import type { JsonRecord } from "../parts/json.ts";
import { arrayOf, isRecord, parseJsonRecord, stringOf } from "../parts/json.ts";
import { splitScope } from "./names.ts";

const id = "npm/package-json";

/** Folders inside a package, below its own name, that hold material of its tests: a package.json there is no installed package. */
const testFolders =
  /^(?:@[^/]*\/[^/]+|[^@/][^/]*)\/(?:.*\/)?(?:tests?|__tests__|specs?|fixtures?|__fixtures__|test-?data|__mocks__)\//;
const installFolder = "node_modules/";

function read(file: CatalogFile): FoundPart | undefined {
  const inPackage = file.path.lastIndexOf(installFolder);
  if (inPackage >= 0 && testFolders.test(file.path.slice(inPackage + installFolder.length))) return undefined;
  // Most small ones only say { "type": "module" }: not worth a parse.
  if (file.bytes.length < 24) return undefined;
  const text = file.text();
  if (!text.includes('"name"') || !text.includes('"version"')) return undefined;
  const manifest = parseJsonRecord(text);
  const name = stringOf(manifest["name"]);
  const version = stringOf(manifest["version"]);
  if (name === "" || version === "") return undefined;
  // Git dependencies of yarn: the version may have "v" in front.
  return partOf({
    type: "npm",
    ...splitScope(name),
    version: /^[v=]\d/.test(version) ? version.slice(1) : version,
    licenses: licensesOf(manifest),
  });
}

/** "MIT", { type }, [ { type } ], { type: [..] }: npm has had them all. */
export function licensesOf(manifest: JsonRecord): string[] {
  const names: string[] = [];
  for (const field of [manifest["license"], manifest["licenses"], manifest["licence"]]) {
    for (const item of Array.isArray(field) ? arrayOf(field).slice(0, 50) : [field]) {
      if (typeof item === "string") names.push(item);
      else if (isRecord(item)) names.push(stringOf(item["type"]) || stringOf(item["name"]));
    }
  }
  return names.filter((name) => name !== "");
}

export const npmPackageJson = defineCataloger<FoundPart>({
  id,
  version: 2,
  wants: { names: ["package.json"], bytesMax: 4 * 1024 * 1024 },
  read,
  combine: combineFound(id, "manifest", "installed"),
});

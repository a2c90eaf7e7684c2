// r/packages: installed R packages by their DESCRIPTION, and renv.lock.
import type { CatalogedFile, CatalogFile, Combined } from "../../cataloger.ts";
import { defineCataloger } from "../../cataloger.ts";
import type { FoundPart } from "../parts/found.ts";
import { combineFound, createCollector, partOf } from "../parts/found.ts";
import { isRecord, parseJsonRecord, recordOf, stringOf } from "../parts/json.ts";

const id = "r/packages";

function read(file: CatalogFile): FoundPart | undefined {
  return file.path.endsWith("renv.lock") ? readLock(file.text()) : readDescription(file.text());
}

/** "Field: value" lines (DCF). What was built, packaged or came from a repository is a package; a bare source tree is not. */
function readDescription(text: string): FoundPart | undefined {
  const fields = new Map<string, string>();
  for (const line of text.split("\n", 2000)) {
    const colon = line.indexOf(":");
    if (colon > 0 && /^[A-Za-z][\w/@.-]*$/.test(line.slice(0, colon)))
      fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  if (!fields.has("Built") && !fields.has("Packaged") && !fields.has("Repository")) return undefined;
  const name = fields.get("Package") ?? "";
  const version = fields.get("Version") ?? "";
  if (name === "" || version === "") return undefined;
  return partOf({ type: "cran", name, version, licenses: [fields.get("License") ?? ""] });
}

function readLock(text: string): FoundPart | undefined {
  const collector = createCollector();
  for (const [key, value] of Object.entries(recordOf(parseJsonRecord(text)["Packages"]))) {
    if (!isRecord(value) || stringOf(value["Source"]) === "Local") continue;
    const name = stringOf(value["Package"]) || key;
    const version = stringOf(value["Version"]);
    const type =
      stringOf(value["Repository"]).startsWith("BioC") || value["git_branch"] !== undefined ? "bioconductor" : "cran";
    collector.add({ type, name, version, scope: "declared" });
  }
  return collector.part();
}

const combineInstalled = combineFound(id, "database", "installed");
const combineLock = combineFound(id, "lockfile", "declared");

function combine(files: readonly CatalogedFile<FoundPart>[]): Combined {
  const locks = combineLock(files.filter((file) => file.path.endsWith("renv.lock")));
  const others = combineInstalled(files.filter((file) => !file.path.endsWith("renv.lock")));
  return { packages: [...others.packages, ...locks.packages], gaps: [...(others.gaps ?? []), ...(locks.gaps ?? [])] };
}

export const rPackages = defineCataloger<FoundPart>({
  id,
  version: 1,
  wants: { names: ["DESCRIPTION", "renv.lock"], bytesMax: 8 * 1024 * 1024 },
  read,
  combine,
});

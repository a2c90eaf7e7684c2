// julia/manifest: Manifest.toml of format 1 and 2. Entries without a version are Julia's own standard library, those with a path are this project's.
import type { CatalogFile } from "../../cataloger.ts";
import { defineCataloger } from "../../cataloger.ts";
import type { FoundPart } from "../parts/found.ts";
import { combineFound, createCollector } from "../parts/found.ts";
import { isTable, parseToml, tablesOf, textOf } from "../parts/toml.ts";

const id = "julia/manifest";

function read(file: CatalogFile): FoundPart | undefined {
  const document = parseToml(file.text());
  const dependencies = isTable(document["deps"]) ? document["deps"] : document;
  const collector = createCollector();
  for (const [name, value] of Object.entries(dependencies)) {
    for (const entry of tablesOf(value)) {
      const version = textOf(entry["version"]);
      if (version === "" || entry["path"] !== undefined) continue;
      const uuid = textOf(entry["uuid"]);
      collector.add({ type: "julia", name, version, ...(uuid === "" ? {} : { qualifiers: { uuid } }) });
    }
  }
  return collector.part();
}

export const juliaManifest = defineCataloger<FoundPart>({
  id,
  version: 1,
  wants: { names: ["Manifest.toml", "JuliaManifest.toml"], bytesMax: 8 * 1024 * 1024 },
  read,
  combine: combineFound(id, "lockfile", "declared"),
});

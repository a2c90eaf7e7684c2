// python/conda: packages of a conda environment by conda-meta/<name>-<version>-<build>.json. Not only Python's.
import type { CatalogFile } from "../../cataloger.ts";
import { defineCataloger } from "../../cataloger.ts";
import type { FoundPart } from "../parts/found.ts";
import { combineFound, partOf } from "../parts/found.ts";
import { parseJsonRecord, stringOf } from "../parts/json.ts";

const id = "python/conda";

function read(file: CatalogFile): FoundPart | undefined {
  if (!file.path.includes("conda-meta/")) return undefined;
  const record = parseJsonRecord(file.text());
  const qualifiers: Record<string, string> = {};
  for (const field of ["build", "subdir"]) {
    const value = stringOf(record[field]);
    if (value !== "" && value.length <= 200) qualifiers[field] = value;
  }
  // "https://host/conda-forge/linux-64": the channel's name is what is told, not where it is.
  const channel = stringOf(record["channel"]).replace(/\/(?:noarch|linux-[^/]+|osx-[^/]+|win-[^/]+)$/, "");
  const name = channel.slice(channel.lastIndexOf("/") + 1);
  if (name !== "" && name.length <= 200) qualifiers["channel"] = name;
  return partOf({
    type: "conda",
    name: stringOf(record["name"]),
    version: stringOf(record["version"]),
    licenses: [stringOf(record["license"])],
    qualifiers,
  });
}

export const pythonConda = defineCataloger<FoundPart>({
  id,
  version: 1,
  wants: { pattern: /-\d[^-/]{0,100}-[^-/]{1,100}\.json$/, bytesMax: 16 * 1024 * 1024 },
  read,
  combine: combineFound(id, "database", "installed"),
});

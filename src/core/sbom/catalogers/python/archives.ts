// python/archive: wheels and eggs that lie in an image as archives: their own METADATA or PKG-INFO. An egg is code that runs; a wheel waits to be installed.
import type { CatalogFile, CatalogTools } from "../../cataloger.ts";
import { defineCataloger } from "../../cataloger.ts";
import type { FoundPart } from "../parts/found.ts";
import { brokenFile, combineFound, partOf } from "../parts/found.ts";
import { readZip, readZipEntry } from "../parts/zip.ts";
import { foundOfMetadata } from "./metadata.ts";

const id = "python/archive";
const metadataName = /^(?:EGG-INFO\/PKG-INFO|([^/]{1,300}\.dist-info)\/METADATA)$/;
const metadataBytesMax = 4 * 1024 * 1024;

function read(file: CatalogFile, tools: CatalogTools): FoundPart | undefined {
  // Installed eggs are folders of that name, too; old ones are no archives.
  if (file.bytes[0] !== 0x50) return undefined;
  const directory = readZip(file.bytes, tools, (from, to) => to - from >= 17 && file.bytes[to - 1] !== 0x79);
  const entry = directory.entries.find((item) => metadataName.test(item.name));
  if (entry === undefined) throw brokenFile("a wheel or egg without metadata");
  const text = tools.utf8(readZipEntry(file.bytes, entry, metadataBytesMax, tools));
  const found = foundOfMetadata(text, metadataName.exec(entry.name)?.[1] ?? "");
  if (found === undefined) throw brokenFile("no name in a Python distribution's metadata");
  return partOf({ ...found, scope: file.path.endsWith(".egg") ? "installed" : "declared" });
}

export const pythonArchives = defineCataloger<FoundPart>({
  id,
  version: 1,
  wants: { suffixes: [".whl", ".egg"], bytesMax: 128 * 1024 * 1024 },
  read,
  combine: combineFound(id, "archive", "installed"),
});

// rust/cargo-lock: Cargo.lock of versions 1 to 4. Entries without a source are the workspace's own crates and no packages.
import type { CatalogFile } from "../../cataloger.ts";
import { defineCataloger } from "../../cataloger.ts";
import type { FoundPart } from "../parts/found.ts";
import { combineFound, createCollector } from "../parts/found.ts";
import { publicAddress } from "../parts/address.ts";
import { parseToml, tablesOf, textOf } from "../parts/toml.ts";

const id = "rust/cargo-lock";

function read(file: CatalogFile): FoundPart | undefined {
  const collector = createCollector();
  for (const entry of tablesOf(parseToml(file.text())["package"])) {
    const source = textOf(entry["source"]);
    if (source === "") continue;
    const qualifiers = source.startsWith("git+") ? { vcs_url: publicAddress(source) } : {};
    collector.add({ type: "cargo", name: textOf(entry["name"]), version: textOf(entry["version"]), qualifiers });
  }
  return collector.part();
}

export const rustCargoLock = defineCataloger<FoundPart>({
  id,
  version: 2,
  wants: { names: ["Cargo.lock"], bytesMax: 16 * 1024 * 1024 },
  read,
  combine: combineFound(id, "lockfile", "declared"),
});

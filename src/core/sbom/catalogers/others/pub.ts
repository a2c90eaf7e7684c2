// dart/pub: pubspec.lock. Packages of a path or of the SDK are left out; direct development dependencies are marked as such.
import type { CatalogFile } from "../../cataloger.ts";
import { defineCataloger } from "../../cataloger.ts";
import { publicAddress } from "../parts/address.ts";
import type { FoundPart } from "../parts/found.ts";
import { combineFound, createCollector } from "../parts/found.ts";
import { mapOf, parseYaml, scalarOf } from "../parts/yaml.ts";

const id = "dart/pub";

function read(file: CatalogFile): FoundPart | undefined {
  const collector = createCollector();
  for (const [name, value] of mapOf(mapOf(parseYaml(file.text())).get("packages"))) {
    const entry = mapOf(value);
    const source = scalarOf(entry.get("source"));
    if (source === "path" || source === "sdk") continue;
    const description = mapOf(entry.get("description"));
    const address = `git+${publicAddress(scalarOf(description.get("url")))}@${scalarOf(description.get("resolved-ref"))}`;
    collector.add({
      type: "pub",
      name,
      version: scalarOf(entry.get("version")),
      scope: scalarOf(entry.get("dependency")) === "direct dev" ? "development" : "declared",
      ...(source === "git" ? { qualifiers: { vcs_url: address.slice(0, 1024) } } : {}),
    });
  }
  return collector.part();
}

export const dartPub = defineCataloger<FoundPart>({
  id,
  version: 2,
  wants: { names: ["pubspec.lock"], bytesMax: 8 * 1024 * 1024 },
  read,
  combine: combineFound(id, "lockfile", "declared"),
});

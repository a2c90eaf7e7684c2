// php/composer: composer.lock (declared, and for development) and vendor/composer/installed.json (what is there) of Composer 1 and 2.
import type { CatalogedFile, CatalogFile, Combined } from "../../cataloger.ts";
import { defineCataloger } from "../../cataloger.ts";
import type { Collector, Found, FoundPart } from "../parts/found.ts";
import { brokenFile, combineFound, createCollector } from "../parts/found.ts";
import { arrayOf, isRecord, parseJson, recordOf, stringOf, stringsOf } from "../parts/json.ts";
import { publicAddress } from "../parts/address.ts";

const id = "php/composer";

function read(file: CatalogFile): FoundPart | undefined {
  // Other programs have files of that name, too.
  if (file.path.endsWith("installed.json") && !file.path.endsWith("composer/installed.json")) return undefined;
  const document = parseJson(file.text());
  const collector = createCollector();
  if (file.path.endsWith("composer.lock")) {
    if (!isRecord(document)) throw brokenFile("JSON, but no object");
    addAll(collector, document["packages"], () => "declared");
    addAll(collector, document["packages-dev"], () => "development");
  } else {
    // Composer 1 wrote a bare list.
    addAll(collector, Array.isArray(document) ? document : recordOf(document)["packages"], () => "installed");
  }
  return collector.part();
}

function addAll(collector: Collector, list: unknown, scopeOf: () => NonNullable<Found["scope"]>): void {
  for (const entry of arrayOf(list)) {
    if (!isRecord(entry) || stringOf(entry["type"]) === "metapackage") continue;
    const source = recordOf(entry["source"]);
    const version = stringOf(entry["version"]);
    const isBranch = version.startsWith("dev-") || version.endsWith("-dev");
    const address = `${stringOf(source["type"])}+${publicAddress(stringOf(source["url"]))}@${stringOf(source["reference"])}`;
    const fullName = stringOf(entry["name"]).toLowerCase();
    const slash = fullName.indexOf("/");
    collector.add({
      type: "composer",
      namespace: slash < 0 ? "" : fullName.slice(0, slash),
      name: fullName.slice(slash + 1),
      // "v1.2.3" is 1.2.3 everywhere in Composer's own world.
      version: /^v\d/.test(version) ? version.slice(1) : version,
      scope: scopeOf(),
      licenses: stringsOf(entry["license"]),
      ...(isBranch && stringOf(source["url"]) !== "" ? { qualifiers: { vcs_url: address.slice(0, 1024) } } : {}),
    });
  }
}

const combineLock = combineFound(id, "lockfile", "declared");
const combineInstalled = combineFound(id, "database", "installed");

function combine(files: readonly CatalogedFile<FoundPart>[]): Combined {
  const locks = combineLock(files.filter((file) => file.path.endsWith(".lock")));
  const installed = combineInstalled(files.filter((file) => !file.path.endsWith(".lock")));
  return {
    packages: [...locks.packages, ...installed.packages],
    gaps: [...(locks.gaps ?? []), ...(installed.gaps ?? [])],
  };
}

export const phpComposer = defineCataloger<FoundPart>({
  id,
  version: 2,
  wants: { names: ["composer.lock", "installed.json"], bytesMax: 32 * 1024 * 1024 },
  read,
  combine,
});

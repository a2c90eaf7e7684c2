// npm/deno-lock: deno.lock of versions 2 to 5: packages of npm and of JSR.
import type { CatalogFile } from "../../cataloger.ts";
import { defineCataloger } from "../../cataloger.ts";
import type { FoundPart } from "../parts/found.ts";
import { combineFound, createCollector } from "../parts/found.ts";
import { isRecord, parseJsonRecord, recordOf } from "../parts/json.ts";
import { splitAtVersion, splitScope } from "./names.ts";

const id = "npm/deno-lock";

function read(file: CatalogFile): FoundPart | undefined {
  const lock = parseJsonRecord(file.text());
  const collector = createCollector();
  // Version 3 has both under "packages"; version 2 has npm's under "npm.packages"; later ones at the top.
  const place = isRecord(lock["packages"]) ? lock["packages"] : lock;
  for (const type of ["npm", "jsr"] as const) {
    const section = recordOf(place[type]);
    const entries = isRecord(section["packages"]) && isRecord(section["specifiers"]) ? section["packages"] : section;
    for (const key of Object.keys(entries)) {
      const { name, version } = splitAtVersion(key);
      // "a@1.0.0_b@2.0.0": with which peers it was resolved.
      collector.add({ type, ...splitScope(name), version: version.split("_")[0] ?? "" });
    }
  }
  return collector.part();
}

export const npmDenoLock = defineCataloger<FoundPart>({
  id,
  version: 2,
  wants: { names: ["deno.lock"], bytesMax: 32 * 1024 * 1024 },
  read,
  combine: combineFound(id, "lockfile", "declared"),
});

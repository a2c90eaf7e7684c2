// haskell/locks: stack.yaml.lock and cabal.project.freeze.
import type { CatalogFile } from "../../cataloger.ts";
import { defineCataloger } from "../../cataloger.ts";
import type { Collector, FoundPart } from "../parts/found.ts";
import { combineFound, createCollector } from "../parts/found.ts";
import { publicAddress } from "../parts/address.ts";
import { listOf, mapOf, parseYaml, scalarOf } from "../parts/yaml.ts";

const id = "haskell/locks";

const hackage = /^([A-Za-z0-9-]{1,200})-(\d+(?:\.\d+)*)(?:@|$)/;
const frozen = /(?:^|[\s,:])(?:any\.)?([A-Za-z][A-Za-z0-9-]{0,200})\s{0,8}==\s{0,8}(\d+(?:\.\d+)*)(?=[\s,]|$)/g;

function read(file: CatalogFile): FoundPart | undefined {
  const collector = createCollector();
  if (file.path.endsWith(".freeze")) {
    for (const [index, line] of file.text().split("\n").entries()) {
      for (const found of line.matchAll(frozen)) {
        collector.add({ type: "hackage", name: found[1] ?? "", version: found[2] ?? "", line: index + 1 });
      }
    }
  } else readStack(collector, file.text());
  return collector.part();
}

function readStack(collector: Collector, text: string): void {
  for (const item of listOf(mapOf(parseYaml(text)).get("packages"))) {
    const completed = mapOf(mapOf(item).get("completed"));
    const found = hackage.exec(scalarOf(completed.get("hackage")));
    if (found !== null) {
      collector.add({ type: "hackage", name: found[1] ?? "", version: found[2] ?? "" });
      continue;
    }
    const git = scalarOf(completed.get("git"));
    const name = scalarOf(completed.get("name"));
    if (name === "") continue;
    const address = `git+${publicAddress(git)}@${scalarOf(completed.get("commit"))}`;
    const qualifiers = git === "" ? {} : { vcs_url: address.slice(0, 1024) };
    collector.add({ type: "hackage", name, version: scalarOf(completed.get("version")), qualifiers });
  }
}

export const haskellLocks = defineCataloger<FoundPart>({
  id,
  version: 2,
  wants: { names: ["stack.yaml.lock", "cabal.project.freeze"], bytesMax: 8 * 1024 * 1024 },
  read,
  combine: combineFound(id, "lockfile", "declared"),
});

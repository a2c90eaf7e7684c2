// ruby/gemfile-lock: Gemfile.lock and gems.locked: exact versions, one row for all platforms, gems from git; gems of a path are this project's own.
import type { CatalogFile } from "../../cataloger.ts";
import { defineCataloger } from "../../cataloger.ts";
import type { FoundPart } from "../parts/found.ts";
import { brokenFile, combineFound, createCollector } from "../parts/found.ts";
import { publicAddress } from "../parts/address.ts";

const id = "ruby/gemfile-lock";

const section = /^[A-Z][A-Z ]{1,40}$/;
// Four blanks: a gem that is locked. Six: what it needs, a range.
const spec = /^ {4}([A-Za-z0-9_.-]{1,200}) \(([^()\s]{1,200})\)$/;

function read(file: CatalogFile): FoundPart | undefined {
  const collector = createCollector();
  let current = "";
  let sections = 0;
  let remote = "";
  let revision = "";
  for (const [index, raw] of file.text().split("\n").entries()) {
    const line = raw.trimEnd();
    if (section.test(line)) {
      [current, remote, revision] = [line, "", ""];
      sections += 1;
    } else if (line.startsWith("  remote: ")) remote = line.slice(10);
    else if (line.startsWith("  revision: ")) revision = line.slice(12);
    else if (current === "GEM" || current === "GIT" || current === "PLUGIN SOURCE") {
      const found = spec.exec(line);
      if (found === null) continue;
      // "1.13.9-x86_64-linux": versions have no "-"; one gem for all its platforms.
      const version = (found[2] ?? "").split("-")[0] ?? "";
      const address = `git+${publicAddress(remote)}@${revision}`;
      const qualifiers = current === "GIT" ? { vcs_url: address.slice(0, 1024) } : {};
      collector.add({ type: "gem", name: found[1] ?? "", version, line: index + 1, qualifiers });
    }
  }
  if (sections === 0 && file.bytes.length > 0) throw brokenFile("not a Gemfile.lock");
  return collector.part();
}

export const rubyGemfileLock = defineCataloger<FoundPart>({
  id,
  version: 2,
  wants: { names: ["Gemfile.lock", "gems.locked", "Gemfile.next.lock"], bytesMax: 16 * 1024 * 1024 },
  read,
  combine: combineFound(id, "lockfile", "declared"),
});

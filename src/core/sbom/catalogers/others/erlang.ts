// erlang/hex: mix.lock (Elixir) and rebar.lock (Erlang): packages of Hex with their versions, and what comes from git.
import type { CatalogFile } from "../../cataloger.ts";
import { defineCataloger } from "../../cataloger.ts";
import type { Collector, FoundPart } from "../parts/found.ts";
import { combineFound, createCollector } from "../parts/found.ts";
import { publicAddress } from "../parts/address.ts";

const id = "erlang/hex";
const lineLengthMax = 65_536;

const mixHex = /^\s{0,8}"([^"]{1,200})":\s{0,4}\{:hex,\s{0,4}:"?([A-Za-z0-9_]{1,200})"?,\s{0,4}"([^"]{1,200})"/;
const mixGit = /^\s{0,8}"([^"]{1,200})":\s{0,4}\{:git,\s{0,4}"([^"]{1,800})",\s{0,4}"([^"]{1,200})"/;
const rebarPackage = /\{<<"([^"]{1,200})">>,\s{0,40}\{pkg,\s{0,40}<<"([^"]{1,200})">>,\s{0,40}<<"([^"]{1,200})">>/g;
const rebarGit = /\{<<"([^"]{1,200})">>,\s{0,40}\{git,\s{0,40}"([^"]{1,800})",\s{0,40}\{ref,\s{0,40}"([^"]{1,200})"\}/g;

function read(file: CatalogFile): FoundPart | undefined {
  const collector = createCollector();
  if (file.path.endsWith("mix.lock")) readMix(collector, file.text());
  else readRebar(collector, file.text());
  return collector.part();
}

function addGit(collector: Collector, name: string, url: string, revision: string, line = 0): void {
  const address = `git+${publicAddress(url)}@${revision}`;
  collector.add({ type: "hex", name, version: "", line, qualifiers: { vcs_url: address.slice(0, 1024) } });
}

function readMix(collector: Collector, text: string): void {
  let odd = 0;
  for (const [index, line] of text.split("\n").entries()) {
    if (!line.includes('": {') || line.length > lineLengthMax) continue;
    const hex = mixHex.exec(line);
    const git = hex === null ? mixGit.exec(line) : null;
    if (hex !== null) collector.add({ type: "hex", name: hex[2] ?? "", version: hex[3] ?? "", line: index + 1 });
    else if (git !== null) addGit(collector, git[1] ?? "", git[2] ?? "", git[3] ?? "", index + 1);
    else if (!line.includes("{:path")) odd += 1;
  }
  if (odd > 0) collector.gap({ kind: "file-unreadable", because: "entries that are not understood", count: odd });
}

function readRebar(collector: Collector, text: string): void {
  for (const found of text.matchAll(rebarPackage)) {
    collector.add({ type: "hex", name: found[2] ?? "", version: found[3] ?? "" });
  }
  for (const found of text.matchAll(rebarGit)) addGit(collector, found[1] ?? "", found[2] ?? "", found[3] ?? "");
}

export const erlangHex = defineCataloger<FoundPart>({
  id,
  version: 2,
  wants: { names: ["mix.lock", "rebar.lock"], bytesMax: 4 * 1024 * 1024 },
  read,
  combine: combineFound(id, "lockfile", "declared"),
});

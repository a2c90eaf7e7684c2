// npm/yarn-lock: yarn.lock of Yarn 1 (its own notation) and of Yarn 2 and later (YAML in one regular shape). Read line by line; it does not say what is for development.
import type { CatalogFile } from "../../cataloger.ts";
import { defineCataloger } from "../../cataloger.ts";
import type { Collector, FoundPart } from "../parts/found.ts";
import { brokenFile, combineFound, createCollector } from "../parts/found.ts";
import { isGitReference, isLocalReference, isPlainVersion, splitAtVersion, toNpmFound } from "./names.ts";

const id = "npm/yarn-lock";

interface Block {
  /** The first descriptor: "@s/a@^1.0.0". */
  readonly descriptor: string;
  readonly line: number;
  version: string;
  resolved: string;
  resolution: string;
  linkType: string;
}

function read(file: CatalogFile): FoundPart | undefined {
  const collector = createCollector();
  let block: Block | undefined;
  let number = 0;
  let blocks = 0;
  let odd = 0;
  for (const raw of file.text().split("\n")) {
    number += 1;
    const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    if (line === "" || line.startsWith("#") || line.startsWith(":")) continue;
    if (!line.startsWith(" ")) {
      if (block !== undefined) addBlock(collector, block);
      const descriptor = descriptorOf(line);
      block =
        descriptor === undefined
          ? undefined
          : { descriptor, line: number, version: "", resolved: "", resolution: "", linkType: "" };
      blocks += 1;
      if (descriptor === undefined && !line.startsWith("__metadata")) odd += 1;
    } else if (block !== undefined && line.startsWith("  ") && line[2] !== " ") readField(block, line.slice(2));
  }
  if (block !== undefined) addBlock(collector, block);
  if (odd > 0 && odd === blocks) throw brokenFile("not a yarn.lock");
  if (odd > 0) collector.gap({ kind: "file-unreadable", because: "lines that are no entry", count: odd });
  return collector.part();
}

/** `"a@^1", b@^2:` and `? "a@^1, a@^2"` give the first descriptor. */
function descriptorOf(line: string): string | undefined {
  const text = line.startsWith("? ") ? line.slice(2).trim() : line.trimEnd();
  const keys = text.endsWith(":") ? text.slice(0, -1) : line.startsWith("? ") ? text : undefined;
  if (keys === undefined) return undefined;
  const first = keys.startsWith('"') ? keys.slice(1, keys.indexOf('"', 1)) : (keys.split(",")[0] ?? "");
  // Yarn 2 quotes the whole list: "a@npm:^1, a@npm:^2".
  const one = (first.split(", ")[0] ?? "").trim();
  return one.indexOf("@", 1) > 0 ? one : undefined;
}

/** `version "1.2.3"` and `version: 1.2.3`. */
function readField(block: Block, text: string): void {
  const end = text.indexOf(" ");
  if (end < 0) return;
  const name = text[end - 1] === ":" ? text.slice(0, end - 1) : text.slice(0, end);
  const raw = text.slice(end + 1).trim();
  const value = raw.startsWith('"') && raw.endsWith('"') ? raw.slice(1, -1) : raw;
  if (name === "version") block.version = value;
  else if (name === "resolved") block.resolved = value;
  else if (name === "resolution") block.resolution = value;
  else if (name === "linkType") block.linkType = value;
}

function addBlock(collector: Collector, block: Block): void {
  if (block.resolution !== "") addResolution(collector, block);
  else if (block.version !== "") addClassic(collector, block);
  else if (!block.descriptor.includes("@workspace:")) {
    collector.gap({ kind: "file-unreadable", because: `an entry without a version in line ${block.line}` });
  }
}

function addClassic(collector: Collector, block: Block): void {
  const wanted = splitAtVersion(block.descriptor);
  if (isOwnFolder(wanted.version, block.version)) return;
  const isAlias = wanted.version.startsWith("npm:");
  const name = isAlias ? splitAtVersion(wanted.version.slice(4)).name : wanted.name;
  const resolved = isGitReference(wanted.version) ? wanted.version : block.resolved;
  const isGit = isGitReference(resolved);
  const found = toNpmFound({
    name,
    version: block.version,
    ...(isGit ? { resolved: isGitReference(block.resolved) ? block.resolved : resolved } : {}),
    line: block.line,
  });
  if (found !== undefined) collector.add(found);
}

/** Links, and folders that were never given a version. A vendored package ("file:") keeps its own. */
function isOwnFolder(reference: string, version: string): boolean {
  if (!isLocalReference(reference)) return false;
  return !reference.startsWith("file:") || version === "0.0.0" || version === "0.0.0-use.local";
}

/** "a@npm:1.2.3", "a@workspace:.", "a@patch:a@npm%3A1.2.3#...", "a@https://...#commit=..". */
function addResolution(collector: Collector, block: Block): void {
  const { name, version: reference } = splitAtVersion(block.resolution);
  if (block.linkType === "soft" || isOwnFolder(reference, block.version)) return;
  const isRegistry = reference.startsWith("npm:") || reference.startsWith("patch:") || reference.startsWith("virtual:");
  const fromReference = reference.startsWith("npm:") ? (reference.slice(4).split("::")[0] ?? "") : "";
  const version = isPlainVersion(fromReference) ? fromReference : block.version;
  const found = toNpmFound({
    name,
    version: version === "0.0.0-use.local" ? "" : version,
    ...(isRegistry ? {} : { resolved: reference }),
    line: block.line,
  });
  if (found !== undefined) collector.add(found);
}

export const npmYarnLock = defineCataloger<FoundPart>({
  id,
  version: 2,
  wants: { names: ["yarn.lock"], bytesMax: 64 * 1024 * 1024 },
  read,
  combine: combineFound(id, "lockfile", "declared"),
});

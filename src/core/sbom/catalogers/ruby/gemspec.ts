// ruby/gemspec: an installed gem by specifications/*.gemspec, default gems too. Read as text, never run: name, version and licences as they are written.
import type { CatalogFile } from "../../cataloger.ts";
import { defineCataloger } from "../../cataloger.ts";
import type { FoundPart } from "../parts/found.ts";
import { combineFound, partOf } from "../parts/found.ts";

const id = "ruby/gemspec";
const lineLengthMax = 4096;

const field = /^\s{0,32}[A-Za-z_][A-Za-z0-9_]{0,40}\.(name|version|licenses?|platform)\s{0,8}=\s{0,8}(.{1,2000})$/;
const quoted = /["']([^"'\n]{1,500})["']/;

function read(file: CatalogFile): FoundPart | undefined {
  // Of a gem's own sources only the installed specification counts, not the template beside it.
  const isInstalled = /(?:^|\/)specifications\/(?:default\/)?[^/]+\.gemspec$/.test(file.path);
  let name = "";
  let version = "";
  let platform = "";
  const licenses: string[] = [];
  for (const line of file.text().split("\n")) {
    if (line.length > lineLengthMax || !line.includes("=")) continue;
    const found = field.exec(line);
    if (found === null) continue;
    const value = found[2] ?? "";
    const first = quoted.exec(value)?.[1] ?? "";
    if (found[1] === "name") name ||= first;
    else if (found[1] === "version") version ||= first;
    else if (found[1] === "platform") platform ||= first;
    else for (const match of value.matchAll(/["']([^"'\n]{1,200})["']/g)) licenses.push(match[1] ?? "");
  }
  const fromName = isInstalled ? ofFileName(file.path) : undefined;
  name ||= fromName?.name ?? "";
  version ||= fromName?.version ?? "";
  // A value that Ruby computes ("#{...}", Foo::VERSION) says nothing here.
  if (name === "" || version === "" || name.includes("#{") || version.includes("#{")) return undefined;
  return partOf({ type: "gem", name, version, licenses, ...(platform === "" ? {} : { qualifiers: { platform } }) });
}

/** "nokogiri-1.13.9-x86_64-linux.gemspec" */
function ofFileName(path: string): { name: string; version: string } | undefined {
  const base = path.slice(path.lastIndexOf("/") + 1, -".gemspec".length);
  const found = /^(.{1,200}?)-(\d+(?:\.[0-9A-Za-z]+)*)(?:-[A-Za-z][A-Za-z0-9_-]*)?$/.exec(base);
  return found === null ? undefined : { name: found[1] ?? "", version: found[2] ?? "" };
}

export const rubyGemspec = defineCataloger<FoundPart>({
  id,
  version: 1,
  wants: { suffixes: [".gemspec"], bytesMax: 2 * 1024 * 1024 },
  read,
  combine: combineFound(id, "database", "installed"),
});

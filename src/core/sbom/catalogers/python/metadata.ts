// python/metadata: an installed distribution by *.dist-info/METADATA, *.egg-info (a file, or a folder's PKG-INFO), with the address it came from (direct_url.json)
// and the native modules and programs that its RECORD lists.
import type { CatalogedFile, CatalogFile, Combined } from "../../cataloger.ts";
import { defineCataloger } from "../../cataloger.ts";
import { publicAddress } from "../parts/address.ts";
import type { Found, FoundPart } from "../parts/found.ts";
import { brokenFile, combineFound, partOf } from "../parts/found.ts";
import { parseJsonRecord, recordOf, stringOf } from "../parts/json.ts";
import { normalName } from "./names.ts";

const id = "python/metadata";

/** Of direct_url.json and RECORD: no package, but qualifiers and files of the one in the same folder. */
interface MetadataPart extends FoundPart {
  readonly address?: Readonly<Record<string, string>>;
  readonly files?: readonly string[];
}

const filesMax = 5000;

function read(file: CatalogFile): MetadataPart | undefined {
  const segments = file.path.split("/");
  const base = segments.at(-1) ?? "";
  const folder = (segments.at(-2) ?? "").toLowerCase();
  const isEggFolder = folder.endsWith(".egg-info") || folder === "egg-info";
  const isDistFolder = folder.endsWith(".dist-info") || folder === "dist-info";
  if (base === "direct_url.json") return isDistFolder ? readAddress(file.text()) : undefined;
  if (base === "RECORD") return isDistFolder ? readRecord(file.text(), segments.slice(0, -2)) : undefined;
  if (base === "METADATA" && !isDistFolder) return undefined;
  if (base === "PKG-INFO" && !isEggFolder) return undefined;
  const found = foundOfMetadata(file.text(), base.endsWith(".egg-info") ? base : (segments.at(-2) ?? ""));
  if (found === undefined) throw brokenFile("no name in a Python distribution's metadata");
  return partOf(found);
}

const headersMax = 2000;

/** Headers up to the first empty line. What is missing is taken from the folder's name, "name-1.0-py3.11.egg-info". */
export function foundOfMetadata(text: string, folder: string): Found | undefined {
  let name = "";
  let version = "";
  let license = "";
  let expression = "";
  const classifiers: string[] = [];
  const lines = text.slice(0, 256 * 1024).split("\n");
  for (let index = 0; index < Math.min(lines.length, headersMax); index += 1) {
    const line = (lines[index] ?? "").trimEnd();
    if (line === "") break;
    const colon = line.indexOf(":");
    if (colon <= 0 || line.startsWith(" ") || line.startsWith("\t")) continue;
    const value = line.slice(colon + 1).trim();
    const field = line.slice(0, colon).toLowerCase();
    if (field === "name") name ||= value;
    else if (field === "version") version ||= value;
    else if (field === "license-expression") expression ||= value;
    // A whole licence text goes on in indented lines: then the classifiers say it better.
    else if (field === "license") license ||= /^\s+\S/.test(lines[index + 1] ?? "") ? "" : value;
    else if (field === "classifier" && value.startsWith("License ::")) classifiers.push(value);
  }
  const fallback = /^([^-]+(?:-[^-\d][^-]*)*)-(\d[^-]*?)(?:-py[\d.]+)?(?:-[^-]*)?\.(?:egg|dist)-info$/i.exec(folder);
  name ||= fallback?.[1] ?? "";
  if (name === "") return undefined;
  const licenses = licensesOf(expression, license, classifiers);
  return { type: "pypi", name: normalName(name), version: version || (fallback?.[2] ?? ""), licenses };
}

function licensesOf(expression: string, license: string, classifiers: readonly string[]): string[] {
  if (expression !== "") return [expression];
  if (license !== "" && license !== "UNKNOWN") return [license];
  return classifiers.map((text) => text.split("::").at(-1)?.trim() ?? "").filter((text) => text !== "OSI Approved");
}

function readAddress(text: string): MetadataPart | undefined {
  const direct = parseJsonRecord(text);
  const url = publicAddress(stringOf(direct["url"]));
  const vcs = recordOf(direct["vcs_info"]);
  if (stringOf(vcs["vcs"]) !== "") {
    const commit = stringOf(vcs["commit_id"]);
    const address = `${stringOf(vcs["vcs"])}+${url}${commit === "" ? "" : `@${commit}`}`;
    return { packages: [], address: { vcs_url: address.slice(0, 1024) } };
  }
  return /^https?:/.test(url) ? { packages: [], address: { download_url: url.slice(0, 1024) } } : undefined;
}

/** "numpy/core/x.so,sha256=..,123" and "../../../bin/f2py,,": what a process maps or starts; modules in Python are read and closed again. */
function readRecord(text: string, folder: readonly string[]): MetadataPart | undefined {
  const files: string[] = [];
  for (const line of text.split("\n")) {
    const name = (line.startsWith('"') ? line.slice(1, line.indexOf('"', 1)) : line.split(",", 1)[0]) ?? "";
    if (!/\.(?:so|pyd|abi3)(?:\.[0-9.]+)?$|(?:^|\/)bin\/[^/]+$/.test(name) || name.length > 1000) continue;
    const segments = name.startsWith("/") ? [] : [...folder];
    for (const segment of name.split("/")) {
      if (segment === "..") segments.pop();
      else if (segment !== "" && segment !== ".") segments.push(segment);
    }
    files.push(`/${segments.join("/")}`);
    if (files.length >= filesMax) break;
  }
  return files.length === 0 ? undefined : { packages: [], files };
}

const combinePlain = combineFound(id, "database", "installed");

function combine(parts: readonly CatalogedFile<MetadataPart>[]): Combined {
  const addresses = new Map<string, Readonly<Record<string, string>>>();
  const records = new Map<string, readonly string[]>();
  for (const { path, part } of parts) {
    if (part.address !== undefined) addresses.set(folderOf(path), part.address);
    if (part.files !== undefined) records.set(folderOf(path), part.files);
  }
  const combined = combinePlain(
    parts.map((file) => {
      const qualifiers = addresses.get(folderOf(file.path));
      if (qualifiers === undefined) return file;
      return {
        ...file,
        part: { ...file.part, packages: file.part.packages.map((found) => ({ ...found, qualifiers })) },
      };
    }),
  );
  const files = combined.packages.flatMap(({ evidence }, index) => {
    const paths = records.get(folderOf((evidence[0]?.path ?? "").slice(1)));
    return paths === undefined ? [] : [{ index, paths }];
  });
  return files.length === 0 ? combined : { ...combined, files };
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

export const pythonMetadata = defineCataloger<MetadataPart>({
  id,
  version: 2,
  wants: {
    names: ["METADATA", "PKG-INFO", "direct_url.json", "RECORD"],
    suffixes: [".egg-info"],
    bytesMax: 4 * 1024 * 1024,
  },
  read,
  combine,
});

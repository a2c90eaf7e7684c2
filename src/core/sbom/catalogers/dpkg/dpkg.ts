// Debian's packages: the status file, distroless' status.d, the file lists that say what each package owns, and the licences of their copyright files.
import type { AnalysisGap } from "../../../../model/image-analysis.ts";
import type { Evidence, SoftwarePackage } from "../../../../model/software-package.ts";
import {
  defineCataloger,
  type CatalogedFile,
  type CatalogFile,
  type CatalogTools,
  type CombineContext,
  type Combined,
} from "../../cataloger.ts";
import { vendorField } from "../../vendor.ts";
import { distroQualifier, namespaceOf, refusedRows } from "../distribution.ts";
import { readCopyright } from "./copyright.ts";
import { readDpkgStatus, type DpkgEntry, type DpkgStatus } from "./status.ts";

type DpkgPart =
  | ({ readonly kind: "status" } & DpkgStatus)
  /** Its lines, as they are: cheap to keep, split when they are joined. */
  | { readonly kind: "files"; readonly name: string; readonly text: string }
  | { readonly kind: "licenses"; readonly name: string; readonly licenses: readonly string[] };

/** opkg (OpenWrt) keeps the same files at places of its own. */
const databaseFolders = ["var/lib/dpkg/", "usr/lib/dpkg/", "usr/lib/opkg/", "var/lib/opkg/"];
const statusFiles = databaseFolders.map((folder) => `${folder}status`);
const statusFolders = ["var/lib/dpkg/status.d/", "usr/lib/dpkg/status.d/"];
const infoFolders = databaseFolders.map((folder) => `${folder}info/`);
const documentFolder = "usr/share/doc/";

function readFile(file: CatalogFile, tools: CatalogTools): DpkgPart | undefined {
  const { path } = file;
  if (statusFiles.includes(path)) return { kind: "status", ...readDpkgStatus(file.text()) };
  const infoFolder = infoFolders.find((folder) => path.startsWith(folder));
  if (infoFolder !== undefined && path.endsWith(".list")) {
    return { kind: "files", name: path.slice(infoFolder.length, -5), text: file.text() };
  }
  const statusFolder = statusFolders.find((folder) => path.startsWith(folder));
  if (statusFolder !== undefined) return readStatusFolder(file, path.slice(statusFolder.length));
  if (!path.startsWith(documentFolder) || !path.endsWith("/copyright")) return undefined;
  const licenses = readCopyright(file, tools);
  return licenses.length === 0
    ? undefined
    : { kind: "licenses", name: path.slice(documentFolder.length, -10), licenses };
}

function readStatusFolder(file: CatalogFile, name: string): DpkgPart | undefined {
  if (name.endsWith(".md5sums")) return { kind: "files", name: name.slice(0, -8), text: file.text() };
  if (name.endsWith(".list") || name.endsWith(".conffiles")) return undefined;
  const status = readDpkgStatus(file.text());
  return status.entries.length === 0 && status.refused === 0 ? undefined : { kind: "status", ...status };
}

/** Paths of a .list or .md5sums file; folders that only lead to the next line are left out: every package has those. */
export function ownedPaths(text: string, isMd5sums: boolean): string[] {
  const paths: string[] = [];
  for (const line of text.split("\n")) {
    const path = isMd5sums ? `/${line.slice(34).replace(/^\.?\//, "")}` : line.trimEnd();
    if (path.length < 2 || path.length > 8192 || path[0] !== "/" || path === "/.") continue;
    const last = paths.at(-1);
    if (last !== undefined && path.startsWith(last) && path[last.length] === "/") paths.pop();
    paths.push(path);
  }
  return paths;
}

function packageOf(
  entry: DpkgEntry,
  licenses: readonly string[],
  evidence: Evidence,
  context: CombineContext,
): SoftwarePackage {
  return {
    type: evidence.path.includes("/opkg/") ? "opkg" : "deb",
    namespace: namespaceOf(context.operatingSystem),
    name: entry.name,
    version: entry.version,
    architecture: entry.architecture,
    ...(entry.source === "" ? {} : { source: { name: entry.source, version: entry.sourceVersion } }),
    module: "",
    licenses: [...licenses],
    cpes: [],
    qualifiers: distroQualifier(context.operatingSystem),
    scope: "installed",
    ownedBy: "",
    ...vendorField(entry.vendor),
    cataloger: "deb/dpkg",
    evidence: [evidence],
  };
}

interface Joined {
  readonly lists: Map<string, { readonly text: string; readonly isMd5sums: boolean }>;
  readonly licenses: Map<string, readonly string[]>;
  readonly statuses: readonly CatalogedFile<DpkgStatus>[];
}

function sortParts(files: readonly CatalogedFile<DpkgPart>[]): Joined {
  const lists: Joined["lists"] = new Map();
  const licenses: Joined["licenses"] = new Map();
  const statuses: CatalogedFile<DpkgStatus>[] = [];
  for (const { path, layer, part } of files) {
    if (part.kind === "status") statuses.push({ path, layer, part });
    else if (part.kind === "licenses") licenses.set(part.name, part.licenses);
    else
      lists.set(statusFolders.some((folder) => path.startsWith(folder)) ? path.slice(0, -8) : part.name, {
        text: part.text,
        isMd5sums: path.endsWith(".md5sums"),
      });
  }
  return { lists, licenses, statuses };
}

function combine(files: readonly CatalogedFile<DpkgPart>[], context: CombineContext): Combined {
  const { lists, licenses, statuses } = sortParts(files);
  const packages: SoftwarePackage[] = [];
  const owned: { index: number; paths: string[] }[] = [];
  const gaps: AnalysisGap[] = [];
  for (const { path, layer, part } of statuses) {
    gaps.push(...refusedRows(part.refused, `/${path}`, layer, "paragraphs without a readable name and version"));
    if (part.isCut)
      gaps.push({
        kind: "limit-reached",
        layer,
        subject: `/${path}`,
        because: "more packages than are read",
        count: 1,
      });
    for (const entry of part.entries) {
      const list = lists.get(path) ?? lists.get(`${entry.name}:${entry.architecture}`) ?? lists.get(entry.name);
      if (list !== undefined) owned.push({ index: packages.length, paths: ownedPaths(list.text, list.isMd5sums) });
      const evidence: Evidence = { path: `/${path}`, layer, line: 0, kind: "database" };
      packages.push(packageOf(entry, licenses.get(entry.name) ?? [], evidence, context));
    }
  }
  return { packages, owned, gaps };
}

export const dpkgCataloger = defineCataloger<DpkgPart>({
  id: "deb/dpkg",
  version: 2,
  wants: {
    paths: statusFiles,
    folders: statusFolders,
    suffixes: [".list"],
    names: ["copyright"],
    bytesMax: 64 * 1024 * 1024,
  },
  read: readFile,
  combine,
});

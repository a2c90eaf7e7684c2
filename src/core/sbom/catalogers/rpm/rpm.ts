// rpm's packages: the database at its three places in its three formats, and the text manifest of distroless Mariner images. What was read before a break is kept, with a gap.
import { Fault } from "../../../../base/fault.ts";
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
import {
  boundedLicenses,
  distroQualifier,
  isPlainName,
  isPlainVersion,
  namespaceOf,
  packagesMax,
  refusedRows,
} from "../distribution.ts";
import { rpmHeaders } from "./databases.ts";
import { readRpmHeader, type RpmEntry } from "./header.ts";

interface RpmPart {
  readonly entries: readonly RpmEntry[];
  /** Headers that could not be read, or have no usable name and version. */
  readonly refused: number;
  /** Why reading ended early; "" when it did not. */
  readonly problem: string;
}

const folders = ["var/lib/rpm/", "usr/lib/sysimage/rpm/", "usr/share/rpm/"];
const databaseNames = ["rpmdb.sqlite", "Packages.db", "Packages"];
const logName = "rpmdb.sqlite-wal";
const manifest = "var/lib/rpmmanifest/container-manifest-2";
const paths = [...folders.flatMap((folder) => [...databaseNames, logName].map((name) => folder + name)), manifest];

/** Keys of repositories are kept as packages; they are none. */
const notPackages = new Set(["gpg-pubkey"]);

function isUsable(entry: RpmEntry): boolean {
  return (
    isPlainName(entry.name) && isPlainVersion(entry.version) && (entry.release === "" || isPlainVersion(entry.release))
  );
}

function readDatabase(bytes: Uint8Array, tools: CatalogTools): RpmPart {
  const entries: RpmEntry[] = [];
  let refused = 0;
  try {
    for (const blob of rpmHeaders(bytes)) {
      if (entries.length + refused >= packagesMax) return { entries, refused, problem: "more packages than are read" };
      const entry = readHeader(blob, tools);
      if (entry === undefined || !isUsable(entry)) refused += 1;
      else if (!notPackages.has(entry.name)) entries.push(entry);
    }
  } catch (error) {
    // With nothing read, the file is just broken; else what is there goes on beside the gap.
    if (!(error instanceof Fault) || entries.length === 0) throw error;
    return { entries, refused, problem: error.message };
  }
  return { entries, refused, problem: "" };
}

/** A broken header is one refused row: those after it are read. */
function readHeader(blob: Uint8Array, tools: CatalogTools): RpmEntry | undefined {
  try {
    return readRpmHeader(blob, tools);
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

/** name, version-release, install time, build time, vendor, epoch, size, architecture, epoch number, source rpm; tabs between. */
export function readRpmManifest(text: string): RpmPart {
  const entries: RpmEntry[] = [];
  let refused = 0;
  for (const line of text.split("\n", packagesMax)) {
    if (line.trim() === "") continue;
    const columns = line.split("\t").map((column) => (column === "(none)" ? "" : column.trim()));
    const [name = "", versionRelease = "", , , vendor = "", epoch = "", , architecture = "", , sourceRpm = ""] =
      columns;
    const dash = versionRelease.lastIndexOf("-");
    const entry: RpmEntry = {
      name,
      epoch: /^\d{1,9}$/.test(epoch) ? Number(epoch) : 0,
      version: dash === -1 ? versionRelease : versionRelease.slice(0, dash),
      release: dash === -1 ? "" : versionRelease.slice(dash + 1),
      architecture,
      sourceRpm,
      vendor,
      license: "",
      modularity: "",
      paths: "",
    };
    if (isUsable(entry)) entries.push(entry);
    else refused += 1;
  }
  return { entries, refused, problem: "" };
}

function readFile(file: CatalogFile, tools: CatalogTools): RpmPart | undefined {
  if (file.path === manifest) return readRpmManifest(file.text());
  if (file.bytes.length === 0) return undefined;
  if (file.path.endsWith(logName)) {
    return { entries: [], refused: 0, problem: "rows that are only in the database's write-ahead log were not read" };
  }
  return readDatabase(file.bytes, tools);
}

/** "1:2.3-4", without an epoch of 0. */
export function rpmVersion(entry: Pick<RpmEntry, "epoch" | "version" | "release">): string {
  const version = entry.release === "" ? entry.version : `${entry.version}-${entry.release}`;
  return entry.epoch === 0 ? version : `${entry.epoch}:${version}`;
}

/** Name, version and release of "bash-5.1.8-9.el9.src.rpm"; undefined when it is not such a name. */
export function readSourceRpm(file: string): { name: string; version: string; release: string } | undefined {
  const match = /^(.{1,200})-([^-]{1,200})-([^-]{1,200})\.(?:no)?src\.rpm$/.exec(file);
  const [, name = "", version = "", release = ""] = match ?? [];
  return match !== null && isPlainName(name) && isPlainVersion(version) && isPlainVersion(release)
    ? { name, version, release }
    : undefined;
}

/**
 * Epochs of sources by their file's name, which has none: a package of the source's own version and release says it. A subpackage with a version of its own
 * (perl-Errno 1.28 of perl 4:5.26.3) has an epoch of its own, too.
 */
function sourceEpochs(entries: readonly RpmEntry[]): ReadonlyMap<string, number> {
  const epochs = new Map<string, number>();
  for (const { sourceRpm, epoch, version, release } of entries) {
    if (epochs.has(sourceRpm) || !sourceRpm.endsWith(`-${version}-${release}.src.rpm`)) continue;
    epochs.set(sourceRpm, epoch);
  }
  return epochs;
}

/** Without an epoch where nothing in the image says which it is. */
function sourceOf(entry: RpmEntry, epochs: ReadonlyMap<string, number>): SoftwarePackage["source"] {
  const source = readSourceRpm(entry.sourceRpm);
  if (source === undefined) return undefined;
  const version = rpmVersion({ ...source, epoch: epochs.get(entry.sourceRpm) ?? 0 });
  return source.name === entry.name && version === rpmVersion(entry) ? undefined : { name: source.name, version };
}

/** "nodejs:18" of "nodejs:18:9020020230327152102:rhel9". */
function moduleOf(label: string): string {
  const [name = "", stream = ""] = label.split(":");
  return isPlainName(name) && isPlainName(stream) ? `${name}:${stream}`.slice(0, 256) : "";
}

function packageOf(
  entry: RpmEntry,
  evidence: Evidence,
  { operatingSystem, epochs }: CombineContext & { readonly epochs: ReadonlyMap<string, number> },
): SoftwarePackage {
  const source = sourceOf(entry, epochs);
  return {
    type: "rpm",
    namespace: namespaceOf(operatingSystem),
    name: entry.name,
    version: rpmVersion(entry),
    architecture: isPlainName(entry.architecture) ? entry.architecture.slice(0, 64) : "",
    ...(source === undefined ? {} : { source }),
    module: moduleOf(entry.modularity),
    licenses: boundedLicenses([entry.license]),
    cpes: [],
    qualifiers: distroQualifier(operatingSystem),
    scope: "installed",
    ownedBy: "",
    ...vendorField(entry.vendor),
    cataloger: "rpm/database",
    evidence: [evidence],
  };
}

/** A conversion to another format may leave the old database behind, whose rows are not true any more: only the newest format that has rows counts. */
function currentDatabases(files: readonly CatalogedFile<RpmPart>[]): readonly CatalogedFile<RpmPart>[] {
  const named = (name: string): boolean =>
    files.some(({ path, part }) => path.endsWith(`/${name}`) && part.entries.length > 0);
  const current = databaseNames.find(named);
  if (current === undefined) return files;
  return files.filter(({ path }) => !databaseNames.some((name) => name !== current && path.endsWith(`/${name}`)));
}

function combine(files: readonly CatalogedFile<RpmPart>[], context: CombineContext): Combined {
  const packages: SoftwarePackage[] = [];
  const owned: { index: number; paths: readonly string[] }[] = [];
  const gaps: AnalysisGap[] = [];
  const seen = new Set<string>();
  for (const { path, layer, part } of currentDatabases(files)) {
    gaps.push(...refusedRows(part.refused, `/${path}`, layer, "packages whose header is broken"));
    if (part.problem !== "")
      gaps.push({ kind: "database-unreadable", layer, subject: `/${path}`, because: part.problem, count: 1 });
    const known = { ...context, epochs: sourceEpochs(part.entries) };
    for (const entry of part.entries) {
      // One folder is often a link to another, or a copy of it.
      const key = `${entry.name} ${rpmVersion(entry)} ${entry.architecture}`;
      if (seen.has(key)) continue;
      seen.add(key);
      if (entry.paths !== "") owned.push({ index: packages.length, paths: entry.paths.split("\n") });
      packages.push(packageOf(entry, { path: `/${path}`, layer, line: 0, kind: "database" }, known));
    }
  }
  return { packages, owned, gaps };
}

export const rpmCataloger = defineCataloger<RpmPart>({
  id: "rpm/database",
  version: 1,
  wants: { paths, bytesMax: 128 * 1024 * 1024 },
  read: readFile,
  combine,
});

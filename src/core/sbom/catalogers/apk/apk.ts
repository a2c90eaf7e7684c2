// Packages of Alpine, Wolfi and Chainguard: the "installed" database at its old and its new place, with origins, licences and the files each package owns.
import type { Evidence, SoftwarePackage } from "../../../../model/software-package.ts";
import { defineCataloger, type CatalogedFile, type CombineContext, type Combined } from "../../cataloger.ts";
import {
  boundedLicenses,
  distroQualifier,
  isPlainName,
  isPlainVersion,
  namespaceOf,
  packagesMax,
  refusedRows,
} from "../distribution.ts";

interface ApkEntry {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly origin: string;
  readonly license: string;
  /** Absolute, one a line: cheap to keep. */
  readonly paths: string;
}

interface ApkPart {
  readonly entries: readonly ApkEntry[];
  readonly refused: number;
}

const pathLengthMax = 8192;
/** Characters of all paths of a database: a long folder of many short names is more than the file itself. */
const pathsLengthMax = 128 * 1024 * 1024;

const databases = ["lib/apk/db/installed", "usr/lib/apk/db/installed"];

interface OpenEntry {
  fields: Map<string, string>;
  folder: string;
  paths: string[];
}

function entryOf({ fields, paths }: OpenEntry): ApkEntry | undefined {
  const name = fields.get("P") ?? "";
  const version = fields.get("V") ?? "";
  if (!isPlainName(name) || !isPlainVersion(version)) return undefined;
  const origin = fields.get("o") ?? "";
  const architecture = fields.get("A") ?? "";
  return {
    name,
    version,
    architecture: isPlainName(architecture) ? architecture.slice(0, 64) : "",
    origin: isPlainName(origin) ? origin : "",
    license: fields.get("L") ?? "",
    paths: paths.join("\n"),
  };
}

/** Reads the whole database: "X:value" lines, a blank line ends a package, F: opens a folder, R: names a file in it. Case counts. */
export function readApkDatabase(text: string): ApkPart {
  const entries: ApkEntry[] = [];
  let refused = 0;
  let lengthLeft = pathsLengthMax;
  let open: OpenEntry = { fields: new Map(), folder: "", paths: [] };
  const finish = (): void => {
    if (open.fields.size === 0) return;
    const entry = entryOf(open);
    if (entry === undefined) refused += 1;
    else entries.push(entry);
    open = { fields: new Map(), folder: "", paths: [] };
  };
  for (let start = 0; start < text.length && entries.length < packagesMax;) {
    let end = text.indexOf("\n", start);
    if (end === -1) end = text.length;
    const letter = text[start] ?? "";
    if (end === start || (end === start + 1 && letter === "\r")) finish();
    else if (text[start + 1] === ":") {
      const length = open.folder.length + end - start - 1;
      if (letter === "R" && length <= pathLengthMax && lengthLeft >= length) {
        lengthLeft -= length;
        open.paths.push(`/${open.folder}${text.slice(start + 2, end)}`);
      } else if (letter === "F") open.folder = end > start + 2 ? `${text.slice(start + 2, end)}/` : "";
      else if ("PVAoL".includes(letter)) open.fields.set(letter, text.slice(start + 2, end).trim());
    }
    start = end + 1;
  }
  finish();
  return { entries, refused };
}

function packageOf(entry: ApkEntry, evidence: Evidence, context: CombineContext): SoftwarePackage {
  const hasOrigin = entry.origin !== "" && entry.origin !== entry.name;
  return {
    type: "apk",
    namespace: namespaceOf(context.operatingSystem),
    name: entry.name,
    version: entry.version,
    architecture: entry.architecture,
    ...(hasOrigin ? { source: { name: entry.origin, version: entry.version } } : {}),
    module: "",
    licenses: boundedLicenses([entry.license]),
    cpes: [],
    qualifiers: distroQualifier(context.operatingSystem),
    scope: "installed",
    ownedBy: "",
    cataloger: "apk/installed",
    evidence: [evidence],
  };
}

function combine(files: readonly CatalogedFile<ApkPart>[], context: CombineContext): Combined {
  const packages: SoftwarePackage[] = [];
  const owned: { index: number; paths: readonly string[] }[] = [];
  const seen = new Set<string>();
  const gaps = files.flatMap(({ path, layer, part }) =>
    refusedRows(part.refused, `/${path}`, layer, "packages without a readable name and version"),
  );
  for (const { path, layer, part } of files) {
    for (const entry of part.entries) {
      // Both places hold the same rows while an image moves from the old one to the new.
      const key = `${entry.name} ${entry.version} ${entry.architecture}`;
      if (seen.has(key)) continue;
      seen.add(key);
      if (entry.paths !== "") owned.push({ index: packages.length, paths: entry.paths.split("\n") });
      packages.push(packageOf(entry, { path: `/${path}`, layer, line: 0, kind: "database" }, context));
    }
  }
  return { packages, owned, gaps };
}

export const apkCataloger = defineCataloger<ApkPart>({
  id: "apk/installed",
  version: 1,
  wants: { paths: databases, bytesMax: 64 * 1024 * 1024 },
  read: (file) => readApkDatabase(file.text()),
  combine,
});

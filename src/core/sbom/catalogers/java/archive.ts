// java/archive: what a jar, war, ear and their kin hold: Maven's pom.properties and pom.xml (several in a shaded jar), else the manifest and the file's name;
// archives in archives to a bounded depth, all bytes counted. Encrypted, cut off and too large entries are gaps.
import { Fault } from "../../../../base/fault.ts";
import type { CatalogFile, CatalogTools } from "../../cataloger.ts";
import { defineCataloger } from "../../cataloger.ts";
import type { Collector, FoundPart } from "../parts/found.ts";
import { combineFound, createCollector, isPrintable } from "../parts/found.ts";
import type { ZipEntry } from "../parts/zip.ts";
import { readZip, readZipEntry } from "../parts/zip.ts";
import type { FileName, Manifest } from "./manifest.ts";
import { groupOf, nameOf, readArchiveName, readManifest, stemOf, versionOf } from "./manifest.ts";
import type { Coordinates } from "./pom.ts";
import { readPom, readPomProperties } from "./pom.ts";

const id = "java/archive";

export const archiveLimits = {
  bytesMax: 256 * 1024 * 1024,
  /** Archives in archives, as imageLimits.archiveDepthMax. */
  depthMax: 5,
  /** One archive in another, inflated. */
  nestedBytesMax: 128 * 1024 * 1024,
  /** All that one file inflates to. */
  inflatedBytesMax: 512 * 1024 * 1024,
  nestedArchivesMax: 5000,
  pomsMax: 2000,
  metadataBytesMax: 2 * 1024 * 1024,
  /** Digests are for looking up libraries; what is larger is a program of many. */
  digestBytesMax: 8 * 1024 * 1024,
} as const;

const suffixes = [".jar", ".war", ".ear", ".par", ".sar", ".kar", ".nar", ".jpi", ".hpi", ".rar", ".lpkg"];
const nestedName = /\.(?:jar|war|ear|par|sar|kar|nar|jpi|hpi|lpkg)$/i;
const pomName = /(?:^|\/)META-INF\/maven\/[^/]+\/[^/]+\/pom\.(?:properties|xml)$/;
const rootManifest = /^META-INF\/MANIFEST\.MF$/i;

interface Budget {
  inflatedBytes: number;
  archives: number;
}

interface Archive {
  readonly bytes: Uint8Array;
  /** Its file's name, as it is or in the archive around it. */
  readonly name: string;
  /** "" for the file itself, else "!/BOOT-INF/lib/a.jar". */
  readonly inside: string;
  readonly depth: number;
}

interface Scan {
  readonly collector: Collector;
  readonly tools: CatalogTools;
  readonly budget: Budget;
}

function read(file: CatalogFile, tools: CatalogTools): FoundPart | undefined {
  // Other things are called .rar, .par and .nar, too.
  const isZip = file.bytes[0] === 0x50 || /\.(?:jar|war|ear|hpi|jpi)$/.test(file.path);
  if (!isZip) return undefined;
  const collector = createCollector();
  const budget: Budget = { inflatedBytes: 0, archives: 0 };
  readArchive({ bytes: file.bytes, name: file.path, inside: "", depth: 0 }, { collector, tools, budget });
  return collector.part();
}

/** Ends of names that are of use, compared in bytes: most entries are classes, and those are not decoded. */
function isOfUse(bytes: Uint8Array, from: number, to: number): boolean {
  const last = bytes[to - 1];
  if (last === 0x73) return bytes[to - 2] !== 0x73 && to - from > 14; // ".properties", and not ".class"
  if (last === 0x6c) return bytes[to - 2] === 0x6d && bytes[to - 4] === 0x2e && to - from > 16; // ".xml"
  if (last === 0x46 || last === 0x66) return to - from === 20; // META-INF/MANIFEST.MF
  return bytes[to - 4] === 0x2e || bytes[to - 5] === 0x2e;
}

function readArchive(archive: Archive, scan: Scan): void {
  const { bytes, inside } = archive;
  const directory = readZip(bytes, scan.tools, (from, to) => isOfUse(bytes, from, to));
  if (directory.isCut)
    scan.collector.gap({ kind: "file-unreadable", because: "the archive's directory is cut off", inside });
  if (directory.overlapping > 0) {
    const because = "entries that lie in the bytes of others, as in a bomb, are not read";
    scan.collector.gap({ kind: "file-unreadable", because, count: directory.overlapping, inside });
  }
  const nested: ZipEntry[] = [];
  const poms: ZipEntry[] = [];
  let manifestEntry: ZipEntry | undefined;
  for (const entry of directory.entries) {
    if (rootManifest.test(entry.name)) manifestEntry = entry;
    else if (pomName.test(entry.name)) poms.push(entry);
    else if (nestedName.test(entry.name)) nested.push(entry);
  }
  const text = manifestEntry === undefined ? undefined : readText(archive, manifestEntry, scan);
  const manifest: Manifest = text === undefined ? new Map() : readManifest(text);
  const packaged = readPoms(archive, poms, scan);
  addOwn(archive, manifest, packaged, { ...scan, isBare: manifestEntry === undefined, hasPoms: packaged.length > 0 });
  for (const entry of nested) readNested(archive, entry, scan);
}

function inflate(archive: Archive, entry: ZipEntry, bytesMax: number, scan: Scan): Uint8Array {
  const left = Math.min(bytesMax, archiveLimits.inflatedBytesMax - scan.budget.inflatedBytes);
  const content = readZipEntry(archive.bytes, entry, left, scan.tools);
  if (entry.method !== 0) scan.budget.inflatedBytes += content.length;
  return content;
}

function insideOf(archive: Archive, entry: ZipEntry): string {
  const name = isPrintable(entry.name, 1000) ? entry.name : "(a name with control characters)";
  return `${archive.inside}!/${name}`;
}

function gapOf(archive: Archive, entry: ZipEntry, error: unknown, scan: Scan): void {
  const isLarge = error instanceof Fault && error.kind === "too-large";
  const because = error instanceof Fault ? error.message : "an entry of a zip archive cannot be read";
  scan.collector.gap({
    kind: isLarge ? "file-too-large" : "file-unreadable",
    because,
    inside: insideOf(archive, entry),
  });
}

function readText(archive: Archive, entry: ZipEntry, scan: Scan): string | undefined {
  try {
    return scan.tools.utf8(inflate(archive, entry, archiveLimits.metadataBytesMax, scan));
  } catch (error) {
    gapOf(archive, entry, error, scan);
    return undefined;
  }
}

interface PackagedPom extends Coordinates {
  readonly licenses: readonly string[];
}

/** One a folder: pom.properties says what was built; pom.xml fills in. */
function readPoms(archive: Archive, entries: readonly ZipEntry[], scan: Scan): readonly PackagedPom[] {
  const byFolder = new Map<string, PackagedPom>();
  const propertiesFirst = entries.toSorted(
    (left, right) => Number(left.name.endsWith(".xml")) - Number(right.name.endsWith(".xml")),
  );
  if (entries.length > archiveLimits.pomsMax) {
    const because = `more than ${archiveLimits.pomsMax} Maven files in an archive`;
    const count = entries.length - archiveLimits.pomsMax;
    scan.collector.gap({ kind: "limit-reached", because, count, inside: archive.inside });
  }
  // pom.xml is only read when it can be of use: XML costs more than all the rest.
  for (const entry of propertiesFirst.slice(0, archiveLimits.pomsMax)) {
    const folder = entry.name.slice(0, entry.name.lastIndexOf("/"));
    const known = byFolder.get(folder);
    const isXml = entry.name.endsWith(".xml");
    if (isXml && known !== undefined && known.version !== "" && entries.length > 2) continue;
    const text = readText(archive, entry, scan);
    if (text === undefined) continue;
    if (!isXml) byFolder.set(folder, { ...readPomProperties(text), licenses: [] });
    else {
      try {
        byFolder.set(folder, merged(known, readPom(text)));
      } catch (error) {
        // Maven's properties beside it say enough.
        if (known === undefined || known.version === "") gapOf(archive, entry, error, scan);
      }
    }
  }
  return [...byFolder.entries()].map(([folder, pom]) => withFolder(folder, pom)).filter((pom) => pom.artifact !== "");
}

function merged(known: PackagedPom | undefined, pom: PackagedPom): PackagedPom {
  if (known === undefined) return pom;
  return {
    group: known.group || pom.group,
    artifact: known.artifact || pom.artifact,
    version: known.version || pom.version,
    licenses: pom.licenses,
  };
}

/** META-INF/maven/<group>/<artifact> says both, too. */
function withFolder(folder: string, pom: PackagedPom): PackagedPom {
  const segments = folder.split("/");
  return { ...pom, group: pom.group || (segments.at(-2) ?? ""), artifact: pom.artifact || (segments.at(-1) ?? "") };
}

function addOwn(
  archive: Archive,
  manifest: Manifest,
  poms: readonly PackagedPom[],
  scan: Scan & { isBare: boolean; hasPoms: boolean },
): void {
  const fileName = readArchiveName(archive.name);
  const { inside } = archive;
  for (const pom of poms) {
    const isOwn = isPomOf(pom, fileName) || pom.artifact === stemOf(archive.name);
    const version = pom.version || (isOwn ? versionOf(manifest, fileName) : "");
    // Of shaded jars: a pom without a version is not this archive's, and no file says which it is.
    scan.collector.add({
      type: "maven",
      namespace: pom.group,
      name: pom.artifact,
      version,
      licenses: pom.licenses,
      inside,
    });
  }
  if (poms.some((pom) => isPomOf(pom, fileName) || pom.artifact === stemOf(archive.name))) return;
  const [only] = poms;
  const isOnly = poms.length === 1 && only !== undefined && only.version !== "";
  // A file may be named after the package's symbolic name, and its version is that of its one pom.
  if (isOnly && fileName.version.startsWith(only.version)) return;
  // One pom and nothing in the file's name that contradicts: app.jar is what its pom says.
  if (poms.length === 1 && fileName.version === "") return;
  addByManifest(archive, manifest, fileName, scan);
}

/** The archive's own pom: the file is named after it, or it after the file (classifiers: "name-1.0-jdk8.jar"). */
function isPomOf(pom: Coordinates, fileName: FileName): boolean {
  if (pom.artifact === fileName.name) return true;
  if (pom.version === "" || fileName.version === "") return false;
  return (
    fileName.version.startsWith(pom.version) &&
    (pom.artifact.endsWith(fileName.name) || fileName.name.endsWith(pom.artifact))
  );
}

function addByManifest(
  archive: Archive,
  manifest: Manifest,
  fileName: FileName,
  scan: Scan & { isBare: boolean; hasPoms: boolean },
): void {
  const version = versionOf(manifest, fileName);
  // No manifest, and a name without a version: nothing says that this is anybody's library.
  if (scan.isBare && version === "") return;
  const name =
    manifest.get("short-name") !== undefined && manifest.has("plugin-version")
      ? (manifest.get("short-name") ?? "")
      : nameOf(manifest, fileName);
  if (name === "") return;
  const group = groupOf(manifest, name);
  // Maven's files say what is in it, and nothing says what it is itself.
  if (scan.hasPoms && group === "") return;
  const license = manifest.get("bundle-license") ?? "";
  const isDigested = group === "" && archive.bytes.length <= archiveLimits.digestBytesMax;
  scan.collector.add({
    type: "maven",
    namespace: group,
    name,
    version,
    licenses: license === "" ? [] : [license.split(";")[0] ?? ""],
    // What it really is can be looked up by its digest in an index of the user's own.
    ...(isDigested ? { qualifiers: { checksum: `sha1:${scan.tools.sha1(archive.bytes)}` } } : {}),
    inside: archive.inside,
  });
}

function readNested(archive: Archive, entry: ZipEntry, scan: Scan): void {
  const { collector, budget } = scan;
  const inside = insideOf(archive, entry);
  if (archive.depth + 1 > archiveLimits.depthMax) {
    collector.gap({ kind: "limit-reached", because: `archives nested over ${archiveLimits.depthMax} deep`, inside });
    return;
  }
  budget.archives += 1;
  if (budget.archives > archiveLimits.nestedArchivesMax) {
    if (budget.archives > archiveLimits.nestedArchivesMax + 1) return;
    const because = `more than ${archiveLimits.nestedArchivesMax} archives in one file`;
    collector.gap({ kind: "limit-reached", because, inside });
    return;
  }
  try {
    const bytes = inflate(archive, entry, archiveLimits.nestedBytesMax, scan);
    readArchive({ bytes, name: entry.name, inside, depth: archive.depth + 1 }, scan);
  } catch (error) {
    gapOf(archive, entry, error, scan);
  }
}

export const javaArchive = defineCataloger<FoundPart>({
  id,
  version: 2,
  wants: { suffixes, bytesMax: archiveLimits.bytesMax },
  read,
  combine: combineFound(id, "archive", "installed"),
});

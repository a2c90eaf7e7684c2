// Records out of the changelogs of a Debian archive's security and updates pockets, for sites that have nothing but a mirror. It finds what was fixed, not what is still open.
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { Fault, toFault } from "../../../base/fault.ts";
import { compareVersions } from "../../../core/vuln/versions/compare.ts";
import { debianEcosystem } from "../ecosystems.ts";
import type { ImportSink } from "../importers/importer.ts";
import { recordWith, until } from "../importers/record.ts";
import { changelogEntries, fixesOf } from "./changelog.ts";
import { packagesIn, smallestFirst, type BinaryPackage } from "./packages-file.ts";
import { archivePlace, type ArchivePlace, type PlaceOptions } from "./place.ts";
import { changelogsOf } from "./read-deb.ts";

export const changelogFeed = "debian-changelog";
/** Files of one source version that are tried: the smallest may link its changelog to another package. */
const triesMax = 4;

export interface MirrorOptions extends Omit<PlaceOptions, "note"> {
  /** Folders, addresses, or "apt". */
  readonly mirrors: readonly string[];
  readonly release: string;
  readonly sink: ImportSink;
  readonly onProgress?: (line: string) => void;
  /** Only these source packages; all when absent. */
  readonly only?: ReadonlySet<string>;
}

export interface MirrorResult {
  readonly sources: number;
  readonly records: number;
  readonly notes: readonly string[];
}

/** Throws when no pocket of the release is found; a package that cannot be read is counted and named. */
export async function readDebianMirror(options: MirrorOptions): Promise<MirrorResult> {
  const { release, sink } = options;
  const ecosystem = debianEcosystem(release);
  if (ecosystem === undefined) throw unknownRelease(release);
  const notes: string[] = [];
  const pockets = await pocketsOf(options, (line) => notes.push(line));
  const folder = await mkdtemp(path.join(os.tmpdir(), "garrison-changelogs-"));
  let [sources, records] = [0, 0];
  try {
    for (const { place, packages } of pockets.changed) {
      const bySource = smallestFirst(packages);
      for (const [key, files] of bySource) {
        options.signal.throwIfAborted();
        const source = files[0]?.source ?? "";
        if (options.only !== undefined && !options.only.has(source)) continue;
        sources += 1;
        options.onProgress?.(`${sources} of ${bySource.size} source versions read: ${key}`);
        records += await readSource({
          place,
          files,
          folder,
          source,
          ecosystem,
          above: pockets.base.get(source) ?? "",
          sink,
          signal: options.signal,
        });
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return { sources, records, notes };
}

interface Pockets {
  /** The release's own version of each source: what stands in entries up to it is in every image. */
  readonly base: ReadonlyMap<string, string>;
  readonly changed: readonly { readonly place: ArchivePlace; readonly packages: readonly BinaryPackage[] }[];
}

async function pocketsOf(options: MirrorOptions, note: (line: string) => void): Promise<Pockets> {
  const { release } = options;
  const base = new Map<string, string>();
  const changed: { place: ArchivePlace; packages: BinaryPackage[] }[] = [];
  for (const where of options.mirrors) {
    const place = archivePlace(where, { ...options, note });
    const own = await place.packages(release);
    for (const one of packagesIn(own ?? "")) base.set(one.source, one.sourceVersion);
    for (const suite of [`${release}-security`, `${release}-updates`, `${release}-proposed-updates`]) {
      const text = suite.endsWith("-proposed-updates") ? undefined : await place.packages(suite);
      if (text !== undefined) changed.push({ place, packages: [...packagesIn(text)] });
    }
  }
  if (changed.length === 0) {
    throw new Fault(`no security or updates pocket of ${release} is in ${options.mirrors.join(", ")}`, {
      code: "advisories/no-pocket",
      kind: "not-found",
      hint: "name the folder or address that has dists/ in it, of the security archive, too",
    });
  }
  if (base.size === 0)
    note(`the packages of ${release} itself are not in the archives: all entries of changelogs were read`);
  return { base, changed };
}

interface SourceJob {
  readonly place: ArchivePlace;
  readonly files: readonly BinaryPackage[];
  readonly folder: string;
  readonly source: string;
  readonly ecosystem: string;
  readonly above: string;
  readonly sink: ImportSink;
  readonly signal: AbortSignal;
}

/** Records given. The smallest file first; one that links its documentation to another package leads to that one. */
async function readSource(job: SourceJob): Promise<number> {
  const { sink, source } = job;
  const queue = job.files.slice(0, triesMax);
  let why = "none of its packages holds a changelog";
  for (let tries = 0; tries < triesMax * 2; tries += 1) {
    const one = queue.shift();
    if (one === undefined) break;
    const scratch = await mkdtemp(path.join(job.folder, "deb-"));
    try {
      const { texts, linksTo } = await changelogsOf(await job.place.fetch(one, scratch), job.signal);
      if (texts[0] !== undefined) return take(job, one, texts[0]);
      const next = job.files.find(({ name }) => name === linksTo);
      if (next !== undefined) queue.unshift(next);
    } catch (thrown) {
      job.signal.throwIfAborted();
      why = toFault(thrown).message;
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }
  sink.refused(changelogFeed, source, why);
  return 0;
}

function take({ sink, source, ecosystem, above }: SourceJob, one: BinaryPackage, text: string): number {
  const entries = changelogEntries(text).filter((entry) => entry.source === source);
  // What is not newer than the release's own version is in every image already. A pocket that is not newer was taken into a point release: read from the top.
  const isNewer = above !== "" && (compareVersions("deb", one.sourceVersion, above) ?? 1) > 0;
  const { fixes, leftOut, newestAt } = fixesOf(entries, isNewer ? above : firstOfRelease(entries, ecosystem));
  for (let count = 0; count < leftOut; count += 1) sink.leftOut(changelogFeed, "reverted or not affected");
  if (newestAt !== "" && Date.parse(newestAt) <= sink.nowMs) sink.dated(changelogFeed, newestAt);
  const number = ecosystem.split(":")[1] ?? "";
  for (const { id, version } of fixes) {
    sink.record(
      recordWith({
        id: `GARRISON-DEB${number}-${source}-${id}`,
        feed: changelogFeed,
        upstream: [id],
        ecosystem,
        name: source,
        ranges: until(version),
      }),
    );
  }
  return fixes.length;
}

/** The newest version that was not made for this release ("+deb12u1", "~deb12u1"): entries above it are updates of the release. */
function firstOfRelease(entries: readonly { readonly version: string }[], ecosystem: string): string {
  const mark = new RegExp(`[+~]deb${ecosystem.split(":")[1] ?? ""}u`);
  return entries.find(({ version }) => !mark.test(version))?.version ?? "";
}

function unknownRelease(release: string): Fault {
  return new Fault(`"${release}" is no release of Debian that is known here`, {
    code: "advisories/unknown-release",
    kind: "usage",
    hint: "write its codename: bullseye, bookworm, trixie",
  });
}

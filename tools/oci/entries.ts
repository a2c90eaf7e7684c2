// Files of this machine as entries of a layer. Only names, bytes and the executable bit are taken: owners, times and umask are not.
import { lstat, readdir, readFile, readlink, stat } from "node:fs/promises";
import path from "node:path";
import type { TarEntry } from "./tar.ts";

/** Files up to here are read at once: a source that somebody saves meanwhile is then whole, the old or the new one. */
const bytesAtOnceMax = 1024 * 1024;

/** One file; a symbolic link is followed. `to` is its path in the image. */
export async function entryOfFile(from: string, to: string): Promise<TarEntry> {
  const { size, mode } = await stat(from);
  if (size > bytesAtOnceMax) return { type: "copy", path: to, from, size, mode: modeOf(mode) };
  return { type: "file", path: to, bytes: await readFile(from), mode: modeOf(mode) };
}

/** All files below a folder, at `to` ("" for the image's root), where `isWanted` says yes to their path below the folder. Links are kept as links. */
export async function entriesOfFolder(
  from: string,
  to: string,
  isWanted: (relative: string) => boolean = () => true,
): Promise<readonly TarEntry[]> {
  const entries: TarEntry[] = [];
  async function visit(relative: string): Promise<void> {
    for (const name of (await readdir(path.join(from, relative))).sort()) {
      const below = relative === "" ? name : `${relative}/${name}`;
      if (!isWanted(below)) continue;
      const place = path.join(from, below);
      const target = to === "" ? below : `${to}/${below}`;
      const found = await lstat(place);
      if (found.isDirectory()) await visit(below);
      else if (found.isSymbolicLink()) entries.push({ type: "link", path: target, target: await readlink(place) });
      else if (found.isFile()) entries.push(await entryOfFile(place, target));
    }
  }
  await visit("");
  return entries;
}

/** Text as a file. */
export function textEntry(to: string, text: string, mode = 0o644): TarEntry {
  return { type: "file", path: to, bytes: Buffer.from(text), mode };
}

function modeOf(mode: number): number {
  // oxlint-disable-next-line no-bitwise -- permission bits
  return (mode & 0o100) === 0 ? 0o644 : 0o755;
}

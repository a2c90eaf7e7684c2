// Files that a live process has mapped or open, from /proc/PID/maps, exe and fd: which code is in use. Paths are those of the process's own root (a container's view).
import { closeSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";

export const usedFileLimits = {
  /** Of /proc/PID/maps; what is behind is not looked at, and `cut` says so. */
  mapsBytesMax: 4 * 1024 * 1024,
  descriptorsMax: 1024,
  pathsMax: 4096,
} as const;

export interface UsedFiles {
  readonly paths: readonly string[];
  /** A limit ended the look. */
  readonly cut: boolean;
}

const chunk = Buffer.alloc(256 * 1024);

/** Undefined: the process is gone, or may not be looked at. Synchronous: well under a millisecond for an ordinary process. */
export function readUsedFiles(procPath: string, pid: number): UsedFiles | undefined {
  const maps = readMaps(`${procPath}/${pid}/maps`);
  if (maps === undefined) return undefined;
  const paths = new Set<string>();
  for (const line of maps.text.split("\n")) {
    // "start-end perms offset dev inode path": the path begins at the first "/" behind the inode.
    const at = line.indexOf(" /");
    if (at >= 0) keep(paths, line.slice(at + 1));
  }
  addLinks(`${procPath}/${pid}`, paths);
  const all = [...paths];
  return { paths: all.slice(0, usedFileLimits.pathsMax), cut: maps.cut || all.length > usedFileLimits.pathsMax };
}

/** Deleted files, devices and kernel objects are no files of an image. */
function keep(paths: Set<string>, path: string): void {
  if (path.endsWith(" (deleted)") || /^\/(dev|proc|sys|memfd:|SYSV|anon_hugepage|\[)/.test(path)) return;
  // The kernel writes a line's end in a name as \012.
  paths.add(path.includes("\\012") ? path.replaceAll("\\012", "\n") : path);
}

function readMaps(file: string): { readonly text: string; readonly cut: boolean } | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch {
    // Gone, or another user's: the caller counts processes that could not be looked at.
    return undefined;
  }
  try {
    const parts: string[] = [];
    for (let total = 0; total < usedFileLimits.mapsBytesMax;) {
      const bytes = readSync(descriptor, chunk, 0, chunk.length, null);
      if (bytes === 0) return { text: parts.join(""), cut: false };
      parts.push(chunk.toString("latin1", 0, bytes));
      total += bytes;
    }
    return { text: parts.join(""), cut: true };
  } catch {
    // It ended while it was read.
    return undefined;
  } finally {
    closeSync(descriptor);
  }
}

/** A JVM keeps its jars open and maps none. */
function addLinks(folder: string, paths: Set<string>): void {
  const links = [`${folder}/exe`];
  try {
    for (const name of readdirSync(`${folder}/fd`).slice(0, usedFileLimits.descriptorsMax))
      links.push(`${folder}/fd/${name}`);
  } catch {
    // Descriptors may be hidden where maps are not: what is mapped is known all the same.
  }
  for (const link of links) {
    try {
      const target = readlinkSync(link);
      if (target.startsWith("/")) keep(paths, target);
    } catch {
      // Closed in the meantime.
    }
  }
}

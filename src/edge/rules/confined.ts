// Reads files that lie in given folders and nowhere else: neither `..` nor a symbolic link leads out, and what is no regular file is not opened.
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
} from "node:fs";
import path from "node:path";
import type { RuleFile } from "../../core/waf/seclang/parsed.ts";
import { globMatches, isGlob } from "./glob.ts";
import type { RuleFolderLimits } from "./limits.ts";

export type Refusal = { readonly refused: string };

export interface ConfinedFiles {
  /** Absolute path of a name as files are told: relative names lie in the first folder. */
  absolute(name: string): string;
  /** As it is told: relative to the first folder where it lies in it. */
  nameOf(absolute: string): string;
  /** latin1. */
  read(absolute: string): string | Refusal;
  /** Paths that a pattern means, sorted; several segments may hold `*`, `?` and `[...]`. */
  expand(pattern: string): readonly string[] | Refusal;
  /** Reads all of them. */
  readAll(paths: readonly string[]): readonly RuleFile[] | Refusal;
}

/** Folders must be there. Limits count over everything that is read through the result. */
export function confineTo(folders: readonly string[], limits: RuleFolderLimits): ConfinedFiles {
  const first = path.resolve(folders[0] ?? ".");
  const roots = folders.map((folder) => realpathSync(folder));
  const seen = new Map<string, string>();
  let totalBytes = 0;
  const isInside = (real: string): boolean => roots.some((root) => real === root || real.startsWith(root + path.sep));

  function read(absolute: string): string | Refusal {
    let real: string;
    try {
      real = realpathSync(absolute);
    } catch (error) {
      return { refused: reasonOf(error) };
    }
    if (!isInside(real)) return { refused: "it lies outside the folder of the rules" };
    const known = seen.get(real);
    if (known !== undefined) return known;
    if (seen.size >= limits.filesMax) return { refused: `more than ${limits.filesMax} files` };
    const text = readRegular(real, Math.min(limits.fileBytesMax, limits.totalBytesMax - totalBytes));
    if (typeof text !== "string") return text;
    totalBytes += text.length;
    seen.set(real, text);
    return text;
  }

  const nameOf = (absolute: string): string => {
    const relative = path.relative(first, absolute);
    return relative.startsWith("..") ? absolute : relative;
  };
  return {
    absolute: (name) => path.resolve(first, name),
    nameOf,
    read,
    expand: (pattern) => expandPattern(pattern, isInside, limits),
    readAll(paths) {
      const files: RuleFile[] = [];
      for (const each of paths) {
        const text = read(each);
        if (typeof text !== "string") return { refused: `${nameOf(each)}: ${text.refused}` };
        files.push({ file: nameOf(each), text });
      }
      return files;
    },
  };
}

/** Opened without waiting, so that a pipe in the folder holds nobody up. */
function readRegular(real: string, bytesMax: number): string | Refusal {
  let descriptor: number;
  try {
    descriptor = openSync(real, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    return { refused: reasonOf(error) };
  }
  try {
    const facts = fstatSync(descriptor);
    if (!facts.isFile()) return { refused: "it is no regular file" };
    if (facts.size > bytesMax) return { refused: `it is larger than ${bytesMax} bytes` };
    const text = readFileSync(descriptor, "latin1");
    return text.length > bytesMax ? { refused: `it is larger than ${bytesMax} bytes` } : text;
  } catch (error) {
    return { refused: reasonOf(error) };
  } finally {
    closeSync(descriptor);
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return "it is not there";
    case "EACCES":
    case "EPERM":
      return "it may not be read";
    case "ELOOP":
      return "its links go in a circle";
    default:
      return code === "" ? "it cannot be read" : `it cannot be read (${code})`;
  }
}

function expandPattern(
  pattern: string,
  isInside: (real: string) => boolean,
  limits: RuleFolderLimits,
): readonly string[] | Refusal {
  let found: readonly string[] = [path.parse(pattern).root];
  const segments = pattern.split(path.sep).filter((segment) => segment !== "");
  for (const segment of segments) {
    if (!isGlob(segment)) {
      found = found.map((folder) => path.join(folder, segment));
      continue;
    }
    const next: string[] = [];
    for (const folder of found) {
      const entries = entriesOf(folder, isInside, limits.entriesMax);
      if ("refused" in entries) return entries;
      for (const entry of entries) if (globMatches(segment, entry)) next.push(path.join(folder, entry));
      if (next.length > limits.filesMax) return { refused: `it means more than ${limits.filesMax} files` };
    }
    found = next.sort((left, right) => (left < right ? -1 : 1));
  }
  return isGlob(pattern) ? found : found.filter((each) => existsSync(each));
}

/** Names in a folder, none where it is not there; hidden ones are not meant by a glob. */
function entriesOf(
  folder: string,
  isInside: (real: string) => boolean,
  entriesMax: number,
): readonly string[] | Refusal {
  try {
    if (!isInside(realpathSync(folder))) return { refused: "it lies outside the folder of the rules" };
    const entries = readdirSync(folder);
    if (entries.length > entriesMax) return { refused: `the folder has more than ${entriesMax} entries` };
    return entries.filter((entry) => !entry.startsWith("."));
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return [];
    return { refused: reasonOf(error) };
  }
}

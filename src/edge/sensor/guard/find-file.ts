// A path of a workload to the file that the kernel will see, through the root of one of its processes. Links are followed by hand: an absolute one must end
// inside that root and not on the machine's.
import { lstatSync, readlinkSync, type Stats } from "node:fs";
import { posix } from "node:path";
import type { FoundFile } from "../../../core/runtime-policy/compile.ts";

export const findLimits = { linksMax: 40, componentsMax: 256 } as const;

/** Programs that are many: to block the link "nc" must not block all of busybox. */
const multiCallPrograms = new Set(["busybox", "toybox", "coreutils", "sbase-box", "box"]);

/**
 * Folders' links are always followed; the last one for "allow", and for "block" unless it leads to a multi-call program. Undefined: not there, or
 * not to be looked at.
 */
export function findFile(rootFolder: string, path: string, use: "block" | "allow"): FoundFile | undefined {
  const waiting = path.split("/").filter(Boolean);
  let at = "/";
  let links = 0;
  for (let steps = 0; waiting.length > 0 && steps < findLimits.componentsMax; steps += 1) {
    const name = waiting.shift() ?? "";
    if (name === "..") at = posix.dirname(at);
    if (name === "." || name === "..") continue;
    const next = posix.join(at, name);
    const stats = lookAt(rootFolder + next);
    if (stats === undefined) return undefined;
    const target = stats.isSymbolicLink() ? readLink(rootFolder + next) : undefined;
    if (target === undefined) at = next;
    else {
      links += 1;
      if (links > findLimits.linksMax) return undefined;
      const isLast = waiting.length === 0;
      if (isLast && use === "block" && multiCallPrograms.has(posix.basename(target))) return undefined;
      if (target.startsWith("/")) at = "/";
      waiting.unshift(...target.split("/").filter(Boolean));
    }
  }
  const stats = lookAt(rootFolder + at);
  if (stats === undefined || waiting.length > 0) return undefined;
  return stats.isFile() ? { path: at, device: stats.dev, inode: stats.ino } : { path: at, device: 0, inode: 0 };
}

function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    // Gone or forbidden: not found is the answer.
    return undefined;
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

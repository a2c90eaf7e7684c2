// A path of a workload to the file that the kernel will see, through the root of one of its processes. Links are followed by hand: an absolute one must end
// inside that root and not on the machine's. It never waits for a filesystem (safe-walk.ts).
import { closeSync, constants, readlinkSync } from "node:fs";
import { posix } from "node:path";
import type { FoundFile } from "../../../core/runtime-policy/compile.ts";
import { createSafeWalker, openRoot } from "../safe-walk.ts";

/** Programs that are many: to block the link "nc" must not block all of busybox. */
const multiCallPrograms = new Set(["busybox", "toybox", "coreutils", "sbase-box", "box"]);

/**
 * `rootFolder` is /proc/PID/root, or "" for this process's own. Folders' links are always followed; the last one for "allow", and for "block" unless it leads
 * to a multi-call program. Undefined: not there, or not to be looked at without waiting. The path begins at the top of the mount tree.
 */
export function findFile(rootFolder: string, path: string, use: "block" | "allow"): FoundFile | undefined {
  const root = openRoot(rootFolder === "" ? "/" : rootFolder);
  if (root === undefined) return undefined;
  try {
    const process = rootFolder === "" ? "/proc/self" : posix.dirname(rootFolder);
    const found = createSafeWalker(`${process}/mountinfo`, "/proc/1/mountinfo").walk(root, path, { followsLast: true });
    if (typeof found === "string") return undefined;
    if (use === "block" && found.lastLinks.some((target) => multiCallPrograms.has(posix.basename(target))))
      return undefined;
    const { mode, device, inode } = found.looked;
    const at = posix.join(readlinkSync(`/proc/self/fd/${root}`), found.path);
    const isFile = (mode & constants.S_IFMT) === constants.S_IFREG;
    return isFile ? { path: at, device, inode } : { path: at, device: 0, inode: 0 };
  } finally {
    closeSync(root);
  }
}

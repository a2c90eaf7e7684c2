// A folder that holds a root file system, seen as an image without layers.
import { closeSync } from "node:fs";
import type { ImageSource } from "../image-source.ts";
import { createGapList } from "./gaps.ts";
import { openRoot, type WalkOptions, walkTree } from "./safe-walk.ts";

const stores = "images and containers stored here are not part of the system: scan each by itself";

/** What is no part of a root file system, even where it lies in one. An empty reason: nothing is missed. */
export const notOfARoot: ReadonlyMap<string, string> = new Map([
  ["proc", ""],
  ["sys", ""],
  ["dev", ""],
  ["run", ""],
  ["var/lib/docker/overlay2", stores],
  ["var/lib/docker/image", stores],
  ["var/lib/docker/rootfs", stores],
  ["var/lib/containerd", stores],
  ["var/lib/containers/storage", stores],
  ["var/lib/kubelet/pods", stores],
]);

/** `gaps` of the result grow while its entries are walked. Throws Fault "registry/not-found" or "registry/unreadable". */
export function openRootFolder(path: string, options: Partial<WalkOptions> = {}): ImageSource {
  const root = openRoot(path);
  const gaps = createGapList();
  const walk = { leftOut: notOfARoot, ...options };
  return {
    kind: "tree",
    source: "root",
    reference: path,
    config: undefined,
    gaps: gaps.rows,
    entries: (signal) => walkTree(root, walk, gaps, signal),
    [Symbol.asyncDispose]: async () => closeSync(root.descriptor),
  };
}

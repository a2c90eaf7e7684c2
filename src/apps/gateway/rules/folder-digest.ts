// Whether rule files changed since they were looked at: names, sizes and times of change of everything under the given paths. No contents are read.
import { createHash } from "node:crypto";
import { readdirSync, statSync, type Stats } from "node:fs";
import path from "node:path";

export const digestLimits = { filesMax: 5000, depthMax: 6 } as const;

/** Hex; differs after any change that a file system shows. A path that is not there counts as that. Follows links. */
export function folderDigest(paths: readonly string[]): string {
  const hash = createHash("sha256");
  let files = 0;
  function add(file: string, depth: number): void {
    const facts = statSync(file, { throwIfNoEntry: false });
    hash.update(`${file}\0${facts === undefined ? "none" : factsText(facts)}\n`);
    if (facts?.isDirectory() !== true || depth >= digestLimits.depthMax) return;
    for (const name of readdirSync(file).sort()) {
      files += 1;
      if (files > digestLimits.filesMax) return;
      add(path.join(file, name), depth + 1);
    }
  }
  for (const given of paths) add(path.resolve(given), 0);
  return hash.digest("hex");
}

function factsText(facts: Stats): string {
  return facts.isDirectory() ? "folder" : `${facts.size} ${facts.mtimeMs} ${facts.ino}`;
}

// The moment at which a database changes: one rename. The manifest before stays beside it: readers that opened it may still open its shards.
import { renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Fault } from "../../../base/fault.ts";
import { manifestFile, readManifest } from "../manifest.ts";

export const previousFile = "manifest.previous.json";

export function replaceManifest(folder: string, text: string): void {
  const file = path.join(folder, manifestFile);
  const draft = `${file}.${process.pid}.part`;
  writeFileSync(draft, text, { mode: 0o644, flush: true });
  try {
    writeFileSync(path.join(folder, previousFile), readManifest(folder).text, { mode: 0o644 });
  } catch (thrown) {
    // There was none, or one that nobody can use.
    if (!(thrown instanceof Fault)) throw thrown;
  }
  renameSync(draft, file);
}

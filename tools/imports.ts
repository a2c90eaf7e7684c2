// Reads the imports of our own sources. A regular expression is enough: the formatter fixes how imports are written.
import path from "node:path";
import { readFile } from "node:fs/promises";

export interface Import {
  readonly file: string;
  /** The file it points at, relative to the root; undefined for a package or a node: module. */
  readonly target: string | undefined;
  readonly specifier: string;
}

const importPattern =
  /^(?:import|export)\b[^;"']*?from\s+["']([^"']+)["']|^import\s+["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/gm;

/** All static and dynamic imports of one file given relative to `root`. */
export async function importsOf(root: string, file: string): Promise<readonly Import[]> {
  const text = await readFile(path.join(root, file), "utf8");
  return [...text.matchAll(importPattern)].map((match) => {
    const specifier = match[1] ?? match[2] ?? match[3] ?? "";
    const target = specifier.startsWith(".") ? path.join(path.dirname(file), specifier) : undefined;
    return { file, specifier, target };
  });
}

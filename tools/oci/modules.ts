// The packages that the product needs at run time: what "dependencies" of package.json reach in node_modules, found as Node's resolver
// finds them. Development tools, the console's sources and what never runs (types, source maps, documentation) stay out.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { entriesOfFolder } from "./entries.ts";
import type { TarEntry } from "./tar.ts";

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** Folders of packages below `root`, relative, sorted. Throws when one that is not optional is not installed. */
export async function productionPackages(root: string): Promise<readonly string[]> {
  const { dependencies = {} } = await manifestOf(root);
  const found = new Set<string>();
  const waiting = Object.keys(dependencies).map((name) => ({ name, from: root, isOptional: false }));
  for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) {
    const folder = resolvePackage(item.name, item.from, root);
    if (folder === undefined) {
      if (item.isOptional) continue;
      throw new Error(
        `${item.name}, needed by ${path.relative(root, item.from) || "the product"}, is not installed: run npm ci`,
      );
    }
    const relative = path.relative(root, folder);
    if (found.has(relative)) continue;
    found.add(relative);
    const manifest = await manifestOf(folder);
    const next = { ...manifest.peerDependencies, ...manifest.dependencies, ...manifest.optionalDependencies };
    for (const name of Object.keys(next)) {
      if (isTypesOnly(name)) continue;
      const isOptional =
        manifest.dependencies?.[name] === undefined || manifest.optionalDependencies?.[name] !== undefined;
      waiting.push({ name, from: folder, isOptional });
    }
  }
  return [...found].sort();
}

/** All files of these packages that can be read at run time, at `to`. */
export async function packageEntries(root: string, to: string): Promise<readonly TarEntry[]> {
  const entries: TarEntry[] = [];
  for (const folder of await productionPackages(root)) {
    // What stands nested below a package is a package of its own, named by the list or not needed.
    const isWanted = (name: string): boolean => !/(?:^|\/)node_modules(?:\/|$)/.test(name) && isRun(name);
    entries.push(...(await entriesOfFolder(path.join(root, folder), `${to}/${folder}`, isWanted)));
  }
  return entries;
}

/** TypeScript is never loaded out of node_modules; licences stay whatever they are called. */
function isRun(name: string): boolean {
  if (/(?:^|\/)(?:licen[cs]e|notice|copying)[^/]*$/i.test(name)) return true;
  if (/(?:^|\/)musl_/.test(name)) return false;
  return !/\.(?:[cm]?ts|tsx|map|md|markdown|flow|tsbuildinfo)$/i.test(name);
}

function isTypesOnly(name: string): boolean {
  return name.startsWith("@types/") || name === "undici-types";
}

function resolvePackage(name: string, from: string, root: string): string | undefined {
  for (let folder = from; ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, "node_modules", name);
    if (existsSync(path.join(candidate, "package.json"))) return candidate;
    if (folder === root || folder === path.dirname(folder)) return undefined;
  }
}

async function manifestOf(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(path.join(folder, "package.json"), "utf8")) as Manifest;
}

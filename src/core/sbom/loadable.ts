// Files that a process may map or open, with the packages they belong to: what "loaded" is joined by. A file of several packages (a jar with jars inside) has a row for each.
import type { ImageConfig, LoadableFiles } from "../../model/image-analysis.ts";
import type { SoftwarePackage } from "../../model/software-package.ts";
import type { Ownership } from "./ownership.ts";
import type { SquashedImage } from "./squash.ts";

const rowsMax = 200_000;
const loadableName = /(?:\.so(?:\.[\w.]+)?|\.(?:jar|war|ear|node|wasm|dll|pyd))$/;

export interface LoadableInput {
  readonly image: SquashedImage;
  readonly ownership: Ownership;
  readonly packages: readonly SoftwarePackage[];
  /** Index into `packages` of each owner that claimed paths. */
  readonly indexOfOwner: readonly number[];
  /** Loadable files that packages of languages list as their own; `owner` is an index into `packages`. */
  readonly files: readonly { readonly owner: number; readonly paths: readonly string[] }[];
  readonly config: ImageConfig | undefined;
}

export function loadableFiles(input: LoadableInput): LoadableFiles {
  const { image, ownership, packages, indexOfOwner, config } = input;
  const rows: { readonly path: string; readonly owner: number }[] = [];
  const found = packagesByNode(image, packages);
  const unlisted = addListed(found, input);
  const scripts = entryScripts(image, config);
  for (const node of image.visible()) {
    if (image.kindOf(node) !== "file") continue;
    const name = image.nameOf(node);
    if ((image.modeOf(node) & 0o111) === 0 && !loadableName.test(name) && !scripts.has(node)) continue;
    const owners = new Set(found.get(node));
    const owner = ownership.ownerOf(node);
    if (owner >= 0) owners.add(indexOfOwner[owner]!);
    if (owners.size === 0) for (const index of nearestModule(image, node, found)) owners.add(index);
    if (owners.size === 0) continue;
    const path = `/${image.pathOf(node)}`;
    if (path.length <= 8192) for (const index of owners) rows.push({ path, owner: index });
  }
  rows.sort((left, right) => (left.path < right.path ? -1 : left.path > right.path ? 1 : left.owner - right.owner));
  const kept = rows.slice(0, rowsMax);
  return {
    paths: kept.map((row) => row.path),
    owners: kept.map((row) => row.owner),
    omitted: rows.length - kept.length + unlisted,
  };
}

/** Packages by the file they were read from: archives and binaries themselves, and manifests, which name the folder around them. */
function packagesByNode(image: SquashedImage, packages: readonly SoftwarePackage[]): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (const [index, { evidence, scope }] of packages.entries()) {
    if (scope !== "installed") continue;
    for (const { path, kind } of evidence) {
      if (kind !== "archive" && kind !== "binary" && kind !== "manifest") continue;
      const node = image.find(path.split("!/", 1)[0]!);
      if (node > 0) add(found, node, index);
    }
  }
  return found;
}

/** What a package's own list names, where it is: native modules, programs in bin folders. Gives how many were over the limit. */
function addListed(found: Map<number, number[]>, { image, packages, files }: LoadableInput): number {
  let added = 0;
  let omitted = 0;
  for (const { owner, paths } of files) {
    if (packages[owner]?.scope !== "installed") continue;
    for (const path of new Set(paths)) {
      const node = image.resolve(path);
      if (node <= 0) continue;
      if (added < rowsMax) add(found, node, owner);
      else omitted += 1;
      added += 1;
    }
  }
  return omitted;
}

function add(found: Map<number, number[]>, node: number, index: number): void {
  const known = found.get(node);
  if (known === undefined) found.set(node, [index]);
  else known.push(index);
}

/** An add-on or script inside a module of Node's: the package.json above it says whose it is. */
function nearestModule(image: SquashedImage, node: number, found: ReadonlyMap<number, number[]>): readonly number[] {
  for (let at = image.parentOf(node); at > 0; at = image.parentOf(at)) {
    const manifest = image.childOf(at, "package.json");
    const owners = manifest < 0 ? undefined : found.get(manifest);
    if (owners !== undefined) return owners;
    if (image.nameOf(at) === "node_modules") break;
  }
  return [];
}

function entryScripts(image: SquashedImage, config: ImageConfig | undefined): ReadonlySet<number> {
  const nodes = new Set<number>();
  for (const word of [...(config?.entrypoint ?? []), ...(config?.command ?? [])].slice(0, 100)) {
    const path = word.startsWith("/") ? word : `${config?.workingDirectory ?? ""}/${word}`;
    const node = image.resolve(path);
    if (node > 0) nodes.add(node);
  }
  return nodes;
}

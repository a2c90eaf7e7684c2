// Files that a cataloguer wants under a name which the layer does not list: a linked package database ("var/lib/rpm" -> "../../usr/lib/sysimage/rpm"), a hard link's other name.
// Only the squashed image knows them, so the pass looks a second time, at just these.
import type { Cataloger, FileWants } from "./cataloger.ts";
import type { LayerFindings } from "./layer-findings.ts";
import { kindOf, listedPath } from "./layer-listing.ts";
import type { SquashedImage } from "./squash.ts";

export interface SecondLook {
  readonly layer: number;
  readonly entry: number;
  /** The wanted path. */
  readonly as: string;
  readonly catalogers: readonly Cataloger[];
}

/** More than these are left out and counted by the caller. */
export const secondLooksMax = 10_000;

export function secondLooks(
  image: SquashedImage,
  found: readonly LayerFindings[],
  catalogers: readonly Cataloger[],
): SecondLook[] {
  const looks = new Map<string, { layer: number; entry: number; as: string; catalogers: Cataloger[] }>();
  const read = new Map(
    catalogers.map(({ id }) => [
      id,
      new Set(found.flatMap((one, layer) => (one.parts.get(id) ?? []).map((part) => `${layer}:${part.entry}`))),
    ]),
  );
  const add = (node: number, as: string, cataloger: Cataloger) => {
    if (node <= 0 || image.kindOf(node) !== "file") return;
    const layer = image.layerOf(node);
    const entry = image.entryOf(node);
    if (listedPath(image.layers[layer]!, entry) === as || read.get(cataloger.id)!.has(`${layer}:${entry}`)) return;
    const key = `${layer}:${entry}:${as}`;
    const look = looks.get(key) ?? { layer, entry, as, catalogers: [] };
    look.catalogers.push(cataloger);
    looks.set(key, look);
  };
  for (const cataloger of catalogers) {
    for (const path of cataloger.wants.paths ?? []) add(image.resolve(path), path, cataloger);
    for (const folder of cataloger.wants.folders ?? []) {
      const node = image.resolve(folder);
      if (node > 0) for (const child of image.children(node)) add(child, folder + image.nameOf(child), cataloger);
    }
  }
  for (const node of linkedNames(image)) {
    const name = image.nameOf(node);
    for (const cataloger of catalogers) {
      if (wantsName(cataloger.wants, name) && !wantsName(cataloger.wants, nameAsListed(image, node)))
        add(node, image.pathOf(node), cataloger);
    }
  }
  return [...looks.values()];
}

/** Visible names that are hard links to an entry with another name. */
function* linkedNames(image: SquashedImage): Iterable<number> {
  for (const listing of image.layers) {
    for (const entry of listing.links.keys()) {
      if (kindOf(listing, entry) !== "hardlink") continue;
      const node = image.find(listedPath(listing, entry));
      if (node > 0 && image.kindOf(node) === "file" && image.nameOf(node) !== nameAsListed(image, node)) yield node;
    }
  }
}

function nameAsListed(image: SquashedImage, node: number): string {
  return image.layers[image.layerOf(node)]!.names[image.entryOf(node)]!;
}

/** By base name alone; executables are found by their content under any name. */
export function wantsName(wants: FileWants, name: string): boolean {
  if (wants.names?.includes(name) === true) return true;
  if (wants.suffixes?.some((suffix) => name.endsWith(suffix)) === true) return true;
  return wants.pattern?.test(name) === true;
}

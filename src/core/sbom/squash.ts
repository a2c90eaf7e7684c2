// Layers laid over each other as a container runtime would, on names alone: whiteouts, opaque folders, replaced files, links. Says which entry of which layer is seen at a path.
// Within a layer whiteouts come first, wherever they stand: they speak of the layers below (OCI image specification, layer.md).
import { kindOf, modeOf, type EntryKind, type LayerListing } from "./layer-listing.ts";

export type NodeKind = Exclude<EntryKind, "hardlink">;

export interface SquashedImage {
  readonly layers: readonly LayerListing[];
  /** The node at a path (leading "/" or not), links among its folders followed, the last name not; -1 when there is none. */
  find(path: string): number;
  /** The same, and a link at the end is followed too. */
  resolve(path: string): number;
  /** No leading "/"; "" for the root. */
  pathOf(node: number): string;
  nameOf(node: number): string;
  parentOf(node: number): number;
  kindOf(node: number): NodeKind;
  modeOf(node: number): number;
  /** Layer and entry whose content is seen; the entry is -1 for a folder that no layer lists. */
  layerOf(node: number): number;
  entryOf(node: number): number;
  /** Every name under which an entry is seen: more than one with hard links, none when it is hidden. */
  nodesOf(layer: number, entry: number): readonly number[];
  children(node: number): Iterable<number>;
  /** By name; -1 when there is none. */
  childOf(node: number, name: string): number;
  /** Nodes from 0 to here exist, or did before something replaced them. */
  readonly nodeCount: number;
  /** All that are seen, folders before what is in them. */
  visible(): Iterable<number>;
  /** Entries that could not be placed: a hard link to nothing, a path through a circle of links. */
  readonly unplaced: readonly { readonly layer: number; readonly entry: number }[];
}

const linksFollowedMax = 40;
const whiteout = ".wh.";
const opaque = ".wh..wh..opq";
const codes: Readonly<Record<NodeKind, number>> = { file: 0, directory: 1, symlink: 2, other: 3 };
const kinds: readonly NodeKind[] = ["file", "directory", "symlink", "other"];

interface Tree {
  count: number;
  parents: Int32Array<ArrayBuffer>;
  layers: Int32Array<ArrayBuffer>;
  entries: Int32Array<ArrayBuffer>;
  kinds: Uint8Array<ArrayBuffer>;
  readonly names: string[];
  readonly children: (Map<string, number> | undefined)[];
}

export function squash(layers: readonly LayerListing[]): SquashedImage {
  const tree: Tree = {
    count: 0,
    parents: new Int32Array(4096),
    layers: new Int32Array(4096),
    entries: new Int32Array(4096),
    kinds: new Uint8Array(4096),
    names: [],
    children: [],
  };
  addNode(tree, { parent: 0, name: "", kind: "directory", layer: -1, entry: -1 });
  const unplaced: { layer: number; entry: number }[] = [];
  for (let layer = 0; layer < layers.length; layer++) {
    for (const entry of applyLayer(tree, layers, layer)) unplaced.push({ layer, entry });
  }
  return view(tree, layers, unplaced);
}

interface NewNode {
  readonly parent: number;
  readonly name: string;
  readonly kind: NodeKind;
  readonly layer: number;
  readonly entry: number;
}

function addNode(tree: Tree, node: NewNode): number {
  const id = tree.count++;
  if (id === tree.parents.length) {
    tree.parents = grown(tree.parents);
    tree.layers = grown(tree.layers);
    tree.entries = grown(tree.entries);
    const wider = new Uint8Array(tree.kinds.length * 2);
    wider.set(tree.kinds);
    tree.kinds = wider;
  }
  tree.parents[id] = node.parent;
  tree.layers[id] = node.layer;
  tree.entries[id] = node.entry;
  tree.kinds[id] = codes[node.kind];
  tree.names.push(node.name);
  tree.children.push(node.kind === "directory" ? new Map() : undefined);
  if (id > 0) tree.children[node.parent]!.set(node.name, id);
  return id;
}

function grown(old: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(old.length * 2);
  larger.set(old);
  return larger;
}

/** Gives the entries that found no place. */
function applyLayer(tree: Tree, layers: readonly LayerListing[], layer: number): number[] {
  const listing = layers[layer]!;
  if (layer > 0) applyWhiteouts(tree, layers, layer);
  const unplaced: number[] = [];
  // Where each of the listing's folders is; emptied when a folder or a link goes away, because paths may lead elsewhere then.
  let places = new Map<number, number>();
  for (let entry = 0; entry < listing.count; entry++) {
    const name = listing.names[entry]!;
    if (name.startsWith(whiteout)) continue;
    const folder = listing.folderOf[entry]!;
    let parent = places.get(folder);
    if (parent === undefined) {
      parent = walk(tree, layers, listing.folders[folder]!, { create: layer });
      places.set(folder, parent);
    }
    if (parent < 0) unplaced.push(entry);
    else {
      const placed = place(tree, layers, { layer, entry, parent, name });
      if (placed === "unplaced") unplaced.push(entry);
      else if (placed === "moved") places = new Map();
    }
  }
  return unplaced;
}

function applyWhiteouts(tree: Tree, layers: readonly LayerListing[], layer: number): void {
  const listing = layers[layer]!;
  for (let entry = 0; entry < listing.count; entry++) {
    const name = listing.names[entry]!;
    if (!name.startsWith(whiteout)) continue;
    const parent = walk(tree, layers, listing.folders[listing.folderOf[entry]!]!);
    const children = parent < 0 ? undefined : tree.children[parent];
    if (name === opaque) children?.clear();
    // Other names of this kind (".wh..wh.aufs") are AUFS's own and hide nothing.
    else if (!name.startsWith(".wh..wh.")) children?.delete(name.slice(whiteout.length));
  }
}

type Placement = "added" | "moved" | "unplaced";

function place(
  tree: Tree,
  layers: readonly LayerListing[],
  {
    layer,
    entry,
    parent,
    name,
  }: { readonly layer: number; readonly entry: number; readonly parent: number; readonly name: string },
): Placement {
  const listing = layers[layer]!;
  const kind = kindOf(listing, entry);
  const old = tree.children[parent]!.get(name);
  const oldKind = old === undefined ? undefined : kinds[tree.kinds[old]!];
  if (kind === "directory" && oldKind === "directory") {
    tree.layers[old!] = layer;
    tree.entries[old!] = entry;
    return "added";
  }
  if (kind !== "hardlink") addNode(tree, { parent, name, kind, layer, entry });
  else {
    const target = walk(tree, layers, listing.links.get(entry) ?? "", { keepLast: true });
    if (target <= 0 || tree.kinds[target] === codes.directory) return "unplaced";
    if (target === old) return "added";
    addNode(tree, {
      parent,
      name,
      kind: kinds[tree.kinds[target]!]!,
      layer: tree.layers[target]!,
      entry: tree.entries[target]!,
    });
  }
  return oldKind === "directory" || oldKind === "symlink" ? "moved" : "added";
}

interface WalkOptions {
  /** Missing folders are made, as a runtime makes them, in this layer's name. */
  readonly create?: number;
  /** A link at the end is not followed. */
  readonly keepLast?: boolean;
}

function walk(tree: Tree, layers: readonly LayerListing[], path: string, options: WalkOptions = {}): number {
  const todo = path === "" ? [] : path.split("/").reverse();
  let at = 0;
  let followed = 0;
  while (todo.length > 0) {
    const name = todo.pop()!;
    if (name === "" || name === ".") continue;
    if (name === "..") {
      at = tree.parents[at]!;
      continue;
    }
    const children = tree.children[at];
    let next = children?.get(name);
    if (options.create !== undefined && (next === undefined || isBlocked(tree, next))) {
      next = addNode(tree, { parent: at, name, kind: "directory", layer: options.create, entry: -1 });
    }
    if (next === undefined) return -1;
    const isLast = todo.length === 0;
    if (tree.kinds[next] !== codes.symlink || (isLast && options.keepLast === true)) {
      at = next;
      continue;
    }
    followed++;
    if (followed > linksFollowedMax) return -1;
    const target = layers[tree.layers[next]!]!.links.get(tree.entries[next]!) ?? "";
    if (target.startsWith("/")) at = 0;
    const parts = target.split("/");
    if (todo.length + parts.length > 4096) return -1;
    todo.push(...parts.reverse());
  }
  return at;
}

/** A file where a folder has to be. */
function isBlocked(tree: Tree, node: number): boolean {
  return tree.kinds[node] === codes.file || tree.kinds[node] === codes.other;
}

function view(tree: Tree, layers: readonly LayerListing[], unplaced: SquashedImage["unplaced"]): SquashedImage {
  const byEntry = layers.map((listing) => new Int32Array(listing.count));
  const more = new Map<number, number>();
  const visible = function* (): Iterable<number> {
    const todo = [0];
    while (todo.length > 0) {
      const node = todo.pop()!;
      yield node;
      for (const child of tree.children[node]?.values() ?? []) {
        if (tree.children[child] !== undefined) todo.push(child);
        else yield child;
      }
    }
  };
  for (const node of visible()) {
    const entry = tree.entries[node]!;
    if (entry < 0) continue;
    const first = byEntry[tree.layers[node]!]!;
    if (first[entry] !== 0) more.set(node, first[entry]!);
    first[entry] = node;
  }
  const pathOf = (node: number): string => {
    let path = tree.names[node]!;
    for (let at = tree.parents[node]!; at > 0; at = tree.parents[at]!) path = `${tree.names[at]!}/${path}`;
    return path;
  };
  return {
    layers,
    unplaced,
    nodeCount: tree.count,
    find: (path) => walk(tree, layers, path, { keepLast: true }),
    resolve: (path) => walk(tree, layers, path),
    pathOf,
    nameOf: (node) => tree.names[node]!,
    parentOf: (node) => tree.parents[node]!,
    kindOf: (node) => kinds[tree.kinds[node]!]!,
    modeOf: (node) => (tree.entries[node]! < 0 ? 0o755 : modeOf(layers[tree.layers[node]!]!, tree.entries[node]!)),
    layerOf: (node) => tree.layers[node]!,
    entryOf: (node) => tree.entries[node]!,
    nodesOf: (layer, entry) => {
      const found: number[] = [];
      for (
        let node: number | undefined = byEntry[layer]?.[entry];
        node !== undefined && node !== 0;
        node = more.get(node)
      )
        found.push(node);
      return found;
    },
    children: (node) => tree.children[node]?.values() ?? [],
    childOf: (node, name) => tree.children[node]?.get(name) ?? -1,
    visible,
  };
}

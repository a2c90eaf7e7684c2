// Which distribution package owns which path of the squashed image. Databases write paths as they were packed ("/lib/x" where "/lib" is a link to "usr/lib" now): folders are resolved, the last name is not.
import type { SquashedImage } from "./squash.ts";

export interface Ownership {
  /** Paths as a database writes them; `owner` is any number from 0. The first owner of a file stays. */
  claim(owner: number, paths: readonly string[]): void;
  /** The owner of exactly this node; -1: none, or a folder that several own. */
  ownerOf(node: number): number;
  /** The owner of a file, or of the metadata folder that only one package owns ("x.dist-info"); -1 for none. */
  ownerOfFile(path: string): number;
}

const nobody = -1;
const several = -2;
/** Folders that stand for one package: a file in it which no list names (written after installation) is still that package's. */
const packageFolder = /\.(?:dist-info|egg-info)$/;

export function createOwnership(image: SquashedImage): Ownership {
  const owners = new Int32Array(image.nodeCount).fill(nobody);
  const folders = new Map<string, number>();
  const folderAt = (path: string): number => {
    const known = folders.get(path);
    if (known !== undefined) return known;
    const node = image.resolve(path);
    folders.set(path, node);
    return node;
  };
  /** As `find`, with a memory of folders: lists go folder by folder. */
  const nodeAt = (path: string): number => {
    const cut = path.lastIndexOf("/");
    const folder = folderAt(path.slice(0, Math.max(cut, 0)));
    return folder < 0 ? -1 : image.childOf(folder, path.slice(cut + 1));
  };
  return {
    claim(owner, paths) {
      for (const path of paths) {
        const node = nodeAt(path.endsWith("/") ? path.slice(0, -1) : path);
        if (node <= 0) continue;
        const before = owners[node]!;
        if (before === nobody) owners[node] = owner;
        else if (before !== owner && image.kindOf(node) === "directory") owners[node] = several;
      }
    },
    ownerOf: (node) => Math.max(owners[node] ?? nobody, nobody),
    ownerOfFile(path) {
      const node = image.find(path);
      if (node < 0) return nobody;
      const own = owners[node]!;
      if (own >= 0) return own;
      const folder = image.parentOf(node);
      return packageFolder.test(image.nameOf(folder)) ? Math.max(owners[folder]!, nobody) : nobody;
    },
  };
}

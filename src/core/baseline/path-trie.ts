// Files and folders, matched along their segments: linear in the path. A `*` is a segment as any other: both sides were folded by path-items.ts.

interface TrieNode {
  readonly children: Map<string, TrieNode>;
  isFile: boolean;
  isFolder: boolean;
  /** A folder that covers all below it, guarded or not. */
  isWide: boolean;
}

export interface PathTrie {
  /** Whether an item is this path, or a folder (ends with "/") that is it or stands above it. */
  covers(path: string): boolean;
}

/**
 * `isGuarded` names folders (without a slash at the end) that a folder above does not speak for: what lies in one is covered by items from there on only, or by a
 * folder that is guarded itself, which only people write.
 */
export function createPathTrie(
  items: readonly string[],
  isGuarded: (folder: string) => boolean = () => false,
): PathTrie {
  const root = makeNode();
  for (const item of items) add(root, item, isGuarded);
  return {
    covers(path) {
      const isFolder = path.endsWith("/");
      const segments = segmentsOf(path);
      let node: TrieNode | undefined = root;
      let guardedDepth: number | undefined;
      for (const [depth, segment] of segments.entries()) {
        if (node.isWide) return true;
        if (node.isFolder && depth >= (guardedDepth ??= deepestGuarded(segments, isFolder, isGuarded))) return true;
        node = node.children.get(segment);
        if (node === undefined) return false;
      }
      return node.isFolder || (!isFolder && node.isFile);
    },
  };
}

/** How many segments the innermost guarded folder has that the path stands in; 0: none. */
function deepestGuarded(
  segments: readonly string[],
  isFolder: boolean,
  isGuarded: (folder: string) => boolean,
): number {
  for (let depth = isFolder ? segments.length : segments.length - 1; depth > 0; depth -= 1)
    if (isGuarded(`/${segments.slice(0, depth).join("/")}`)) return depth;
  return 0;
}

function add(root: TrieNode, item: string, isGuarded: (folder: string) => boolean): void {
  let node = root;
  for (const segment of segmentsOf(item)) {
    let next = node.children.get(segment);
    if (next === undefined) node.children.set(segment, (next = makeNode()));
    node = next;
  }
  if (item.endsWith("/")) {
    node.isFolder = true;
    node.isWide = isGuarded(item.slice(0, -1) || "/");
  } else node.isFile = true;
}

function makeNode(): TrieNode {
  return { children: new Map(), isFile: false, isFolder: false, isWide: false };
}

function segmentsOf(path: string): readonly string[] {
  const bare = path.endsWith("/") ? path.slice(0, -1) : path;
  return bare === "" ? [] : bare.split("/").slice(bare.startsWith("/") ? 1 : 0);
}

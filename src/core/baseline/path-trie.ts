// Files and folders, matched along their segments: linear in the path. A `*` is a segment as any other: both sides were folded by path-items.ts.

interface TrieNode {
  readonly children: Map<string, TrieNode>;
  isFile: boolean;
  isFolder: boolean;
}

export interface PathTrie {
  /** Whether an item is this path, or a folder (ends with "/") that is it or stands above it. */
  covers(path: string): boolean;
}

export function createPathTrie(items: readonly string[]): PathTrie {
  const root = makeNode();
  for (const item of items) add(root, item);
  return {
    covers(path) {
      const isFolder = path.endsWith("/");
      let node: TrieNode | undefined = root;
      for (const segment of segmentsOf(path)) {
        if (node.isFolder) return true;
        node = node.children.get(segment);
        if (node === undefined) return false;
      }
      return node.isFolder || (!isFolder && node.isFile);
    },
  };
}

function add(root: TrieNode, item: string): void {
  let node = root;
  for (const segment of segmentsOf(item)) {
    let next = node.children.get(segment);
    if (next === undefined) node.children.set(segment, (next = makeNode()));
    node = next;
  }
  if (item.endsWith("/")) node.isFolder = true;
  else node.isFile = true;
}

function makeNode(): TrieNode {
  return { children: new Map(), isFile: false, isFolder: false };
}

function segmentsOf(path: string): readonly string[] {
  const bare = path.endsWith("/") ? path.slice(0, -1) : path;
  return bare === "" ? [] : bare.split("/").slice(bare.startsWith("/") ? 1 : 0);
}

// Where judgements about a path are kept: one table of fixed size for all kinds of events, found by the kind and a few of the path's characters.
// A path is kept when it comes the second time: most paths that are new never come again, and cost no memory and no other path its place.

export const pathMemoLimits = {
  /** With very many rules a place is wide; then there are fewer places. */
  bytesMax: 16 * 1024 * 1024,
} as const;

export const noPlace = -1;

export interface PathMemo {
  /**
   * Where the words of this path and kind begin in `words`; what stood there about another one is 0 by then. `noPlace`: it comes for the first time. `kind`: a small whole
   * number.
   */
  placeOf(path: string, kind: number): number;
  readonly words: Int32Array;
  /** Paths, by kind, that gave their place to another one. */
  readonly evicted: number;
}

/** Characters from the end that tell paths apart: folders are the same for many. */
const charactersLast = 12;

/** For at most `pathsMax` paths (rounded down to a power of two, at least 2), each with `width` words. */
export function createPathMemo(pathsMax: number, width: number): PathMemo {
  // First the hash of whose place it is, and of who asked for it last: neither needs a look at a path.
  const stride = width + 2;
  const room = Math.min(pathsMax, pathMemoLimits.bytesMax / (4 * stride));
  const places = 2 ** Math.max(1, Math.floor(Math.log2(Math.max(2, room))));
  const paths: (string | undefined)[] = Array.from({ length: places });
  const words = new Int32Array(places * stride);
  let evicted = 0;
  return {
    words,
    get evicted() {
      return evicted;
    },
    placeOf(path, kind) {
      const hash = hashOf(path, kind);
      const place = hash & (places - 1);
      const at = place * stride;
      if (words[at] === hash && paths[place] === path) return at + 2;
      if (words[at + 1] !== hash) {
        words[at + 1] = hash;
        return noPlace;
      }
      if (paths[place] !== undefined) {
        evicted += 1;
        for (let word = at + 2; word < at + stride; word += 1) words[word] = 0;
      }
      words[at] = hash;
      paths[place] = path;
      return at + 2;
    },
  };
}

/**
 * FNV-1a over the kind, the length, the middle and the end; its upper half is mixed in, because the lower bits choose the place. Each step is one to one:
 * one path has another hash for each kind.
 */
function hashOf(path: string, kind: number): number {
  const { length } = path;
  let hash = Math.imul(0x811c9dc5 ^ length ^ (kind << 16), 0x01000193);
  hash = Math.imul(hash ^ path.charCodeAt(length >> 1), 0x01000193);
  for (let at = Math.max(0, length - charactersLast); at < length; at += 1)
    hash = Math.imul(hash ^ path.charCodeAt(at), 0x01000193);
  return hash ^ (hash >>> 15);
}

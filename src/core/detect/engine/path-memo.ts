// Where judgements about a path are kept: a table of fixed size, found by a few of the path's characters. Of two paths that meet in one place the newer stays.
// No map: a path that is new costs no more than the overwriting of its place.

export interface PathMemo {
  /** The path's place; what the columns held there about another path is 0 by then. */
  placeOf(path: string): number;
  /** A number for each place, 0 at first. */
  column(): Int32Array;
  /** Paths that gave their place to another one. */
  readonly evicted: number;
}

/** Characters from the end that tell paths apart: folders are the same for many. */
const charactersLast = 12;

/** For at most `pathsMax` paths (rounded down to a power of two, at least 2). */
export function createPathMemo(pathsMax: number): PathMemo {
  const places = 2 ** Math.max(1, Math.floor(Math.log2(Math.max(2, pathsMax))));
  const paths: (string | undefined)[] = Array.from({ length: places });
  const columns: Int32Array[] = [];
  let evicted = 0;
  return {
    get evicted() {
      return evicted;
    },
    placeOf(path) {
      const place = hashOf(path) & (places - 1);
      const known = paths[place];
      if (known === path) return place;
      if (known !== undefined) {
        evicted += 1;
        for (const column of columns) column[place] = 0;
      }
      paths[place] = path;
      return place;
    },
    column() {
      const made = new Int32Array(places);
      columns.push(made);
      return made;
    },
  };
}

/** FNV-1a over the length, the middle and the end; its upper half is mixed in, because the lower bits choose the place. */
function hashOf(path: string): number {
  const { length } = path;
  let hash = Math.imul(0x811c9dc5 ^ length, 0x01000193);
  hash = Math.imul(hash ^ path.charCodeAt(length >> 1), 0x01000193);
  for (let at = Math.max(0, length - charactersLast); at < length; at += 1)
    hash = Math.imul(hash ^ path.charCodeAt(at), 0x01000193);
  return hash ^ (hash >>> 15);
}

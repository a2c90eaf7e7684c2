// Which of many folders a path lies in, the innermost: a table that is asked by each event and that a workload can fill with thousands of folders.
// A look costs a few comparisons with the path, however many folders there are and however deep they lie.
export interface FolderTable<Value> {
  /** The innermost folder that is the path or holds it. */
  find(path: string): FolderEntry<Value> | undefined;
  readonly size: number;
  /** Characters that are kept. */
  readonly weight: number;
}

export interface FolderEntry<Value> {
  /** "/" or without a slash at its end. */
  readonly folder: string;
  readonly value: Value;
}

interface Row<Value> extends FolderEntry<Value> {
  /** With a slash at its end: so a folder stands right before all that lies in it, and "/a-b" is not taken for something in "/a". */
  readonly key: string;
  /** The row of the folder around it; -1: none. */
  readonly above: number;
}

/**
 * Of entries with the same folder the last one counts. `isNews` says whether an entry is kept, given what the innermost kept folder around it says
 * (undefined: there is none); without it all are.
 */
export function createFolderTable<Value>(
  entries: Iterable<FolderEntry<Value>>,
  isNews: (value: Value, around: Value | undefined) => boolean = () => true,
): FolderTable<Value> {
  const rows = rowsOf(entries, isNews);
  let weight = 0;
  for (const { key, value } of rows) weight += key.length + (typeof value === "string" ? value.length : 0);
  return {
    size: rows.length,
    weight,
    find(path) {
      if (rows.length === 0) return undefined;
      const key = withSlash(path);
      let at = lastUpTo(rows, key);
      // What holds the path holds the row before it too, or is it.
      const shared = sharedLength(rows[at]?.key ?? "", key);
      for (let row = rows[at]; row !== undefined; row = rows[at]) {
        if (row.key.length <= shared) return row;
        at = row.above;
      }
      return undefined;
    },
  };
}

function rowsOf<Value>(
  entries: Iterable<FolderEntry<Value>>,
  isNews: (value: Value, around: Value | undefined) => boolean,
): readonly Row<Value>[] {
  const byKey = new Map<string, FolderEntry<Value>>();
  for (const entry of entries) byKey.set(withSlash(entry.folder), entry);
  const rows: Row<Value>[] = [];
  let above = -1;
  for (const [key, { folder, value }] of [...byKey].toSorted(([one], [other]) => (one < other ? -1 : 1))) {
    for (let row = rows[above]; row !== undefined && !key.startsWith(row.key); row = rows[above]) above = row.above;
    if (!isNews(value, rows[above]?.value)) continue;
    rows.push({ folder, value, key, above });
    above = rows.length - 1;
  }
  return rows;
}

/** The last row whose key is not behind `key`; -1: all are. */
function lastUpTo(rows: readonly { readonly key: string }[], key: string): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.key ?? "") <= key) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function sharedLength(one: string, other: string): number {
  const length = Math.min(one.length, other.length);
  let at = 0;
  while (at < length && one.charCodeAt(at) === other.charCodeAt(at)) at += 1;
  return at;
}

function withSlash(folder: string): string {
  return folder.endsWith("/") ? folder : `${folder}/`;
}

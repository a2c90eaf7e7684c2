// What a layer's tar holds besides bodies: paths, kinds, modes, links, in the tar's order. Compact, because an image may have millions of entries; plain enough to be cached as JSON.

export const entryKinds = ["file", "directory", "symlink", "hardlink", "other"] as const;
export type EntryKind = (typeof entryKinds)[number];

export interface LayerListing {
  readonly count: number;
  /** Each folder once, no leading or trailing "/"; the root is "". */
  readonly folders: readonly string[];
  /** By entry: an index into `folders`. */
  readonly folderOf: Uint32Array;
  readonly names: readonly string[];
  /** By entry: kind (its place in `entryKinds`) << 12 | mode. */
  readonly attributes: Uint32Array;
  /** Targets of symbolic links as written, and of hard links as clean paths. */
  readonly links: ReadonlyMap<number, string>;
  /** Owners of setuid and setgid files only: [uid, gid]. */
  readonly owners: ReadonlyMap<number, readonly [number, number]>;
}

export interface ListedEntry {
  readonly kind: EntryKind;
  readonly folder: string;
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly linkTarget: string;
}

export interface ListingBuilder {
  /** The entry's index. */
  add(entry: ListedEntry): number;
  readonly count: number;
  finish(): LayerListing;
}

const setIdBits = 0o6000;

export function createListing(): ListingBuilder {
  const folderIds = new Map<string, number>();
  const folders: string[] = [];
  const names: string[] = [];
  const links = new Map<number, string>();
  const owners = new Map<number, readonly [number, number]>();
  let folderOf = new Uint32Array(1024);
  let attributes = new Uint32Array(1024);
  let lastFolder: string | undefined;
  let lastId = 0;
  return {
    get count() {
      return names.length;
    },
    add(entry) {
      const index = names.length;
      if (entry.folder !== lastFolder) {
        lastFolder = entry.folder;
        lastId = folderIds.get(entry.folder) ?? folders.length;
        if (lastId === folders.length) {
          folders.push(entry.folder);
          folderIds.set(entry.folder, lastId);
        }
      }
      if (index === folderOf.length) {
        folderOf = grown(folderOf);
        attributes = grown(attributes);
      }
      names.push(entry.name);
      folderOf[index] = lastId;
      attributes[index] = (entryKinds.indexOf(entry.kind) << 12) | (entry.mode & 0o7777);
      if (entry.kind === "symlink" || entry.kind === "hardlink") links.set(index, entry.linkTarget);
      else if ((entry.mode & setIdBits) !== 0) owners.set(index, [entry.uid, entry.gid]);
      return index;
    },
    finish: () => ({
      count: names.length,
      folders,
      folderOf: folderOf.slice(0, names.length),
      names,
      attributes: attributes.slice(0, names.length),
      links,
      owners,
    }),
  };
}

function grown(old: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(old.length * 2);
  larger.set(old);
  return larger;
}

export function kindOf(listing: LayerListing, entry: number): EntryKind {
  return entryKinds[listing.attributes[entry]! >> 12]!;
}

export function modeOf(listing: LayerListing, entry: number): number {
  return listing.attributes[entry]! & 0o7777;
}

export function joinPath(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

export function listedPath(listing: LayerListing, entry: number): string {
  return joinPath(listing.folders[listing.folderOf[entry]!]!, listing.names[entry]!);
}

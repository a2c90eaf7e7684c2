// A folder read as an image: every step opens a name below an open folder and follows no link, so nothing that changes meanwhile leads out of it.
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  statfsSync,
} from "node:fs";
import { Fault } from "../../../base/fault.ts";
import { imageLimits, type TreeEntry } from "../image-source.ts";
import type { GapList } from "./gaps.ts";

export interface WalkOptions {
  /** Other file systems mounted below are told as gaps, not walked. Absent: local ones are walked, the kernel's and the network's are not. */
  readonly isOneFileSystem?: boolean;
  /** Folders (no leading "/") that are not walked, each with the reason. */
  readonly leftOut: ReadonlyMap<string, string>;
}

/** A folder deeper than this is a gap: each level holds an open file while it is walked. */
export const depthMax = 200;
const pieceBytes = 512 * 1024;

const isLinux = process.platform === "linux";
const folderFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const fileFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

interface Folder {
  readonly descriptor: number;
  /** Without a trailing slash; where the descriptor cannot be used as a path. */
  readonly path: string;
}

/** The kernel's openat by other means: /proc/self/fd/N is the folder itself, whatever has become of its path. */
function below(folder: Folder, name: string): string {
  return isLinux ? `/proc/self/fd/${folder.descriptor}/${name}` : `${folder.path}/${name}`;
}

function openFolder(parent: Folder, name: string): Folder {
  return { descriptor: openSync(below(parent, name), folderFlags), path: `${parent.path}/${name}` };
}

/** The root itself may be reached through links. Throws Fault "registry/not-found" or "registry/unreadable". */
export function openRoot(path: string): Folder {
  try {
    return { descriptor: openSync(path, constants.O_RDONLY | constants.O_DIRECTORY), path: path.replace(/\/+$/, "") };
  } catch (thrown) {
    const code = codeOf(thrown);
    const isAbsent = code === "ENOENT" || code === "ENOTDIR";
    throw new Fault(`${path}: ${isAbsent ? "there is no such folder" : `it cannot be opened (${code})`}`, {
      code: isAbsent ? "registry/not-found" : "registry/unreadable",
      kind: isAbsent ? "not-found" : "forbidden",
      ...(code === "EACCES" || code === "EPERM" ? { hint: "run as root, or as whoever may read it" } : {}),
    });
  }
}

interface Walk {
  readonly root: Folder;
  readonly options: WalkOptions;
  readonly gaps: GapList;
  readonly signal: AbortSignal;
  readonly device: number;
  entries: number;
  /** One for all files: they are read one after the other. */
  piece: Buffer | undefined;
}

/** Entries in the order of their names, folders before what is in them. */
export function* walkTree(
  root: Folder,
  options: WalkOptions,
  gaps: GapList,
  signal: AbortSignal,
): Generator<TreeEntry> {
  const { dev: device } = fstatSync(root.descriptor);
  const walk: Walk = { root, options, gaps, signal, device, entries: 0, piece: undefined };
  yield* walkFolder(walk, root, "", 0);
}

function* walkFolder(walk: Walk, folder: Folder, prefix: string, depth: number): Generator<TreeEntry> {
  walk.signal.throwIfAborted();
  for (const name of namesIn(walk, folder, prefix)) {
    if (walk.entries >= imageLimits.entriesMax) {
      walk.gaps.add("limit-reached", prefix, `only the first ${imageLimits.entriesMax} entries were looked at`);
      return;
    }
    const path = prefix === "" ? name : `${prefix}/${name}`;
    const entry = entryOf(walk, folder, name, path);
    if (entry === undefined) continue;
    walk.entries++;
    yield entry;
    if (entry.type !== "directory") continue;
    const reason = walk.options.leftOut.get(path);
    if (reason !== undefined) {
      if (reason !== "") walk.gaps.add("not-supported", path, reason);
    } else if (depth + 1 > depthMax)
      walk.gaps.add("limit-reached", path, `folders deeper than ${depthMax} are not looked at`);
    else yield* stepInto(walk, folder, name, { path, depth });
  }
}

function* stepInto(
  walk: Walk,
  parent: Folder,
  name: string,
  at: { path: string; depth: number },
): Generator<TreeEntry> {
  let folder: Folder;
  try {
    folder = openFolder(parent, name);
  } catch (thrown) {
    walk.gaps.add("file-unreadable", at.path, `folders could not be read (${codeOf(thrown)})`);
    return;
  }
  try {
    const other = otherFileSystem(walk, folder);
    if (other !== "") walk.gaps.add("not-supported", at.path, other);
    else yield* walkFolder(walk, folder, at.path, at.depth + 1);
  } finally {
    closeSync(folder.descriptor);
  }
}

function namesIn(walk: Walk, folder: Folder, prefix: string): string[] {
  try {
    return readdirSync(isLinux ? `/proc/self/fd/${folder.descriptor}` : folder.path).sort();
  } catch (thrown) {
    walk.gaps.add("file-unreadable", prefix, `folders could not be read (${codeOf(thrown)})`);
    return [];
  }
}

function entryOf(walk: Walk, folder: Folder, name: string, path: string): TreeEntry | undefined {
  if (path.length > imageLimits.pathBytesMax) {
    walk.gaps.add("limit-reached", path, "paths that are too long were left out");
    return undefined;
  }
  try {
    const facts = lstatSync(below(folder, name));
    const type = facts.isFile()
      ? "file"
      : facts.isDirectory()
        ? "directory"
        : facts.isSymbolicLink()
          ? "symlink"
          : "other";
    return {
      path,
      type,
      mode: facts.mode & 0o7777,
      uid: facts.uid,
      gid: facts.gid,
      sizeBytes: type === "file" ? facts.size : 0,
      linkTarget: type === "symlink" ? readlinkSync(below(folder, name)) : "",
      pieces: () => readBeneath(walk, path, facts.size),
    };
  } catch (thrown) {
    // Gone between the list and the look is no gap: it is not there.
    if (codeOf(thrown) !== "ENOENT")
      walk.gaps.add("file-unreadable", path, `files could not be looked at (${codeOf(thrown)})`);
    return undefined;
  }
}

/** Magic numbers of statfs(2): what the kernel makes up, and what lies on another machine. */
const madeUp = new Map([
  [0x9fa0, "proc"],
  [0x62656572, "sysfs"],
  [0x1021994, "tmpfs"],
  [0x1373, "devfs"],
  [0x1cd1, "devpts"],
  [0x27e0eb, "cgroup"],
  [0x63677270, "cgroup2"],
  [0x64626720, "debugfs"],
  [0x74726163, "tracefs"],
  [0xcafe4a11, "bpf"],
  [0x73636673, "securityfs"],
  [0x6165676c, "pstore"],
  [0x19800202, "mqueue"],
  [0x958458f6, "hugetlbfs"],
  [0x42494e4d, "binfmt_misc"],
  [0x6e736673, "nsfs"],
]);
const remote = new Map([
  [0x6969, "nfs"],
  [0xff534d42, "cifs"],
  [0xfe534d42, "smb2"],
  [0x65735546, "fuse"],
  [0x00c36400, "ceph"],
  [0x01021997, "9p"],
]);

/** Why a folder on another file system is not walked; "" when it is. */
function otherFileSystem(walk: Walk, folder: Folder): string {
  if (fstatSync(folder.descriptor).dev === walk.device) return "";
  if (walk.options.isOneFileSystem === true) return "file systems mounted below were not looked at";
  const magic = isLinux ? statfsSync(`/proc/self/fd/${folder.descriptor}`).type >>> 0 : 0;
  const name = madeUp.get(magic) ?? remote.get(magic);
  return name === undefined ? "" : `a file system of type ${name} was not looked at`;
}

/** Opens each part below the one before, follows no link, and reads a regular file only, of the size that was listed. Throws Fault "registry/unreadable", "registry/file-changed" or "registry/file-sparse". */
function* readBeneath(walk: Walk, path: string, sizeBytes: number): Generator<Uint8Array> {
  const file = openBeneath(walk.root, path);
  try {
    refuseChanged(file, path, sizeBytes);
    walk.piece ??= Buffer.allocUnsafeSlow(pieceBytes);
    for (let left = sizeBytes; left > 0;) {
      walk.signal.throwIfAborted();
      const bytes = readSync(file, walk.piece, 0, Math.min(left, pieceBytes), null);
      if (bytes === 0) throw changed(path);
      left -= bytes;
      yield walk.piece.subarray(0, bytes);
    }
  } catch (thrown) {
    throw unreadable(path, thrown, walk.signal);
  } finally {
    closeSync(file);
  }
}

function openBeneath(root: Folder, path: string): number {
  const parts = path.split("/");
  const name = parts.pop() ?? "";
  const open: Folder[] = [];
  try {
    if ([...parts, name].some((part) => part === "" || part === "." || part === ".."))
      throw new Error("not a plain path");
    let folder = root;
    for (const part of parts) {
      folder = openFolder(folder, part);
      open.push(folder);
    }
    return openSync(below(folder, name), fileFlags);
  } catch (thrown) {
    throw unreadable(path, thrown);
  } finally {
    for (const folder of open) closeSync(folder.descriptor);
  }
}

function refuseChanged(descriptor: number, path: string, sizeBytes: number): void {
  const facts = fstatSync(descriptor);
  if (!facts.isFile())
    throw new Fault(`${path}: it is no regular file`, { code: "registry/unreadable", kind: "usage" });
  if (facts.size !== sizeBytes) throw changed(path);
  if (sizeBytes > imageLimits.sparseBytesMax && facts.blocks * 512 < sizeBytes) {
    throw new Fault(
      `${path}: it is a sparse file of more than ${imageLimits.sparseBytesMax} bytes, which is not read`,
      {
        code: "registry/file-sparse",
        kind: "too-large",
      },
    );
  }
}

function changed(path: string): Fault {
  return new Fault(`${path}: it changed while it was read`, { code: "registry/file-changed", kind: "conflict" });
}

/** An abort's reason stays what it is. */
function unreadable(path: string, thrown: unknown, signal?: AbortSignal): unknown {
  if (thrown instanceof Fault || (signal?.aborted === true && thrown === signal.reason)) return thrown;
  return new Fault(`${path}: it cannot be read (${codeOf(thrown)})`, {
    code: "registry/unreadable",
    kind: "unavailable",
    cause: thrown,
  });
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown";
}

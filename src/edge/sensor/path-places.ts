// Where a path leads that the kernel only told as asked (renamed, removed, linked ... files have no descriptor): walked inside the process's own
// root right after the deed, never waiting for a filesystem (safe-walk.ts). A process that is gone is looked at through its parent in the same mount namespace.
import { closeSync, readlinkSync } from "node:fs";
import { createSafeWalker, openRoot, placeInCache, type SafeWalker } from "./safe-walk.ts";

export interface PathQuestion {
  readonly pid: number;
  readonly parentPid: number;
  /** Inode number of the mount namespace. */
  readonly mountNamespace: number;
  /** From the top of its tree of mounts; of a process in a chroot it begins with that folder. */
  readonly path: string;
  /** Whether a symbolic link in the last place is followed too. */
  readonly followsLast: boolean;
  /** The process's root, from the top too, where the kernel told it; absent: it is looked up. Links do not lead out of it. */
  readonly root?: string | undefined;
}

export interface PathPlaces {
  /** The path without symbolic links; as asked (but without "." and "..") when nobody of that namespace is left to look through. */
  resolve(question: PathQuestion): string;
  /** Lets so many more be walked; called once per turn of the reader. */
  newTurn(): void;
  close(): void;
  /** Paths that were not walked because too many came at once, nobody was there to look through, or looking could have meant waiting. */
  unwalked(): number;
}

/** Of a turn's walks nobody's namespace gets more than its share: who floods takes none of those of others. */
export const placesLimits = {
  walksPerTurnMax: 1024,
  walksOfNamespaceMax: 256,
  rootsPerTurnMax: 256,
  componentsMax: 256,
} as const;

export function createPathPlaces(procPath = "/proc"): PathPlaces {
  const turn = createShares();
  let unwalked = 0;
  const roots = createRoots(procPath);
  const folders = createFolders(() => (unwalked += 1));
  let wasAsked = false;

  return {
    resolve(question) {
      wasAsked = true;
      for (;;) {
        const root = turn.hasLeft(question.mountNamespace) ? roots.of(question) : undefined;
        const path = root === undefined ? undefined : withinRoot(root.path, question.path);
        if (root === undefined || path === undefined) {
          unwalked += 1;
          return joinAsWritten(question.path);
        }
        turn.take(question.mountNamespace);
        const place = folders.walk(root, path, question.followsLast);
        // Else through the next one, of those that are left.
        if (roots.isWhole(root)) return place;
      }
    },
    newTurn: () => {
      if (!wasAsked) return;
      wasAsked = false;
      turn.begin();
      folders.forget();
      roots.clear();
    },
    close: () => {
      folders.forget();
      roots.close();
    },
    unwalked: () => unwalked,
  };
}

/** Walks in roots, and keeps where folders lead for a turn. */
function createFolders(onBlocked: () => void) {
  /** Where folders lead, in this turn: files come in rows from few folders. */
  const folders = new Map<string, string | undefined>();

  /** The place from the top of the tree of mounts; undefined when it is not there, or could not be looked at without waiting. */
  function placeOf(root: Root, path: string, followsLast: boolean): string | undefined {
    const cached = placeInCache(root.descriptor, path, followsLast);
    if ("path" in cached) return cached.path;
    if (cached.error !== "EAGAIN") return undefined;
    const walked = root.walker().walk(root.descriptor, path, { followsLast });
    if (walked === "blocked") onBlocked();
    return typeof walked === "string" ? undefined : below(root.path, walked.path);
  }

  function folderOf(root: Root, folder: string): string | undefined {
    const key = `${root.descriptor} ${folder}`;
    if (!folders.has(key)) folders.set(key, placeOf(root, folder, true));
    return folders.get(key);
  }

  /** What is not there has a folder that is, or that one has. */
  function walk(root: Root, path: string, followsLast: boolean): string {
    const asked = trimSlashes(path);
    const end = asked.lastIndexOf("/");
    const last = asked.slice(end + 1);
    if (followsLast || last === "." || last === ".." || last === "") {
      const place = placeOf(root, asked === "" ? "/" : asked, true);
      if (place !== undefined) return place;
    }
    let at = end;
    for (let steps = 0; at > 0 && steps < placesLimits.componentsMax; steps += 1) {
      const folder = folderOf(root, asked.slice(0, at));
      if (folder !== undefined) return joinAsWritten(below(folder, asked.slice(at)));
      at = asked.lastIndexOf("/", at - 1);
    }
    return joinAsWritten(below(root.path, asked));
  }

  return { walk, forget: () => folders.clear() };
}

function createShares() {
  const ofNamespaces = new Map<number, number>();
  let taken = 0;
  return {
    hasLeft: (namespace: number): boolean =>
      taken < placesLimits.walksPerTurnMax && (ofNamespaces.get(namespace) ?? 0) < placesLimits.walksOfNamespaceMax,
    take(namespace: number): void {
      taken += 1;
      ofNamespaces.set(namespace, (ofNamespaces.get(namespace) ?? 0) + 1);
    },
    begin(): void {
      taken = 0;
      ofNamespaces.clear();
    },
  };
}

/** What /proc says of processes in this turn, and their opened roots. */
function createLookers(procPath: string) {
  const namespaces = new Map<number, string | undefined>();
  function namespaceOf(pid: number): string | undefined {
    if (!namespaces.has(pid)) namespaces.set(pid, readLink(`${procPath}/${pid}/ns/mnt`));
    return namespaces.get(pid);
  }

  const rootPaths = new Map<number, string | undefined>();
  /** Undefined: it is gone, or is somebody else now. */
  function rootPathOf(pid: number, namespace: string): string | undefined {
    if (pid <= 0 || namespaceOf(pid) !== namespace) return undefined;
    if (!rootPaths.has(pid)) rootPaths.set(pid, readLink(`${procPath}/${pid}/root`));
    return rootPaths.get(pid);
  }

  const roots = new Map<number, Root | undefined>();
  const opened: number[] = [];
  function open(pid: number, namespace: string): Root | undefined {
    const root = openProcess(procPath, pid);
    if (root === undefined) return undefined;
    opened.push(root.descriptor);
    return { ...root, looker: { pid, namespace } };
  }

  /**
   * Whether the namespace was there to the end of the look. With its last process all its mounts come off, and the kernel writes a path only up to the
   * mount that it is in: a volume's file would have the name of one of the image.
   */
  function isWhole({ looker }: Root): boolean {
    if (looker === undefined || readLink(`${procPath}/${looker.pid}/ns/mnt`) === looker.namespace) return true;
    namespaces.set(looker.pid, undefined);
    roots.set(looker.pid, undefined);
    return false;
  }

  /** Of a process that is in that namespace; undefined when it is not, is gone, or too many are open. */
  function rootOfProcess(pid: number, namespace: string): Root | undefined {
    if (pid <= 0 || namespaceOf(pid) !== namespace) return undefined;
    if (!roots.has(pid) && roots.size < placesLimits.rootsPerTurnMax) roots.set(pid, open(pid, namespace));
    return roots.get(pid);
  }

  function clear(): void {
    if (namespaces.size > 0) namespaces.clear();
    if (rootPaths.size > 0) rootPaths.clear();
    if (roots.size === 0) return;
    for (const descriptor of opened.splice(0)) closeSync(descriptor);
    roots.clear();
  }

  return { rootPathOf, rootOf: rootOfProcess, isWhole, clear };
}

/**
 * Through whom a mount namespace can be looked at. The agent's own and the machine's first one stay open: most deeds are done there, and an open root keeps
 * nothing of theirs. Those of containers are held for a turn only, so that their filesystems can go; a turn is a moment.
 */
function createRoots(procPath: string) {
  const lasting = createLastingRoots(procPath);
  const lookers = createLookers(procPath);

  function of({ pid, parentPid, mountNamespace, root: told }: PathQuestion): Root | undefined {
    const wanted = `mnt:[${mountNamespace}]`;
    const here = lasting.of(wanted);
    if (here !== undefined) {
      const rootPath = told ?? lookers.rootPathOf(pid, wanted) ?? lookers.rootPathOf(parentPid, wanted);
      // Where nothing says otherwise it is nobody in a chroot.
      if (rootPath === undefined || rootPath === here.path) return here;
    }
    for (const looker of [pid, parentPid]) {
      const root = lookers.rootOf(looker, wanted);
      // It went since its namespace was read, or is not in the chroot that the other one was in.
      if (root !== undefined && (told === undefined || told === root.path)) return root;
    }
    return undefined;
  }

  function clear(): void {
    lasting.newTurn();
    lookers.clear();
  }

  return {
    of,
    isWhole: lookers.isWhole,
    clear,
    close(): void {
      clear();
      lasting.close();
    },
  };
}

/** By their names in /proc; a process's namespace can change, and the first process's of a machine does not. */
function createLastingRoots(procPath: string) {
  const known = new Map<string, { readonly pid: number | "self"; root: Root | undefined }>();
  for (const pid of [1, "self"] as const) {
    const namespace = readLink(`${procPath}/${pid}/ns/mnt`);
    if (namespace !== undefined && !known.has(namespace)) known.set(namespace, { pid, root: undefined });
  }
  return {
    of(namespace: string): Root | undefined {
      const each = known.get(namespace);
      if (each === undefined) return undefined;
      each.root ??= openProcess(procPath, each.pid);
      return each.root;
    },
    /** What was mounted since is looked at anew. */
    newTurn(): void {
      for (const each of known.values())
        if (each.root?.isWalkerUsed() === true)
          each.root = rootOf(procPath, each.pid, { descriptor: each.root.descriptor, path: each.root.path });
    },
    close(): void {
      for (const each of known.values()) {
        if (each.root !== undefined) closeSync(each.root.descriptor);
        each.root = undefined;
      }
    },
  };
}

interface Root {
  readonly descriptor: number;
  /** From the top of the tree of mounts: "/" but for a process in a chroot. */
  readonly path: string;
  /** Through whom it was opened, where it is not one of those that stay. */
  readonly looker?: { readonly pid: number; readonly namespace: string };
  walker(): SafeWalker;
  isWalkerUsed(): boolean;
}

function openProcess(procPath: string, pid: number | "self"): Root | undefined {
  const descriptor = openRoot(`${procPath}/${pid}/root`);
  if (descriptor === undefined) return undefined;
  const path = readLink(`/proc/self/fd/${descriptor}`);
  if (path === undefined) {
    closeSync(descriptor);
    return undefined;
  }
  return rootOf(procPath, pid, { descriptor, path });
}

function rootOf(procPath: string, pid: number | "self", opened: Pick<Root, "descriptor" | "path">): Root {
  let walker: SafeWalker | undefined;
  return {
    ...opened,
    walker: () => (walker ??= createSafeWalker(`${procPath}/${pid}/mountinfo`, `${procPath}/1/mountinfo`)),
    isWalkerUsed: () => walker !== undefined,
  };
}

/** `rest` begins with "/". */
function below(folder: string, rest: string): string {
  return folder === "/" ? rest : rest === "/" ? folder : folder + rest;
}

/** The path as a process with that root would say it; undefined when it is not below it. */
function withinRoot(root: string, path: string): string | undefined {
  if (root === "/") return path;
  if (path === root) return "/";
  return path.startsWith(`${root}/`) ? path.slice(root.length) : undefined;
}

function trimSlashes(path: string): string {
  let end = path.length;
  while (end > 0 && path[end - 1] === "/") end -= 1;
  return path.slice(0, end);
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // Gone, or no link: both are an answer to the one who asks.
    return undefined;
  }
}

/** Empty parts, "." or "..", or no slash in front. */
function isUnclean(path: string): boolean {
  return !path.startsWith("/") || /\/\.{0,2}(?:\/|$)/.test(path);
}

/** Without empty parts, "." and "..", as if there were no links. */
export function joinAsWritten(path: string): string {
  if (!isUnclean(path)) return path;
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

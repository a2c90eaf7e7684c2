// Where a path leads that the kernel only told as asked (renamed, removed, linked ... files have no descriptor): walked inside the process's own
// root, link by link, right after the deed. A process that is gone is looked at through its parent in the same mount namespace.
import { lstatSync, readlinkSync } from "node:fs";

export interface PathQuestion {
  readonly pid: number;
  readonly parentPid: number;
  /** Inode number of the mount namespace. */
  readonly mountNamespace: number;
  /** Absolute, as the process sees it. */
  readonly path: string;
  /** Whether a symbolic link in the last place is followed too. */
  readonly followsLast: boolean;
}

export interface PathPlaces {
  /** The path without symbolic links; as asked (but without "." and "..") when nobody of that namespace is left to look through. */
  resolve(question: PathQuestion): string;
  /** Lets so many more be walked; called once per turn of the reader. */
  newTurn(): void;
  /** Paths that were not walked because too many came at once, or nobody was there to look through. */
  unwalked(): number;
}

export const placesLimits = { walksPerTurnMax: 512, linksMax: 40, componentsMax: 256 } as const;

export function createPathPlaces(procPath = "/proc"): PathPlaces {
  let left: number = placesLimits.walksPerTurnMax;
  let unwalked = 0;
  const ownNamespace = readLink(`${procPath}/self/ns/mnt`);

  /** Namespaces of processes as read in this turn: a turn is a moment. */
  const namespaces = new Map<number, string | undefined>();
  function namespaceOf(pid: number): string | undefined {
    if (!namespaces.has(pid)) namespaces.set(pid, readLink(`${procPath}/${pid}/ns/mnt`));
    return namespaces.get(pid);
  }

  /** Where folders lead, as walked in this turn, by root and folder: files come in rows from few folders. */
  const folders = new Map<string, string>();
  function walkFrom(root: string, path: string, followsLast: boolean): string {
    const end = path.lastIndexOf("/");
    if (end <= 0 || isUnclean(path)) return walk(root, path, followsLast);
    const key = `${root} ${path.slice(0, end)}`;
    let folder = folders.get(key);
    if (folder === undefined) {
      folder = walk(root, path.slice(0, end), true);
      folders.set(key, folder);
    }
    const place = folder === "/" ? path.slice(end) : folder + path.slice(end);
    return followsLast && isLink(root + place) ? walk(root, path, true) : place;
  }

  /** The folder that is "/" for somebody of that mount namespace; undefined when nobody is there. */
  function rootOf({ pid, parentPid, mountNamespace }: PathQuestion): string | undefined {
    const wanted = `mnt:[${mountNamespace}]`;
    for (const candidate of [pid, parentPid]) {
      if (candidate > 0 && namespaceOf(candidate) === wanted) return `${procPath}/${candidate}/root`;
    }
    return ownNamespace === wanted ? "" : undefined;
  }

  return {
    resolve(question) {
      const root = left > 0 ? rootOf(question) : undefined;
      if (root === undefined) {
        unwalked += 1;
        return joinAsWritten(question.path);
      }
      left -= 1;
      return walkFrom(root, question.path, question.followsLast);
    },
    newTurn: () => {
      left = placesLimits.walksPerTurnMax;
      namespaces.clear();
      folders.clear();
    },
    unwalked: () => unwalked,
  };
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // Gone, or no link: both are an answer to the one who asks.
    return undefined;
  }
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  } catch {
    // Not a folder on the way, or not to be looked at: it is no link that could be followed.
    return false;
  }
}

function walk(root: string, path: string, followsLast: boolean): string {
  const open = path.split("/").reverse();
  const done: string[] = [];
  let links = 0;
  for (let step = 0; open.length > 0 && step < placesLimits.componentsMax; step += 1) {
    const name = open.pop() ?? "";
    if (name === "" || name === ".") continue;
    if (name === "..") {
      done.pop();
      continue;
    }
    const here = `/${[...done, name].join("/")}`;
    const isLast = open.every((rest) => rest === "" || rest === ".");
    if ((isLast && !followsLast) || links >= placesLimits.linksMax || !isLink(root + here)) {
      done.push(name);
      continue;
    }
    links += 1;
    const target = readLink(root + here);
    if (target === undefined) {
      done.push(name);
      continue;
    }
    if (target.startsWith("/")) done.length = 0;
    open.push(...target.split("/").reverse());
  }
  return `/${[...done, ...open.reverse()].join("/")}`;
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

// Where a file that a container opens lies on the host's own file systems, when a mount of a host's folder leads there: by the mount tables of both, whatever
// the folder is called inside. The container's root, its volumes and what the runtime keeps are its own, not the host's.
import { readFileSync, readlinkSync } from "node:fs";
import type { PathQuestion } from "./path-places.ts";
import { localFilesystems } from "./safe-walk.ts";

export type HostFileQuestion = Omit<PathQuestion, "followsLast">;

export interface HostFolders {
  /** The path on the host; undefined for a file of the container's own, and when its mounts could not be read (counted). */
  pathOf(question: HostFileQuestion): string | undefined;
  /** Something was mounted, unmounted or pivoted in that mount namespace. */
  changed(mountNamespace: number): void;
  newTurn(): void;
  /** Files of namespaces that could not be looked at: too many at once, or nobody of them was left. */
  unread(): number;
}

export const hostFolderLimits = { namespacesMax: 4096, readsPerTurnMax: 64, readAgainMs: 10_000 } as const;

/** Below these lie images, volumes and sockets that a runtime or the kubelet gave to the container on purpose. */
const storageFolders = [
  "/var/lib/docker/",
  "/var/lib/containerd/",
  "/var/lib/containers/",
  "/var/lib/crio/",
  "/var/lib/kubelet/pods/",
  "/var/lib/rancher/k3s/agent/containerd/",
  "/run/containerd/",
  "/run/containers/",
  "/run/docker/",
  "/run/crio/",
  "/run/runc/",
  "/run/k3s/containerd/",
  "/var/snap/microk8s/common/var/lib/containerd/",
] as const;

/** One line of mountinfo. */
interface Mount {
  readonly device: string;
  /** The folder of the file system that is mounted. */
  readonly root: string;
  readonly place: string;
  readonly isLocal: boolean;
}

interface Place {
  readonly place: string;
  /** Of the host; undefined: another mount lies here. */
  readonly hostPath: string | undefined;
}

interface Known {
  readAtMs: number;
  isStale: boolean;
  /** The longest place first; empty when nothing of the host is mounted. */
  places: readonly Place[];
}

export function createHostFolders(procPath = "/proc", nowMs: () => number = () => performance.now()): HostFolders {
  const own = new Set(["1", "self"].map((pid) => readNamespace(procPath, pid)));
  const known = new Map<number, Known>();
  let host: { readonly atMs: number; readonly mounts: readonly Mount[] } | undefined;
  let left: number = hostFolderLimits.readsPerTurnMax;
  let unread = 0;

  function hostMounts(): readonly Mount[] {
    const atMs = nowMs();
    if (host === undefined || atMs - host.atMs > hostFolderLimits.readAgainMs)
      host = { atMs, mounts: readMounts(procPath, 1) ?? [] };
    return host.mounts;
  }

  function read({ pid, parentPid, mountNamespace }: HostFileQuestion): readonly Place[] | undefined {
    for (const looker of [pid, parentPid]) {
      if (looker <= 0 || left <= 0) continue;
      left -= 1;
      if (readNamespace(procPath, looker) !== mountNamespace) continue;
      const mounts = readMounts(procPath, looker);
      if (mounts !== undefined) return placesOf(mounts, hostMounts());
    }
    return undefined;
  }

  function placesIn(question: HostFileQuestion): readonly Place[] | undefined {
    const { mountNamespace } = question;
    const before = known.get(mountNamespace);
    const isOld = before === undefined || nowMs() - before.readAtMs > hostFolderLimits.readAgainMs;
    if (before !== undefined && !before.isStale && !isOld) return before.places;
    const places = read(question);
    if (places === undefined) {
      // What was true a moment ago is better than nothing, but not after its root has changed.
      if (before !== undefined && !before.isStale) return before.places;
      unread += 1;
      return undefined;
    }
    known.delete(mountNamespace);
    known.set(mountNamespace, { readAtMs: nowMs(), isStale: false, places });
    if (known.size > hostFolderLimits.namespacesMax) {
      const [oldest = 0] = known.keys();
      known.delete(oldest);
    }
    return places;
  }

  return {
    pathOf(question) {
      if (question.mountNamespace === 0 || own.has(question.mountNamespace)) return undefined;
      const places = placesIn(question);
      if (places === undefined || places.length === 0) return undefined;
      const { path } = question;
      const found = places.find(({ place }) => path === place || path.startsWith(place === "/" ? "/" : `${place}/`));
      if (found?.hostPath === undefined) return undefined;
      return joined(found.hostPath, path.slice(found.place === "/" ? 0 : found.place.length));
    },
    changed(mountNamespace) {
      const before = known.get(mountNamespace);
      if (before !== undefined) before.isStale = true;
    },
    newTurn: () => {
      left = hostFolderLimits.readsPerTurnMax;
    },
    unread: () => unread,
  };
}

/** A host's folder and what lies in it; none when no mount of the container is one. */
function placesOf(mounts: readonly Mount[], ofHost: readonly Mount[]): readonly Place[] {
  const places = new Map<string, Place>();
  // A later mount lies over an earlier one.
  for (const mount of mounts) places.set(mount.place, { place: mount.place, hostPath: hostPathOf(mount, ofHost) });
  const all = [...places.values()];
  if (all.every(({ hostPath }) => hostPath === undefined)) return [];
  return all.toSorted((one, other) => other.place.length - one.place.length);
}

function hostPathOf(mount: Mount, ofHost: readonly Mount[]): string | undefined {
  // The root is the container's image, also where it is a plain folder of the host.
  if (!mount.isLocal || mount.place === "/") return undefined;
  let best: Mount | undefined;
  for (const each of ofHost) {
    if (each.device !== mount.device || !each.isLocal || !isWithin(mount.root, each.root)) continue;
    if (best === undefined || each.root.length > best.root.length) best = each;
  }
  if (best === undefined) return undefined;
  const path = joined(best.place, best.root === "/" ? mount.root : mount.root.slice(best.root.length));
  return storageFolders.some((folder) => path.startsWith(folder)) ? undefined : path;
}

function isWithin(path: string, folder: string): boolean {
  return folder === "/" || path === folder || path.startsWith(`${folder}/`);
}

/** `rest` is "" or begins with "/". */
function joined(folder: string, rest: string): string {
  if (rest === "" || rest === "/") return folder;
  return folder === "/" ? rest : folder + rest;
}

function readNamespace(procPath: string, pid: number | string): number | undefined {
  try {
    return Number(/\d+/.exec(readlinkSync(`${procPath}/${pid}/ns/mnt`))?.[0]);
  } catch {
    // The process is gone.
    return undefined;
  }
}

/** Lines of mountinfo: number, parent, device, root, place, options ... - filesystem source options. */
function readMounts(procPath: string, pid: number): readonly Mount[] | undefined {
  let text = "";
  try {
    text = readFileSync(`${procPath}/${pid}/mountinfo`, "utf8");
  } catch {
    return undefined;
  }
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [, , device = "", root = "", place = ""] = line.split(" ", 5);
      const filesystem = line.slice(line.indexOf(" - ") + 3).split(" ", 1)[0] ?? "";
      return { device, root: unescaped(root), place: unescaped(place), isLocal: localFilesystems.has(filesystem) };
    });
}

/** Blanks and the like stand as octal numbers there. */
function unescaped(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

// Where a file that a container opens lies on the host's own file systems, when a mount of a host's folder leads there: by the mount tables of both, whatever
// the folder is called inside. The container's root, its volumes and what the runtime keeps are its own, not the host's.
import { readlinkSync } from "node:fs";
import { createFolderTable, type FolderTable } from "./folder-table.ts";
import { readMounts, reachableMounts, type Mount } from "./mount-table.ts";
import type { PathQuestion } from "./path-places.ts";

export type HostFileQuestion = Omit<PathQuestion, "followsLast" | "root">;

export interface HostFolders {
  /** The path on the host; undefined for a file of the container's own, and when its mounts could not be read (counted). */
  pathOf(question: HostFileQuestion): string | undefined;
  /** Something was mounted, unmounted or pivoted in that mount namespace. */
  changed(mountNamespace: number): void;
  newTurn(): void;
  /** Files of namespaces that could not be looked at: too many at once, too many mounts, mounts that change too often, or nobody of them was left. */
  unread(): number;
}

export const hostFolderLimits = {
  namespacesMax: 4096,
  /** Of one namespace; beyond it none of its files has a place on the host. */
  mountsMax: 4096,
  machineMountsMax: 65_536,
  looksPerTurnMax: 256,
  /** Looks in vain of one namespace: where nobody of it is left, each of its many events would look again. */
  missesOfNamespaceMax: 8,
  /** A namespace whose mounts change is read again so often that no more of them are read in a second: with as many as there may be, once. */
  mountsPerSecondMax: 4096,
  /** Of all namespaces together. */
  mountsOfAllPerSecondMax: 32_768,
  /** Of the places of all namespaces. */
  charactersMax: 16 * 1024 * 1024,
  readAgainMs: 10_000,
} as const;

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

type Places = FolderTable<string | undefined>;

interface Known {
  readonly readAtMs: number;
  isStale: boolean;
  /** Host's folders and what covers parts of them; "too-many": nothing is known of its files. */
  readonly places: Places | "too-many";
  readonly allowance: Allowance;
}

/** The machine's own mounts. */
interface Machine {
  readonly root: Mount | undefined;
  /** By device: which folder of the file system stands where. */
  readonly placesByDevice: ReadonlyMap<string, FolderTable<string>>;
}

export function createHostFolders(procPath = "/proc", nowMs: () => number = () => performance.now()): HostFolders {
  const own = new Set(["1", "self"].map((pid) => readNamespace(procPath, pid)));
  const known = createKnown();
  const reader = createReader(procPath, nowMs);
  let unread = 0;

  function placesIn(question: HostFileQuestion): Places | "too-many" | undefined {
    const { mountNamespace } = question;
    const before = known.get(mountNamespace);
    const isOld = before === undefined || nowMs() - before.readAtMs > hostFolderLimits.readAgainMs;
    if (before !== undefined && !before.isStale && !isOld) return before.places;
    const now = reader.read(question, before?.allowance ?? createAllowance(hostFolderLimits.mountsPerSecondMax));
    if (now !== undefined) known.set(mountNamespace, now);
    // What was true a moment ago is better than nothing, but not after its root has changed.
    else if (before !== undefined && !before.isStale) return before.places;
    return now?.places;
  }

  return {
    pathOf(question) {
      if (question.mountNamespace === 0 || own.has(question.mountNamespace)) return undefined;
      const places = placesIn(question);
      if (places === undefined || places === "too-many") {
        unread += 1;
        return undefined;
      }
      const { path } = question;
      const found = places.find(path);
      if (found?.value === undefined) return undefined;
      return joined(found.value, path.slice(found.folder === "/" ? 0 : found.folder.length));
    },
    changed(mountNamespace) {
      const before = known.get(mountNamespace);
      if (before !== undefined) before.isStale = true;
    },
    newTurn: reader.newTurn,
    unread: () => unread,
  };
}

/** Reads mounts of namespaces and of the machine, as much as may be read. */
function createReader(procPath: string, nowMs: () => number) {
  const ofAll = createAllowance(hostFolderLimits.mountsOfAllPerSecondMax);
  let machine: { readonly atMs: number; readonly is: Machine | undefined } | undefined;
  let left: number = hostFolderLimits.looksPerTurnMax;
  const misses = new Map<number, number>();

  function machineNow(): Machine | undefined {
    const atMs = nowMs();
    if (machine === undefined || atMs - machine.atMs > hostFolderLimits.readAgainMs)
      machine = { atMs, is: readMachine(procPath) };
    return machine.is;
  }

  /** Whoever is not in a chroot sees all mounts: the others are asked last. */
  function lookersOf({ pid, parentPid, mountNamespace }: HostFileQuestion): readonly Looker[] {
    const lookers: Looker[] = [];
    for (const looker of [pid, parentPid]) {
      const missed = misses.get(mountNamespace) ?? 0;
      if (looker <= 0 || left <= 0 || missed >= hostFolderLimits.missesOfNamespaceMax) continue;
      left -= 1;
      if (readNamespace(procPath, looker) !== mountNamespace) {
        misses.set(mountNamespace, missed + 1);
        continue;
      }
      const root = readRoot(procPath, looker);
      if (root === "/") return [{ pid: looker, root }, ...lookers];
      lookers.push({ pid: looker, root });
    }
    return lookers;
  }

  function read(question: HostFileQuestion, allowance: Allowance): Known | undefined {
    const atMs = nowMs();
    if (!allowance.isLeft(atMs) || !ofAll.isLeft(atMs)) return undefined;
    const host = machineNow();
    if (host === undefined) return undefined;
    for (const { pid, root } of lookersOf(question)) {
      const mounts = readMounts(`${procPath}/${pid}/mountinfo`, hostFolderLimits.mountsMax);
      if (mounts === undefined) continue;
      const count = mounts === "too-many" ? hostFolderLimits.mountsMax : mounts.length;
      allowance.take(count);
      ofAll.take(count);
      const places = mounts === "too-many" ? mounts : placesOf(mounts, root, host);
      // What somebody in a chroot sees is not all that others see.
      return { readAtMs: atMs, isStale: root !== "/", places, allowance };
    }
    return undefined;
  }

  return {
    read,
    newTurn: (): void => {
      left = hostFolderLimits.looksPerTurnMax;
      if (misses.size > 0) misses.clear();
    },
  };
}

/** Through whom a namespace is looked at; its root, from the top of the tree of mounts. */
interface Looker {
  readonly pid: number;
  readonly root: string;
}

interface Allowance {
  isLeft(nowMs: number): boolean;
  take(count: number): void;
}

/** So many in a second. The last one to take may take more than is left. */
function createAllowance(perSecond: number): Allowance {
  let sinceMs = Number.NEGATIVE_INFINITY;
  let left = perSecond;
  return {
    isLeft(nowMs) {
      if (nowMs - sinceMs >= 1000) {
        sinceMs = nowMs;
        left = perSecond;
      }
      return left > 0;
    },
    take(count) {
      left -= count;
    },
  };
}

/** By mount namespace; who was read longest ago leaves. */
function createKnown() {
  const known = new Map<number, Known>();
  let characters = 0;
  const weightOf = ({ places }: Known): number => (places === "too-many" ? 0 : places.weight);
  function remove(mountNamespace: number): void {
    const before = known.get(mountNamespace);
    if (before === undefined) return;
    characters -= weightOf(before);
    known.delete(mountNamespace);
  }
  return {
    get: (mountNamespace: number) => known.get(mountNamespace),
    set(mountNamespace: number, now: Known): void {
      remove(mountNamespace);
      known.set(mountNamespace, now);
      characters += weightOf(now);
      while (known.size > hostFolderLimits.namespacesMax || characters > hostFolderLimits.charactersMax) {
        const [oldest = 0] = known.keys();
        remove(oldest);
      }
    },
  };
}

function placesOf(mounts: readonly Mount[], root: string, machine: Machine): Places {
  const reachable = reachableMounts(mounts);
  const entries = reachable.map((mount) => {
    const folder = joined(root, mount.place);
    return { folder: copied(folder), value: hostPathOf({ ...mount, place: folder }, machine) };
  });
  // With two roots one on the other a path says not which of them it begins in: what may be the host's is.
  const isDoubtful = reachable.filter(({ place }) => place === "/").length > 1;
  return createFolderTable(
    isDoubtful ? entries.filter(({ value }) => value !== undefined) : entries,
    (value, around) => value !== undefined || around !== undefined,
  );
}

function hostPathOf({ place, device, root, isLocal }: Mount, machine: Machine): string | undefined {
  if (!isLocal) return undefined;
  // The root is the container's image, also where it is a plain folder of the host; but the host's own root is nobody's image.
  if (place === "/" && (device !== machine.root?.device || root !== machine.root.root)) return undefined;
  const best = machine.placesByDevice.get(device)?.find(root);
  if (best === undefined) return undefined;
  const path = joined(best.value, best.folder === "/" ? root : root.slice(best.folder.length));
  return storageFolders.some((folder) => path.startsWith(folder)) ? undefined : copied(path);
}

/** Undefined: it could not be read, or has more mounts than are looked at. */
function readMachine(procPath: string): Machine | undefined {
  const mounts = readMounts(`${procPath}/1/mountinfo`, hostFolderLimits.machineMountsMax);
  if (mounts === undefined || mounts === "too-many") return undefined;
  const byDevice = new Map<string, Map<string, string>>();
  for (const { device, root, place, isLocal } of mounts) {
    if (!isLocal) continue;
    const folders = byDevice.get(device) ?? new Map<string, string>();
    byDevice.set(device, folders);
    if (!folders.has(root)) folders.set(root, place);
  }
  const placesByDevice = new Map<string, FolderTable<string>>();
  for (const [device, folders] of byDevice)
    placesByDevice.set(device, createFolderTable([...folders].map(([folder, value]) => ({ folder, value }))));
  return { root: reachableMounts(mounts).findLast(({ place }) => place === "/"), placesByDevice };
}

/** `rest` is "" or begins with "/". */
function joined(folder: string, rest: string): string {
  if (rest === "" || rest === "/") return folder;
  return folder === "/" ? rest : folder + rest;
}

/** A piece of a text keeps all of it in memory; this one keeps itself. */
function copied(text: string): string {
  return Buffer.from(text).toString("utf8");
}

function readNamespace(procPath: string, pid: number | string): number | undefined {
  try {
    return Number(/\d+/.exec(readlinkSync(`${procPath}/${pid}/ns/mnt`))?.[0]);
  } catch {
    // The process is gone.
    return undefined;
  }
}

function readRoot(procPath: string, pid: number): string {
  try {
    return readlinkSync(`${procPath}/${pid}/root`);
  } catch {
    // The process is gone, and its mounts will not be read either.
    return "/";
  }
}

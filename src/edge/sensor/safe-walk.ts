// Looks at paths of workloads without ever waiting for a filesystem: a dead FUSE or network mount of a container must not stop this thread. What the kernel
// has in its cache is taken from there; what is not is looked up only on local filesystems that the machine itself has mounted.
import { constants, openSync, readFileSync, readlinkSync } from "node:fs";
import koffi from "koffi";
import { errnoName, libcLibrary } from "./libbpf.ts";

export const walkLimits = { linksMax: 40, componentsMax: 256, mountsReadEveryMs: 1000, mountsReadAgainMs: 50 } as const;

const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;
const RESOLVE_NO_XDEV = 1;
const RESOLVE_NO_MAGICLINKS = 2;
const RESOLVE_IN_ROOT = 0x10;
const RESOLVE_CACHED = 0x20;
const AT_EMPTY_PATH = 0x1000;
const AT_STATX_DONT_SYNC = 0x4000;
const STATX_BASIC_AND_MOUNT = 0x17ff;
/** Same on every architecture. */
const openat2Number = 437;
/** Their look-ups need no other process and no other machine. Of overlay only what the machine mounted: its layers could be anything else. */
export const localFilesystems: ReadonlySet<string> = new Set([
  "ext4",
  "ext3",
  "ext2",
  "xfs",
  "btrfs",
  "f2fs",
  "tmpfs",
  "overlay",
  "zfs",
]);

/** From statx(2). */
export interface Looked {
  readonly mode: number;
  /** As stat(2) writes it. */
  readonly device: number;
  readonly inode: number;
  readonly mountId: number;
}

export interface Walked {
  /** Without links, from the root that was asked in. */
  readonly path: string;
  /** The last component, which may be a link when it is not followed. */
  readonly looked: Looked;
  /** What the links said that were followed in the last place. */
  readonly lastLinks: readonly string[];
}

interface Calls {
  readonly open: (folder: number, path: string, flags: number, resolve: number) => number;
  readonly look: (descriptor: number) => Looked | undefined;
  readonly readLink: (descriptor: number) => string | undefined;
  readonly close: (descriptor: number) => void;
}

let loaded: Calls | undefined;
function calls(): Calls {
  loaded ??= load();
  return loaded;
}

function load(): Calls {
  const library = libcLibrary();
  const open = library.func("long syscall(long, long, str, void *, long)");
  const statx = library.func("int statx(int, str, int, uint32_t, void *)");
  const readlinkat = library.func("long readlinkat(int, str, void *, size_t)");
  const close = library.func("int close(int)");
  const how = new BigUint64Array(3);
  const status = new DataView(new ArrayBuffer(256));
  const statusBytes = new Uint8Array(status.buffer);
  const target = Buffer.alloc(4096);
  return {
    open: (folder, path, flags, resolve) => {
      how[0] = BigInt(flags | O_PATH | O_CLOEXEC);
      how[2] = BigInt(resolve);
      return Number(open(openat2Number, folder, path, how, 24));
    },
    look: (descriptor) => {
      if (statx(descriptor, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_AND_MOUNT, statusBytes) !== 0)
        return undefined;
      const major = status.getUint32(136, true);
      const minor = status.getUint32(140, true);
      return {
        mode: status.getUint16(28, true),
        device: ((minor & 0xff) | (major << 8)) + (minor & ~0xff) * 4096,
        inode: Number(status.getBigUint64(32, true)),
        mountId: Number(status.getBigUint64(144, true)),
      };
    },
    readLink: (descriptor) => {
      const length = Number(readlinkat(descriptor, "", target, target.length));
      return length < 1 ? undefined : target.toString("utf8", 0, length);
    },
    close: (descriptor) => void close(descriptor),
  };
}

/** A process's root (or another folder) for look-ups below it; undefined when it is not there. To be closed by the caller. */
export function openRoot(path: string): number | undefined {
  try {
    return openSync(path, O_PATH | constants.O_DIRECTORY);
  } catch {
    // The process is gone: nothing can be looked at through it.
    return undefined;
  }
}

/** Where the path (from `root` on) leads, by the kernel's cache alone: its place from the top of the mount tree, or the errno ("EAGAIN": not in the cache). */
export function placeInCache(
  root: number,
  path: string,
  followsLast: boolean,
): { readonly path: string } | { readonly error: string } {
  const { open, close } = calls();
  const flags = followsLast ? 0 : constants.O_NOFOLLOW;
  const descriptor = open(root, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_CACHED);
  if (descriptor < 0) return { error: errnoName(koffi.errno()) };
  try {
    const found = readlinkSync(`/proc/self/fd/${descriptor}`);
    return found.endsWith(" (deleted)") ? { error: "ENOENT" } : { path: found };
  } catch {
    return { error: "ENOENT" };
  } finally {
    close(descriptor);
  }
}

export interface SafeWalker {
  /** Component by component. "blocked": something on the way could have made the caller wait. */
  walk(root: number, path: string, options: { readonly followsLast: boolean }): Walked | "missing" | "blocked";
}

/** For one process's mounts: `mounts` is its mountinfo, `machineMounts` that of the machine (both are read when they are needed). */
export function createSafeWalker(mounts: string, machineMounts: string): SafeWalker {
  const { open, look, readLink, close } = calls();
  let devices: ReadonlyMap<number, string> | undefined;
  function isLocal(mountId: number): boolean {
    devices ??= readMounts(mounts).byId;
    const device = devices.get(mountId);
    return device !== undefined && isLocalDevice(machineMounts, device);
  }

  function step(folder: number, name: string): number | "missing" | "blocked" {
    const found = open(folder, name, constants.O_NOFOLLOW, RESOLVE_CACHED | RESOLVE_NO_MAGICLINKS);
    if (found >= 0) return found;
    if (errnoName(koffi.errno()) !== "EAGAIN") return "missing";
    const looked = look(folder);
    if (looked === undefined || !isLocal(looked.mountId)) return "blocked";
    const slow = open(folder, name, constants.O_NOFOLLOW, RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);
    return slow >= 0 ? slow : "missing";
  }

  return {
    walk(root, path, { followsLast }) {
      const waiting = path
        .split("/")
        .filter((name) => name !== "" && name !== ".")
        .reverse();
      /** Names and descriptors from the root down. */
      const done: { readonly name: string; readonly descriptor: number }[] = [];
      let links = 0;
      const lastLinks: string[] = [];
      try {
        for (let steps = 0; waiting.length > 0; steps += 1) {
          if (steps >= walkLimits.componentsMax) return "missing";
          const name = waiting.pop() ?? "";
          if (name === "..") {
            const left = done.pop();
            if (left !== undefined) close(left.descriptor);
            continue;
          }
          const descriptor = step(done.at(-1)?.descriptor ?? root, name);
          if (typeof descriptor === "string") return descriptor;
          done.push({ name, descriptor });
          const looked = look(descriptor);
          const isLast = waiting.length === 0;
          if (looked === undefined || (looked.mode & constants.S_IFMT) !== constants.S_IFLNK) continue;
          if (isLast && !followsLast) continue;
          links += 1;
          if (links > walkLimits.linksMax) return "missing";
          if (!isLocal(looked.mountId)) return "blocked";
          const target = readLink(descriptor);
          if (target === undefined) return "missing";
          if (isLast) lastLinks.push(target);
          const gone = target.startsWith("/") ? done.splice(0) : done.splice(-1);
          for (const each of gone) close(each.descriptor);
          waiting.push(
            ...target
              .split("/")
              .filter((part) => part !== "" && part !== ".")
              .reverse(),
          );
        }
        const looked = look(done.at(-1)?.descriptor ?? root);
        if (looked === undefined) return "missing";
        return { path: `/${done.map(({ name }) => name).join("/")}`, looked, lastLinks };
      } finally {
        for (const { descriptor } of done) close(descriptor);
      }
    },
  };
}

interface Mounts {
  /** "major:minor" by the mount's number. */
  readonly byId: ReadonlyMap<number, string>;
  /** "major:minor" of local filesystems. */
  readonly local: ReadonlySet<string>;
}

/** Lines of mountinfo: number, parent, device, root, place, options ... - filesystem source options. Nothing there: nothing is known. */
function readMounts(path: string): Mounts {
  const byId = new Map<number, string>();
  const local = new Set<string>();
  let text = "";
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return { byId, local };
  }
  for (const line of text.split("\n")) {
    const [id = "", , device = ""] = line.split(" ", 3);
    const filesystem = line.slice(line.indexOf(" - ") + 3).split(" ", 1)[0] ?? "";
    byId.set(Number(id), device);
    if (localFilesystems.has(filesystem)) local.add(device);
  }
  return { byId, local };
}

/**
 * Whether a device is among what `read` gives. Read again every second, and at once for one that is not there: a container's file system is mounted moments
 * before it does something. A device that is really none of them is asked for all the time, and costs no more reads until the second is over.
 */
export function createDeviceBook(read: () => ReadonlySet<string>, nowMs: () => number): (device: string) => boolean {
  let devices: ReadonlySet<string> = new Set();
  let readAtMs = Number.NEGATIVE_INFINITY;
  let fullAtMs = Number.NEGATIVE_INFINITY;
  const missing = new Set<string>();
  return (device) => {
    const now = nowMs();
    const isOld = now - fullAtMs > walkLimits.mountsReadEveryMs;
    if (isOld || (!devices.has(device) && !missing.has(device) && now - readAtMs > walkLimits.mountsReadAgainMs)) {
      if (isOld) {
        missing.clear();
        fullAtMs = now;
      }
      devices = read();
      readAtMs = now;
      if (!devices.has(device)) missing.add(device);
    }
    return devices.has(device);
  };
}

let known: { readonly path: string; readonly has: (device: string) => boolean } | undefined;
function isLocalDevice(path: string, device: string): boolean {
  if (known?.path !== path)
    known = {
      path,
      has: createDeviceBook(
        () => readMounts(path).local,
        () => performance.now(),
      ),
    };
  return known.has(device);
}

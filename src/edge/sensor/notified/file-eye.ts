// fanotify as events: opens in chosen folders (and that something was written, when it is closed), and which file a process opens in order to run it. Folders of
// containers are those of their own root, found when a process of a new mount namespace runs something.
import { closeSync, fstatSync } from "node:fs";
import type { FileDeedEvent } from "../../../core/sense/deed-events.ts";
import { readLink } from "../proc.ts";
import { fan, parseFileNotices, type FileNotice } from "./file-notices.ts";
import { type FileNotifier, markFlags } from "./libc.ts";
import type { KnownProcess, ProcessBook } from "./process-book.ts";

export const fileEyeLimits = {
  rootsMax: 1024,
  /** A young root is watched anew with every program that starts there, an older one so often. */
  rootIsYoungMs: 5000,
  watchAgainMs: 1000,
  execsMax: 1024,
  readsPerTurnMax: 256,
  openedMax: 65_536,
} as const;

const O_WRONLY = 1;

/** The kernel opens a program's loader in order to run it, too: it is not what is run. */
const loader = /\/ld(-linux[^/]*|-musl[^/]*|-\d[^/]*|64)?\.so(\.\d+)*$/;

/** What is watched of a mount namespace. */
interface Root {
  /** In the namespace: when it has ended, the kernel may have given the namespace's number to another one. */
  readonly pid: number;
  readonly sinceMs: number;
  readonly watchedMs: number;
}

interface Opened {
  readonly pid: number;
  readonly path: string;
  readonly device: number;
  readonly inode: number;
  readonly isWritten: boolean;
}

export interface FileEyeParts {
  readonly notifier: FileNotifier;
  readonly procPath: string;
  /** Absolute; of the machine and of each container's root. */
  readonly folders: readonly string[];
  readonly book: ProcessBook;
  readonly count: (what: string) => void;
  /** This process: it would tell of its own looking. */
  readonly ownPid: number;
}

export interface FileEye {
  /** Marks of the machine's own root; how many of the folders are watched. */
  watchMachine(): number;
  /** Marks the root of a process's mount namespace: when it is a new one, and again, since what is mounted there changes. */
  watchRootOf(pid: number): void;
  /** Reads what waits: execs are remembered, opens are kept until `told`. */
  drain(): void;
  /** The opens read so far; asked for after notices about their processes. */
  told(timeMs: number): FileDeedEvent[];
  /** The file opened for the process's exec; taken. */
  openedForExec(pid: number): string;
}

export function createFileEye(parts: FileEyeParts): FileEye {
  return new Eye(parts);
}

class Eye implements FileEye {
  readonly #parts: FileEyeParts;
  readonly #own: string;
  readonly #roots = new Map<string, Root>();
  readonly #execs = new Map<number, string>();
  readonly #opened: Opened[] = [];

  constructor(parts: FileEyeParts) {
    this.#parts = parts;
    this.#own = this.#namespaceOf("self");
  }

  watchMachine(): number {
    return this.#watch("");
  }

  /** A new namespace shows nothing of the mounts that it has got, for a moment; and a runtime mounts most of them after it was made. */
  watchRootOf(pid: number): void {
    const namespace = this.#namespaceOf(pid);
    if (namespace === "" || namespace === this.#own) return;
    const nowMs = performance.now();
    const before = this.#livingRoot(namespace);
    const isOld = before !== undefined && nowMs - before.sinceMs > fileEyeLimits.rootIsYoungMs;
    if (isOld && nowMs - before.watchedMs < fileEyeLimits.watchAgainMs) return;
    if (before === undefined && !this.#hasRoom()) return this.#parts.count("file-roots");
    this.#roots.set(namespace, { ...(before ?? { pid, sinceMs: nowMs }), watchedMs: nowMs });
    this.#watch(`${this.#parts.procPath}/${pid}/root`);
  }

  #namespaceOf(process: number | "self"): string {
    return readLink(`${this.#parts.procPath}/${process}/ns/mnt`);
  }

  #livingRoot(namespace: string): Root | undefined {
    const root = this.#roots.get(namespace);
    if (root === undefined || this.#namespaceOf(root.pid) === namespace) return root;
    this.#roots.delete(namespace);
    return undefined;
  }

  #hasRoom(): boolean {
    if (this.#roots.size >= fileEyeLimits.rootsMax)
      for (const namespace of this.#roots.keys()) this.#livingRoot(namespace);
    return this.#roots.size < fileEyeLimits.rootsMax;
  }

  drain(): void {
    for (let reads = 0; reads < fileEyeLimits.readsPerTurnMax; reads += 1) {
      const bytes = this.#parts.notifier.read();
      if (bytes === undefined) return;
      const { notices, isWhole } = parseFileNotices(bytes);
      for (const notice of notices) this.#take(notice);
      if (!isWhole) this.#parts.count("file-unreadable");
    }
  }

  told(timeMs: number): FileDeedEvent[] {
    return this.#opened.splice(0).map((each) => eventOf(each, this.#parts.book.lately(each.pid), timeMs));
  }

  openedForExec(pid: number): string {
    const path = this.#execs.get(pid) ?? "";
    this.#execs.delete(pid);
    return path;
  }

  /** Every run of a program of that file system; opens only in the folders, which are few. How many of them are watched. */
  #watch(root: string): number {
    const { notifier, folders } = this.#parts;
    notifier.mark(root === "" ? "/" : root, markFlags.ADD | markFlags.FILESYSTEM, fan.OPEN_EXEC);
    const mask = fan.OPEN | fan.CLOSE_WRITE | fan.EVENT_ON_CHILD;
    return folders.filter((folder) => notifier.mark(`${root}${folder}`, markFlags.ADD, mask) === "").length;
  }

  #take({ mask, descriptor, pid }: FileNotice): void {
    if ((mask & fan.Q_OVERFLOW) !== 0) this.#parts.count("file");
    if (descriptor < 0) return;
    try {
      if (pid === this.#parts.ownPid || pid === 0) return;
      const path = pathOf(descriptor);
      if ((mask & fan.OPEN_EXEC) !== 0 && !loader.test(path)) this.#rememberExec(pid, path);
      if ((mask & (fan.OPEN | fan.CLOSE_WRITE)) === 0) return;
      if (this.#opened.length >= fileEyeLimits.openedMax) return this.#parts.count("file");
      const { dev, ino } = fstatSync(descriptor);
      this.#opened.push({ pid, path, device: dev, inode: ino, isWritten: (mask & fan.CLOSE_WRITE) !== 0 });
    } finally {
      closeSync(descriptor);
    }
  }

  #rememberExec(pid: number, path: string): void {
    this.#execs.delete(pid);
    const [oldest] = this.#execs.size >= fileEyeLimits.execsMax ? this.#execs.keys() : [];
    if (oldest !== undefined) this.#execs.delete(oldest);
    this.#execs.set(pid, path);
  }
}

function eventOf(opened: Opened, known: KnownProcess | undefined, timeMs: number): FileDeedEvent {
  const { pid, path, device, inode, isWritten } = opened;
  return {
    type: "file",
    timeMs,
    process: known?.process ?? { pid, startMs: 0 },
    comm: known?.comm ?? "",
    cgroupId: known?.cgroupId ?? 0,
    deed: "open",
    call: "open",
    way: "notified",
    path,
    requestedPath: "",
    targetPath: "",
    // How it was opened is not told; that it was open for writing is, when it is closed.
    flags: isWritten ? O_WRONLY : 0,
    mode: 0,
    device,
    inode,
    error: 0,
    isUpper: false,
    kind: "file",
    count: 1,
  };
}

function pathOf(descriptor: number): string {
  return readLink(`/proc/self/fd/${descriptor}`).replace(/ \(deleted\)$/, "");
}

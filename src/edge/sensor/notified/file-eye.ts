// fanotify as events: opens in chosen folders (and that something was written, when it is closed), and which file a process opens in order to run it. Folders of
// containers are those of their own root, found when a process of a new mount namespace runs something.
import { closeSync, fstatSync } from "node:fs";
import type { FileDeedEvent } from "../../../core/sense/deed-events.ts";
import { readLink } from "../proc.ts";
import { fan, parseFileNotices, type FileNotice } from "./file-notices.ts";
import { type FileNotifier, markFlags } from "./libc.ts";
import type { ProcessBook } from "./process-book.ts";

export const fileEyeLimits = { rootsMax: 1024, execsMax: 1024, readsPerTurnMax: 256, openedMax: 65_536 } as const;

const O_WRONLY = 1;

/** The kernel opens a program's loader in order to run it, too: it is not what is run. */
const loader = /\/ld(-linux[^/]*|-musl[^/]*|-\d[^/]*|64)?\.so(\.\d+)*$/;

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
  /** Marks the root of a process's mount namespace when it is a new one. */
  watchRootOf(pid: number): void;
  /** Reads what waits: execs are remembered, opens are kept until `told`. */
  drain(): void;
  /** The opens read so far; asked for after notices about their processes. */
  told(timeMs: number): FileDeedEvent[];
  /** The file opened for the process's exec; taken. */
  openedForExec(pid: number): string;
}

export function createFileEye({ notifier, procPath, folders, book, count, ownPid }: FileEyeParts): FileEye {
  const namespaces = new Set<string>();
  const execs = new Map<number, string>();
  const opened: Opened[] = [];

  function watch(root: string): number {
    // Every run of a program of that file system; opens only in the folders, which are few.
    notifier.mark(root === "" ? "/" : root, markFlags.ADD | markFlags.FILESYSTEM, fan.OPEN_EXEC);
    const mask = fan.OPEN | fan.CLOSE_WRITE | fan.EVENT_ON_CHILD;
    return folders.filter((folder) => notifier.mark(`${root}${folder}`, markFlags.ADD, mask) === "").length;
  }

  function rememberExec(pid: number, path: string): void {
    execs.delete(pid);
    if (execs.size >= fileEyeLimits.execsMax) {
      const [oldest] = execs.keys();
      if (oldest !== undefined) execs.delete(oldest);
    }
    execs.set(pid, path);
  }

  function openedOf({ mask, descriptor, pid }: FileNotice, path: string): Opened {
    const { dev, ino } = fstatSync(descriptor);
    return { pid, path, device: dev, inode: ino, isWritten: (mask & fan.CLOSE_WRITE) !== 0 };
  }

  function eventOf({ pid, path, device, inode, isWritten }: Opened, timeMs: number): FileDeedEvent {
    const known = book.lately(pid);
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

  function take(notice: FileNotice): void {
    if ((notice.mask & fan.Q_OVERFLOW) !== 0) count("file");
    if (notice.descriptor < 0) return;
    try {
      if (notice.pid === ownPid || notice.pid === 0) return;
      const path = pathOf(notice.descriptor);
      if ((notice.mask & fan.OPEN_EXEC) !== 0 && !loader.test(path)) rememberExec(notice.pid, path);
      if ((notice.mask & (fan.OPEN | fan.CLOSE_WRITE)) === 0) return;
      if (opened.length < fileEyeLimits.openedMax) opened.push(openedOf(notice, path));
      else count("file");
    } finally {
      closeSync(notice.descriptor);
    }
  }

  return {
    watchMachine: () => {
      namespaces.add(readLink(`${procPath}/self/ns/mnt`));
      return watch("");
    },
    watchRootOf(pid) {
      const namespace = readLink(`${procPath}/${pid}/ns/mnt`);
      if (namespace === "" || namespaces.has(namespace)) return;
      if (namespaces.size >= fileEyeLimits.rootsMax) return count("file-roots");
      namespaces.add(namespace);
      watch(`${procPath}/${pid}/root`);
    },
    drain() {
      for (let reads = 0; reads < fileEyeLimits.readsPerTurnMax; reads += 1) {
        const bytes = notifier.read();
        if (bytes === undefined) return;
        const { notices, isWhole } = parseFileNotices(bytes);
        for (const notice of notices) take(notice);
        if (!isWhole) count("file-unreadable");
      }
    },
    told: (timeMs) => opened.splice(0).map((each) => eventOf(each, timeMs)),
    openedForExec(pid) {
      const path = execs.get(pid) ?? "";
      execs.delete(pid);
      return path;
    },
  };
}

function pathOf(descriptor: number): string {
  return readLink(`/proc/self/fd/${descriptor}`).replace(/ \(deleted\)$/, "");
}

// A socket's descriptor made twice, so that another thread of this process can have the connection: descriptors are the process's, handles a thread's.
import type { Socket } from "node:net";
import koffi from "koffi";

type Duplicate = (descriptor: number, command: number, least: number) => number;

/** F_DUPFD_CLOEXEC of Linux: children of this process do not inherit it. */
const duplicateAndClose = 1030;

let loaded: Duplicate | undefined;

function duplicate(): Duplicate {
  loaded ??= koffi.load("libc.so.6").func("int fcntl(int descriptor, int command, int least)") as unknown as Duplicate;
  return loaded;
}

/** Whether sockets can be handed over here: Linux with glibc. */
export function canHandOver(): boolean {
  try {
    duplicate();
    return process.platform === "linux";
  } catch {
    return false;
  }
}

/** The number of a new descriptor of the same connection; the socket is let go without a word to its peer. Undefined: none was left. */
export function handOver(socket: Socket): number | undefined {
  const handle = (socket as unknown as { readonly _handle: { readonly fd?: number } | null })._handle;
  const descriptor = handle?.fd;
  if (descriptor === undefined || descriptor < 0) return undefined;
  const made = duplicate()(descriptor, duplicateAndClose, 3);
  socket.destroy();
  return made < 0 ? undefined : made;
}

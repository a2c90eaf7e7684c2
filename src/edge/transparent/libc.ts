// The few functions of libc that transparent sockets need, through koffi. Every call is made on the calling thread and none of them waits.
import koffi from "koffi";
import { Fault } from "../../base/fault.ts";

export interface Libc {
  readonly socket: (family: number, type: number, protocol: number) => number;
  readonly bind: (descriptor: number, address: Uint8Array, length: number) => number;
  readonly listen: (descriptor: number, backlog: number) => number;
  readonly getsockname: (descriptor: number, address: Uint8Array, length: Uint32Array) => number;
  readonly setsockopt: (descriptor: number, level: number, option: number, value: Int32Array, length: number) => number;
  readonly send: (descriptor: number, bytes: Uint8Array, length: number, flags: number) => number;
  readonly recv: (descriptor: number, bytes: Uint8Array, length: number, flags: number) => number;
  readonly setns: (descriptor: number, kind: number) => number;
  readonly close: (descriptor: number) => number;
  readonly errno: () => number;
}

let loaded: Libc | undefined;

/** Loads libc.so.6 once for this thread. Throws the Fault "transparent/no-libc" where there is none. */
export function libc(): Libc {
  loaded ??= load();
  return loaded;
}

function load(): Libc {
  let library: ReturnType<typeof koffi.load>;
  try {
    library = koffi.load("libc.so.6");
  } catch (error) {
    throw new Fault("libc.so.6 not found", {
      code: "transparent/no-libc",
      kind: "unavailable",
      hint: "Transparent mode needs Linux with glibc.",
      cause: error,
    });
  }
  const send = library.func("int64_t send(int, void *, size_t, int)");
  const recv = library.func("int64_t recv(int, void *, size_t, int)");
  return {
    socket: library.func("int socket(int, int, int)"),
    bind: library.func("int bind(int, void *, uint32_t)"),
    listen: library.func("int listen(int, int)"),
    getsockname: library.func("int getsockname(int, void *, void *)"),
    setsockopt: library.func("int setsockopt(int, int, int, void *, uint32_t)"),
    send: (descriptor, bytes, length, flags) => Number(send(descriptor, bytes, length, flags)),
    recv: (descriptor, bytes, length, flags) => Number(recv(descriptor, bytes, length, flags)),
    setns: library.func("int setns(int, int)"),
    close: library.func("int close(int)"),
    errno: () => koffi.errno(),
  };
}

/** "EPERM" for 1; "errno 999" when it has no name. */
export function errnoName(errno: number): string {
  for (const [name, value] of Object.entries(koffi.os.errno)) if (value === errno) return name;
  return `errno ${errno}`;
}

export const errnos = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EAGAIN: 11,
  EACCES: 13,
  EEXIST: 17,
  EAFNOSUPPORT: 97,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
};

// The few functions of libc that speak netlink, through koffi. Every call is made on the calling thread; none of them waits unless its name says so.
import koffi from "koffi";
import { Fault } from "../../../../base/fault.ts";

export interface Libc {
  readonly socket: (family: number, type: number, protocol: number) => number;
  readonly bind: (descriptor: number, address: Uint8Array, length: number) => number;
  readonly getsockname: (descriptor: number, address: Uint8Array, length: Uint32Array) => number;
  readonly setsockopt: (descriptor: number, level: number, option: number, value: Int32Array, length: number) => number;
  readonly send: (descriptor: number, bytes: Uint8Array, length: number, flags: number) => number;
  readonly recv: (descriptor: number, bytes: Uint8Array, length: number, flags: number) => number;
  readonly recvmmsg: (descriptor: number, headers: Uint8Array, count: number, flags: number, timeout: null) => number;
  /** Waits up to `timeoutMs` for one of `count` descriptors of struct pollfd (8 bytes each). */
  readonly poll: (descriptors: Uint8Array, count: number, timeoutMs: number) => number;
  readonly setns: (descriptor: number, kind: number) => number;
  readonly close: (descriptor: number) => number;
  /** Where the bytes of a buffer stand in memory: for structures that hold pointers. The buffer must stay referenced. */
  readonly addressOf: (bytes: Uint8Array) => bigint;
  readonly errno: () => number;
}

let loaded: Libc | undefined;

/** Loads libc.so.6 once for this thread. Throws the Fault "dataplane/no-libc" where there is none. */
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
      code: "dataplane/no-libc",
      kind: "unavailable",
      hint: "Enforcement needs Linux with glibc.",
      cause: error,
    });
  }
  const send = library.func("int64_t send(int, void *, size_t, int)");
  const recv = library.func("int64_t recv(int, void *, size_t, int)");
  return {
    socket: library.func("int socket(int, int, int)"),
    bind: library.func("int bind(int, void *, uint32_t)"),
    getsockname: library.func("int getsockname(int, void *, void *)"),
    setsockopt: library.func("int setsockopt(int, int, int, void *, uint32_t)"),
    send: (descriptor, bytes, length, flags) => Number(send(descriptor, bytes, length, flags)),
    recv: (descriptor, bytes, length, flags) => Number(recv(descriptor, bytes, length, flags)),
    recvmmsg: library.func("int recvmmsg(int, void *, uint32_t, int, void *)"),
    poll: library.func("int poll(void *, uint64_t, int)"),
    setns: library.func("int setns(int, int)"),
    close: library.func("int close(int)"),
    addressOf: (bytes) => koffi.address(bytes),
    errno: () => koffi.errno(),
  };
}

/** "EPERM" for 1; "errno 999" when it has no name. */
export function errnoName(errno: number): string {
  for (const [name, value] of Object.entries(koffi.os.errno)) if (value === errno) return name;
  return `errno ${errno}`;
}

export const errnos = { EPERM: 1, ENOENT: 2, EINTR: 4, EAGAIN: 11, EBUSY: 16, EEXIST: 17, ENOBUFS: 105, ERESTART: 85 };

// The few functions of libc that this rung calls, through koffi: netlink sockets, fanotify, poll in another thread. Nothing else in the folder sees koffi.
import koffi from "koffi";
import { Fault } from "../../../base/fault.ts";
import { errnoName, libcLibrary } from "../libbpf.ts";

const AF_NETLINK = 16;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const POLLIN = 1;
const AT_FDCWD = -100;
const firstGroup = 1;
const sockaddrBytes = 12;
const pollfdBytes = 8;

export interface Notifier {
  /** Bytes of the next datagram, undefined when none waits, "lost" when the kernel had no room for some (ENOBUFS). */
  receive(): Uint8Array | "lost" | undefined;
  send(bytes: Uint8Array): void;
  readonly descriptor: number;
  close(): void;
}

export interface FileNotifier {
  /** Records that wait, undefined when none do. */
  read(): Uint8Array | undefined;
  /** Adds a mark; "" or the errno's name. */
  mark(path: string, flags: number, mask: number): string;
  readonly descriptor: number;
  close(): void;
}

export interface NotifierLibrary {
  /** A netlink socket in the first multicast group of a protocol. Throws Fault "sensor/notify" with the errno. */
  openNetlink(protocol: number, receiveBytes: number): Notifier;
  /** Throws Fault "sensor/notify". */
  openFanotify(): FileNotifier;
  /** Resolves when one of the descriptors can be read, or after the time. */
  wait(descriptors: readonly number[], timeoutMs: number): Promise<void>;
}

export const netlinkProtocols = { AUDIT: 9, CONNECTOR: 11 } as const;
/** linux/fanotify.h. */
export const markFlags = { ADD: 1, FILESYSTEM: 0x100 } as const;
const FAN_CLOEXEC = 1;
const FAN_NONBLOCK = 2;
const O_RDONLY_LARGEFILE_CLOEXEC = 0o2000000 | 0o100000;

const receiveBufferBytes = 64 * 1024;
/** Each record of fanotify is an open descriptor: so many at once, at most. */
const fileRecordsMax = 256;
const fileRecordBytes = 24;

type Library = ReturnType<typeof libcLibrary>;

/** Throws the Fault "sensor/no-library" without libc. */
export function openNotifierLibrary(): NotifierLibrary {
  const library = libcLibrary();
  const poll = library.func("int poll(void *, uint64_t, int)");
  const openNetlink = netlinkOpener(library);
  const openFanotify = fanotifyOpener(library);
  return {
    openNetlink,
    openFanotify,
    wait(descriptors, timeoutMs) {
      const table = new DataView(new ArrayBuffer(Math.max(128, descriptors.length * pollfdBytes)));
      for (const [index, descriptor] of descriptors.entries()) {
        table.setInt32(index * pollfdBytes, descriptor, true);
        table.setInt16(index * pollfdBytes + 4, POLLIN, true);
      }
      const bytes = new Uint8Array(table.buffer);
      return new Promise((resolve) => {
        poll.async(bytes, descriptors.length, timeoutMs, () => resolve());
      });
    },
  };
}

function refused(what: string): Fault {
  return new Fault(`${what}: ${lastError()}`, {
    code: "sensor/notify",
    kind: "unavailable",
    hint: "it needs root in the machine's first user namespace (CAP_NET_ADMIN, CAP_SYS_ADMIN, CAP_AUDIT_READ)",
  });
}

function lastError(): string {
  return errnoName(koffi.errno());
}

function netlinkOpener(library: Library): NotifierLibrary["openNetlink"] {
  const close = library.func("int close(int)");
  const socket = library.func("int socket(int, int, int)");
  const bind = library.func("int bind(int, void *, uint32_t)");
  const setOption = library.func("int setsockopt(int, int, int, void *, uint32_t)");
  const receiveFrom = library.func(
    "int64_t recvfrom(int, _Out_ void *, size_t, int, _Out_ void *, _Inout_ uint32_t *)",
  );
  const sendOut = library.func("int64_t send(int, void *, size_t, int)");
  const buffer = new Uint8Array(receiveBufferBytes);

  function open(protocol: number, receiveBytes: number): number {
    const descriptor = Number(socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
    if (descriptor < 0) throw refused("no netlink socket");
    const size = new Uint8Array(Uint32Array.of(receiveBytes).buffer);
    // Beyond the machine's limit only with CAP_NET_ADMIN; else as much as it gives.
    if (Number(setOption(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, size, 4)) < 0)
      setOption(descriptor, SOL_SOCKET, SO_RCVBUF, size, 4);
    const address = new DataView(new ArrayBuffer(sockaddrBytes));
    address.setUint16(0, AF_NETLINK, true);
    address.setUint32(8, firstGroup, true);
    if (Number(bind(descriptor, new Uint8Array(address.buffer), sockaddrBytes)) >= 0) return descriptor;
    const fault = refused("the netlink group is refused");
    close(descriptor);
    throw fault;
  }

  return (protocol, receiveBytes) => {
    const descriptor = open(protocol, receiveBytes);
    const from = new Uint8Array(sockaddrBytes);
    return {
      descriptor,
      receive() {
        for (;;) {
          const length = Number(receiveFrom(descriptor, buffer, buffer.length, 0, from, [sockaddrBytes]));
          if (length < 0) return lastError() === "ENOBUFS" ? "lost" : undefined;
          // Other processes may write to the group: only number 0 is the kernel.
          if (new DataView(from.buffer).getUint32(4, true) === 0) return buffer.subarray(0, length);
        }
      },
      send(bytes) {
        if (Number(sendOut(descriptor, bytes, bytes.length, 0)) < 0) throw refused("the kernel does not listen");
      },
      close: () => void close(descriptor),
    };
  };
}

function fanotifyOpener(library: Library): NotifierLibrary["openFanotify"] {
  const close = library.func("int close(int)");
  const readIn = library.func("int64_t read(int, _Out_ void *, size_t)");
  const fanotifyInit = library.func("int fanotify_init(uint32_t, uint32_t)");
  const fanotifyMark = library.func("int fanotify_mark(int, uint32_t, uint64_t, int, str)");
  const records = new Uint8Array(fileRecordsMax * fileRecordBytes);
  return () => {
    const descriptor = Number(fanotifyInit(FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY_LARGEFILE_CLOEXEC));
    if (descriptor < 0) throw refused("no fanotify");
    return {
      descriptor,
      read() {
        const length = Number(readIn(descriptor, records, records.length));
        return length > 0 ? records.subarray(0, length) : undefined;
      },
      mark: (path, flags, mask) =>
        Number(fanotifyMark(descriptor, flags, mask, AT_FDCWD, path)) < 0 ? lastError() : "",
      close: () => void close(descriptor),
    };
  };
}

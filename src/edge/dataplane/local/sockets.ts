// Sockets that never wait, through libc: made in a namespace by the calling thread, watched from outside of it.
import koffi from "koffi";
import { Fault } from "../../../base/fault.ts";
import { libc } from "../nftables/netlink/libc.ts";
import { addressBytes } from "../nftables/address-bytes.ts";

interface SocketCalls {
  readonly connect: (descriptor: number, address: Uint8Array, length: number) => number;
  readonly bind: (descriptor: number, address: Uint8Array, length: number) => number;
  readonly getsockopt: (d: number, level: number, option: number, value: Int32Array, length: Uint32Array) => number;
  readonly getsockname: (descriptor: number, address: Uint8Array, length: Uint32Array) => number;
}

let loaded: SocketCalls | undefined;

function calls(): SocketCalls {
  if (loaded === undefined) {
    // Whether there is a libc at all is said by the shared part.
    libc();
    const library = koffi.load("libc.so.6");
    loaded = {
      connect: library.func("int connect(int, void *, uint32_t)"),
      bind: library.func("int bind(int, void *, uint32_t)"),
      getsockopt: library.func("int getsockopt(int, int, int, void *, void *)"),
      getsockname: library.func("int getsockname(int, void *, void *)"),
    };
  }
  return loaded;
}

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_NONBLOCK_CLOEXEC = 0o4000 | 0o2000000;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SO_LINGER = 13;
const MSG_NOSIGNAL_DONTWAIT = 0x4000 | 0x40;
const EINPROGRESS = 115;

/** A socket on its way to an address. `started` is the errno when the kernel said no at once, 0 when it is on its way or there. */
export interface Attempt {
  readonly descriptor: number;
  readonly localPort: number;
  readonly started: number;
}

/** Opens in the namespace where the thread is, binds to `source` ("" lets the kernel choose), and sends the first packet. */
export function attempt(given: {
  readonly protocol: "tcp" | "udp";
  readonly source: string;
  readonly address: string;
  readonly port: number;
}): Attempt {
  const c = libc();
  const to = socketAddress(given.address, given.port);
  const kind = (given.protocol === "tcp" ? 1 : 2) | SOCK_NONBLOCK_CLOEXEC;
  const descriptor = c.socket(to.length === 16 ? AF_INET : AF_INET6, kind, 0);
  if (descriptor < 0) return { descriptor, localPort: 0, started: c.errno() };
  if (given.source !== "") {
    const from = socketAddress(given.source, 0);
    if (calls().bind(descriptor, from, from.length) !== 0) return { descriptor, localPort: 0, started: c.errno() };
  }
  // A connection that was only tried leaves nothing behind: it is reset.
  c.setsockopt(descriptor, SOL_SOCKET, SO_LINGER, new Int32Array([1, 0]), 8);
  const failed = calls().connect(descriptor, to, to.length) === 0 ? 0 : c.errno();
  const started = failed === EINPROGRESS ? 0 : failed;
  if (started === 0 && given.protocol === "udp") {
    const question = new TextEncoder().encode("garrison probe");
    c.send(descriptor, question, question.length, MSG_NOSIGNAL_DONTWAIT);
  }
  return { descriptor, localPort: localPortOf(descriptor), started };
}

/** The errno that a TCP connection ended its opening with; 0: it is open. */
export function connectError(descriptor: number): number {
  const value = new Int32Array(1);
  calls().getsockopt(descriptor, SOL_SOCKET, SO_ERROR, value, new Uint32Array([4]));
  return value[0] ?? 0;
}

/** What came for a UDP socket: an answer (0) or the errno of a refusal. */
export function receiveError(descriptor: number): number {
  const bytes = new Uint8Array(64);
  return libc().recv(descriptor, bytes, bytes.length, 0x40) >= 0 ? 0 : libc().errno();
}

export function closeDescriptor(descriptor: number): void {
  if (descriptor >= 0) libc().close(descriptor);
}

function localPortOf(descriptor: number): number {
  const address = new Uint8Array(28);
  if (calls().getsockname(descriptor, address, new Uint32Array([28])) !== 0) return 0;
  return ((address[2] ?? 0) << 8) | (address[3] ?? 0);
}

/** struct sockaddr_in (16 bytes) or sockaddr_in6 (28). */
function socketAddress(text: string, port: number): Uint8Array {
  const address = addressBytes(text);
  if (address === undefined)
    throw new Fault(`not an address: ${text.slice(0, 64)}`, { code: "dataplane/address", kind: "usage" });
  const bytes = new Uint8Array(address.length === 4 ? 16 : 28);
  bytes[0] = address.length === 4 ? AF_INET : AF_INET6;
  bytes[2] = port >> 8;
  bytes[3] = port & 0xff;
  bytes.set(address, address.length === 4 ? 4 : 8);
  return bytes;
}

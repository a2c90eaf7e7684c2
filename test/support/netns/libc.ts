// Functions of libc that only tests need: making network namespaces, mounting them, and sockets that do not wait.
import koffi from "koffi";

const library = koffi.load("libc.so.6");
export const unshare = library.func("int unshare(int)") as (kind: number) => number;
export const setns = library.func("int setns(int, int)") as (descriptor: number, kind: number) => number;
export const mount = library.func("int mount(str, str, str, uint64_t, void *)") as (
  source: string,
  target: string,
  kind: string,
  flags: number,
  data: null,
) => number;
export const umount2 = library.func("int umount2(str, int)") as (target: string, flags: number) => number;
export const nameToIndex = library.func("uint32_t if_nametoindex(str)") as (name: string) => number;
export const socket = library.func("int socket(int, int, int)") as (f: number, t: number, p: number) => number;
export const connect = library.func("int connect(int, void *, uint32_t)") as (
  descriptor: number,
  address: Uint8Array,
  length: number,
) => number;
export const bind = library.func("int bind(int, void *, uint32_t)") as typeof connect;
export const listen = library.func("int listen(int, int)") as (descriptor: number, backlog: number) => number;
export const accept4 = library.func("int accept4(int, void *, void *, int)") as (
  descriptor: number,
  address: null,
  length: null,
  flags: number,
) => number;
export const setsockopt = library.func("int setsockopt(int, int, int, void *, uint32_t)") as (
  descriptor: number,
  level: number,
  option: number,
  value: Int32Array,
  length: number,
) => number;
export const getsockopt = library.func("int getsockopt(int, int, int, void *, void *)") as (
  descriptor: number,
  level: number,
  option: number,
  value: Int32Array,
  length: Uint32Array,
) => number;
const sendRaw = library.func("int64_t send(int, void *, size_t, int)");
const recvRaw = library.func("int64_t recv(int, void *, size_t, int)");
const recvfromRaw = library.func("int64_t recvfrom(int, void *, size_t, int, void *, void *)");
const sendtoRaw = library.func("int64_t sendto(int, void *, size_t, int, void *, uint32_t)");
export const poll = library.func("int poll(void *, uint64_t, int)") as (
  list: Uint8Array,
  count: number,
  timeoutMs: number,
) => number;
export const close = library.func("int close(int)") as (descriptor: number) => number;

export function send(descriptor: number, bytes: Uint8Array): number {
  return Number(sendRaw(descriptor, bytes, bytes.length, 0x4000));
}
export function recv(descriptor: number, bytes: Uint8Array): number {
  return Number(recvRaw(descriptor, bytes, bytes.length, 0x40));
}
export function recvfrom(descriptor: number, bytes: Uint8Array, from: Uint8Array, length: Uint32Array): number {
  return Number(recvfromRaw(descriptor, bytes, bytes.length, 0x40, from, length));
}
export function sendto(descriptor: number, bytes: Uint8Array, to: Uint8Array, length: number): number {
  return Number(sendtoRaw(descriptor, bytes, bytes.length, 0x4000, to, length));
}
export const errno = (): number => koffi.errno();

/** Throws with the errno's number when a call failed. */
export function check(result: number, what: string): number {
  if (result < 0) throw new Error(`${what} failed: errno ${koffi.errno()}`);
  return result;
}

const AF_INET = 2;
const AF_INET6 = 10;

export function familyOf(address: string): number {
  return address.includes(":") ? AF_INET6 : AF_INET;
}

/** struct sockaddr_in or sockaddr_in6. */
export function socketAddress(address: Uint8Array, port: number): Uint8Array {
  const isV4 = address.length === 4;
  const bytes = new Uint8Array(isV4 ? 16 : 28);
  bytes[0] = isV4 ? AF_INET : AF_INET6;
  bytes[2] = port >> 8;
  bytes[3] = port & 0xff;
  bytes.set(address, isV4 ? 4 : 8);
  return bytes;
}

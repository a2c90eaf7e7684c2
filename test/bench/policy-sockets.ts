// For policy-packets.bench.ts: the calls that wait, which the tests' own sockets never do.
import koffi from "koffi";

const library = koffi.load("libc.so.6");
const recvRaw = library.func("int64_t recv(int, void *, size_t, int)");

/** Waits for bytes; at most ten seconds on a tuned socket. */
export function recvWaiting(descriptor: number, bytes: Uint8Array): number {
  return Number(recvRaw(descriptor, bytes, bytes.length, 0));
}

const setsockopt = library.func("int setsockopt(int, int, int, void *, uint32_t)");

/** No delay, and no wait for more than ten seconds. */
export function tuned(descriptor: number): void {
  setsockopt(descriptor, 6, 1, new Int32Array([1]), 4);
  setsockopt(descriptor, 1, 20, new BigInt64Array([10n, 0n]), 16);
}

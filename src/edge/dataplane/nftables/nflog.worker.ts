// The thread that waits for NFLOG: reads datagrams of the kernel and hands them over as they are. It stops reading while the other side is behind, so
// that what is too much is dropped, and counted, by the kernel.
import { parentPort, workerData } from "node:worker_threads";
import { errnoName, errnos, libc } from "./netlink/libc.ts";
import { bindToGroup } from "./nflog.ts";

export interface NflogOrder {
  readonly netns: string | undefined;
  readonly group: number;
  /** [0]: not 0 to stop; [1]: bytes handed over that were not looked at yet. */
  readonly shared: Int32Array;
}

const datagrams = 16;
const datagramBytesMax = 128 * 1024;
/** Bytes handed over and not yet looked at, at most. */
const waitingBytesMax = 32 * 1024 * 1024;
const waitMs = 100;
const behindMs = 5;
const headerBytes = 64;
const MSG_DONTWAIT = 0x40;

const order = workerData as NflogOrder;
const c = libc();
const buffer = new Uint8Array(datagrams * datagramBytesMax);
const headers = new Uint8Array(datagrams * headerBytes);
const vectors = new Uint8Array(datagrams * 16);
const headerView = new DataView(headers.buffer);

/** struct mmsghdr with one struct iovec each, pointing into the buffer. */
function prepare(): void {
  const vectorView = new DataView(vectors.buffer);
  const bufferAt = c.addressOf(buffer);
  const vectorsAt = c.addressOf(vectors);
  for (let index = 0; index < datagrams; index += 1) {
    vectorView.setBigUint64(index * 16, bufferAt + BigInt(index * datagramBytesMax), true);
    vectorView.setBigUint64(index * 16 + 8, BigInt(datagramBytesMax), true);
    headerView.setBigUint64(index * headerBytes + 16, vectorsAt + BigInt(index * 16), true);
    headerView.setBigUint64(index * headerBytes + 24, 1n, true);
  }
}

/** Hands over what was received; messages stay on borders of four bytes. */
function handOver(count: number): void {
  let total = 0;
  for (let index = 0; index < count; index += 1)
    total += (headerView.getUint32(index * headerBytes + 56, true) + 3) & ~3;
  const bytes = new Uint8Array(total);
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    const length = headerView.getUint32(index * headerBytes + 56, true);
    bytes.set(buffer.subarray(index * datagramBytesMax, index * datagramBytesMax + length), at);
    at += (length + 3) & ~3;
  }
  Atomics.add(order.shared, 1, total);
  parentPort?.postMessage(bytes, [bytes.buffer]);
}

function turn(descriptor: number, waiting: Uint8Array): void {
  if (Atomics.load(order.shared, 1) > waitingBytesMax) {
    Atomics.wait(order.shared, 0, 0, behindMs);
    return;
  }
  if (c.poll(waiting, 1, waitMs) <= 0) return;
  const count = c.recvmmsg(descriptor, headers, datagrams, MSG_DONTWAIT, null);
  if (count > 0) handOver(count);
  else if (count < 0) {
    const errno = c.errno();
    // ENOBUFS: the kernel dropped some; their numbers are missing and counted by whoever reads the packets.
    if (errno !== errnos.EAGAIN && errno !== errnos.EINTR && errno !== errnos.ENOBUFS) {
      throw new Error(`NFLOG cannot be read: ${errnoName(errno)}`);
    }
  }
}

prepare();
const descriptor = bindToGroup(order);
const waiting = new Uint8Array(8);
new DataView(waiting.buffer).setInt32(0, descriptor, true);
waiting[4] = 1;
parentPort?.postMessage("bound", []);
while (Atomics.load(order.shared, 0) === 0) turn(descriptor, waiting);
c.close(descriptor);

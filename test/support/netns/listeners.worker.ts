// The thread behind listeners.ts: one poll over all sockets, 20 ms at a time, until it is told to stop.
import { parentPort, workerData } from "node:worker_threads";
import { addressBytes } from "../../../src/edge/dataplane/nftables/address-bytes.ts";
import { withNetns } from "../../../src/edge/dataplane/nftables/netlink/netns.ts";
import {
  accept4,
  bind,
  check,
  close,
  familyOf,
  listen,
  poll,
  recv,
  recvfrom,
  send,
  sendto,
  setsockopt,
  socket,
  socketAddress,
} from "./libc.ts";
import type { ListenerOrder } from "./listeners.ts";

const SOCK_NONBLOCK_CLOEXEC = 0o4000 | 0o2000000;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const connectionsMax = 20_000;

const { orders, stop, taken } = workerData as { orders: ListenerOrder[]; stop: Int32Array; taken: Int32Array };

function open(order: ListenerOrder): number {
  const bytes = addressBytes(order.address);
  if (bytes === undefined) throw new Error(`not an address: ${order.address}`);
  const family = familyOf(order.address);
  const descriptor = withNetns(order.netns, () =>
    check(socket(family, (order.protocol === "tcp" ? 1 : 2) | SOCK_NONBLOCK_CLOEXEC, 0), "socket"),
  );
  setsockopt(descriptor, 1, 2, new Int32Array([1]), 4);
  if (family === 10) setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, new Int32Array([1]), 4);
  const address = socketAddress(bytes, order.port);
  check(bind(descriptor, address, address.length), `bind ${order.address} ${order.port}`);
  if (order.protocol === "tcp") check(listen(descriptor, 1024), "listen");
  return descriptor;
}

const buffer = new Uint8Array(2048);
const from = new Uint8Array(28);

function echoDatagrams(descriptor: number, index: number): void {
  for (;;) {
    const length = new Uint32Array([28]);
    const got = recvfrom(descriptor, buffer, from, length);
    if (got < 0) return;
    Atomics.add(taken, index, 1);
    sendto(descriptor, buffer.subarray(0, got), from, length[0] ?? 16);
  }
}

/** Descriptors of connections that are echoed. */
const echoing: number[] = [];

function acceptAll(descriptor: number, index: number, echo: boolean): void {
  for (;;) {
    const connection = accept4(descriptor, null, null, SOCK_NONBLOCK_CLOEXEC);
    if (connection < 0) return;
    Atomics.add(taken, index, 1);
    if (echo && echoing.length < connectionsMax) echoing.push(connection);
    else close(connection);
  }
}

function echoBytes(connection: number): boolean {
  const got = recv(connection, buffer);
  if (got <= 0) return false;
  send(connection, buffer.subarray(0, got));
  return true;
}

function turn(servers: readonly number[]): void {
  const all = [...servers, ...echoing];
  const list = new Uint8Array(all.length * 8);
  const view = new DataView(list.buffer);
  for (const [at, descriptor] of all.entries()) {
    view.setInt32(at * 8, descriptor, true);
    view.setInt16(at * 8 + 4, 1, true);
  }
  if (poll(list, all.length, 20) <= 0) return;
  const ended = new Set<number>();
  for (const [at, descriptor] of all.entries()) {
    if (view.getInt16(at * 8 + 6, true) === 0) continue;
    const order = orders[at];
    if (order === undefined) {
      if (!echoBytes(descriptor)) ended.add(descriptor);
    } else if (order.protocol === "udp") echoDatagrams(descriptor, at);
    else acceptAll(descriptor, at, order.echo);
  }
  for (const descriptor of ended) {
    close(descriptor);
    echoing.splice(echoing.indexOf(descriptor), 1);
  }
}

const servers = orders.map(open);
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
parentPort?.postMessage("listening");
while (Atomics.load(stop, 0) === 0) turn(servers);
for (const descriptor of [...servers, ...echoing]) close(descriptor);

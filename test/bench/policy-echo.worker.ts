// For policy-packets.bench.ts: echoes one byte at a time on one connection after the other, blocking, inside a namespace. A byte of 255 ends it.
import { parentPort, workerData } from "node:worker_threads";
import { withNetns } from "../../src/edge/dataplane/nftables/netlink/netns.ts";
import { recvWaiting, tuned } from "./policy-sockets.ts";
import { accept4, bind, check, close, listen, send, setsockopt, socket, socketAddress } from "../support/netns/libc.ts";

const { netns, port } = workerData as { netns: string; port: number };
const server = withNetns(netns, () => check(socket(2, 1, 0), "socket"));
setsockopt(server, 1, 2, new Int32Array([1]), 4);
const address = socketAddress(new Uint8Array(4), port);
check(bind(server, address, address.length), "bind");
check(listen(server, 1024), "listen");
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
parentPort?.postMessage("listening");

const buffer = new Uint8Array(16);
let isOver = false;
while (!isOver) {
  const connection = accept4(server, null, null, 0);
  if (connection < 0) continue;
  tuned(connection);
  for (;;) {
    const got = recvWaiting(connection, buffer);
    if (got <= 0) break;
    isOver = buffer[0] === 255;
    if (isOver) break;
    send(connection, buffer.subarray(0, got));
  }
  close(connection);
}
close(server);

// Ways past the gateway that are shut, and settings of workloads' namespaces that must not matter.
import assert from "node:assert/strict";
import { createServer as createHttpServer } from "node:http";
import { Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { check, connect, socket, socketAddress } from "../../../../test/support/netns/libc.ts";
import { addBridge, addVeth, setUp } from "../../../../test/support/netns/links.ts";
import type { NetworkNamespace } from "../../../../test/support/netns/namespace.ts";
import { addressBytes } from "../../../edge/dataplane/nftables/address-bytes.ts";
import { sendSegment } from "./segments.fixture.ts";
import { app4, app6, client4, client6, dial, exchange, get, openRig, serveIn } from "./rig.fixture.ts";

const open = (port: number) => ({ port, onDown: "open" as const });

test("an application that ends connections first does not take the client's next one past us", async (context) => {
  const rig = openRig(context);
  if (rig === undefined) return;
  serveIn(context, rig.app, 8080, (socket) => {
    socket.once("data", (chunk: Buffer) => {
      const body = `peer ${socket.remoteAddress?.replace("::ffff:", "")} ${socket.remotePort} ${chunk.toString().split(" ")[1]}`;
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
    });
  });
  rig.attach([open(8080)]);
  for (let turn = 0; turn < 4; turn += 1) {
    for (const [to, from] of [
      [app4, client4],
      [app6, client6],
    ] as const) {
      const answer = await exchange(await dial(rig.client, to, 8080, 41_414), get(`/${turn}`));
      assert.match(answer, new RegExp(`peer ${from} 41414 /${turn}$`));
    }
  }
  assert.equal(rig.door.figures.connections, 8);
  assert.match(await exchange(await dial(rig.client, app4, 8080, 41_414), get("/attack")), /^HTTP\/1.1 403 /);
});

test("segments that connection tracking does not take never reach the application's connection with us", async (context) => {
  const rig = openRig(context);
  if (rig === undefined) return;
  let heard = "";
  serveIn(context, rig.app, 8080, (socket) => {
    socket.on("data", (chunk: Buffer) => {
      heard += chunk.toString();
      socket.write("+OK\r\n");
    });
  });
  const attachment = rig.attach([open(8080)]);
  const client = await dial(rig.client, app4, 8080);
  client.write("*1\r\nfirst\r\n");
  await new Promise((resolve) => client.once("data", resolve));
  const { localPort = 0 } = client;
  const segment = { source: client4, sourcePort: localPort, destination: app4, destinationPort: 8080 };
  // Far out of every window: with the flags that carry data, and one that opens anew.
  for (let turn = 0; turn < 8; turn += 1) {
    const sequence = (turn * 0x2000_0000 + 77) >>> 0;
    sendSegment(rig.client, { ...segment, sequence, acknowledgement: 1, flags: 0x18, data: "injected" });
    sendSegment(rig.client, { ...segment, sequence, acknowledgement: 0, flags: 0x02, data: "" });
    sendSegment(rig.client, { ...segment, sequence, acknowledgement: 1, flags: 0x04, data: "" });
  }
  client.write("*1\r\nsecond\r\n");
  await new Promise((resolve) => client.once("data", resolve));
  assert.equal(heard, "*1\r\nfirst\r\n*1\r\nsecond\r\n");
  context.diagnostic(`refused: ${attachment.figures()[0]?.refused}`);
  assert.ok(
    (attachment.figures()[0]?.refused ?? 0) > 0,
    "some were not taken by connection tracking and reached our guard",
  );
  client.destroy();
});

test("reverse path filters of the workload's namespace do not matter", async (context) => {
  const rig = openRig(context);
  if (rig === undefined) return;
  for (const link of ["all", "default", "lo", "eth0"]) rig.app.sysctl(`ipv4/conf/${link}/rp_filter`, "1");
  serveIn(
    context,
    rig.app,
    8080,
    createHttpServer((request, response) => response.end(`peer ${request.socket.remoteAddress}`)),
  );
  rig.attach([open(8080)]);
  for (const [to, from] of [
    [app4, client4],
    [app6, client6],
  ] as const) {
    assert.match(await exchange(await dial(rig.client, to, 8080), get("/")), new RegExp(`peer (::ffff:)?${from}`));
  }
});

/** A link's number is of its namespace, so node cannot resolve its name from ours. */
function dialLinkLocal(from: NetworkNamespace, address: string, link: string): Socket {
  const to = socketAddress(addressBytes(address) ?? new Uint8Array(16), 8080);
  new DataView(to.buffer).setUint32(24, from.linkIndex(link), true);
  const STREAM_NONBLOCK_CLOEXEC = 1 | 0o4000 | 0o2000000;
  const descriptor = from.inside(() => check(socket(10, STREAM_NONBLOCK_CLOEXEC, 0), "socket"));
  connect(descriptor, to, to.length);
  return new Socket({ fd: descriptor, allowHalfOpen: true });
}

test("a client with a link-local address is refused, never passed, and does us no harm", async (context) => {
  const rig = openRig(context);
  if (rig === undefined) return;
  serveIn(
    context,
    rig.app,
    8080,
    createHttpServer((_request, response) => response.end("fine")),
  );
  rig.attach([open(8080)]);
  // Once by a link whose number our own namespace has too, once by one that it has not.
  rig.app.inside(() => Array.from({ length: 60 }, (_, index) => addBridge(`b${index}`)));
  rig.star.router.inside(() => addVeth("far", { name: "eth9", netnsDescriptor: rig.app.descriptor }));
  rig.star.router.inside(() => setUp(rig.star.router.linkIndex("far")));
  rig.app.inside(() => setUp(rig.app.linkIndex("eth9")));
  const addressOf = (link: string): string | undefined =>
    rig.app.inside(() => networkInterfaces()[link]?.find(({ address }) => address.startsWith("fe80:"))?.address);
  for (const [link, through] of [
    ["eth0", rig.star.linkOf("app")],
    ["eth9", "far"],
  ] as const) {
    // An address of a link counts a moment after the link is up.
    while (addressOf(link) === undefined) await delay(10);
    const answer = await exchange(dialLinkLocal(rig.star.router, addressOf(link) ?? "", through), get("/"));
    assert.match(answer, /^(<reset>)?$/);
  }
  assert.equal(rig.door.figures.linkLocal, 2);
  assert.match(await exchange(await dial(rig.client, app6, 8080), get("/")), /^HTTP\/1.1 200 /);
});

test("an application that does not take a connection is a reset for protocols that pass, and an answer for HTTP", async (context) => {
  const rig = openRig(context);
  if (rig === undefined) return;
  const server = serveIn(context, rig.app, 8080, (socket) => socket.resetAndDestroy());
  rig.attach([open(8080)]);
  assert.match(await exchange(await dial(rig.client, app4, 8080), get("/")), /^HTTP\/1.1 502 /);
  assert.match(await exchange(await dial(rig.client, app4, 8080), "*1\r\n"), /^(<reset>)?$/);
  server.close();
});

test("ports come and go; the namespace of the gateway itself is refused", async (context) => {
  const rig = openRig(context);
  if (rig === undefined) return;
  for (const port of [8080, 9090]) {
    serveIn(
      context,
      rig.app,
      port,
      createHttpServer((_request, response) => response.end(`from ${port}`)),
    );
  }
  const attachment = rig.attach([open(8080)]);
  const works = async (port: number) =>
    assert.match(await exchange(await dial(rig.client, app4, port), get("/")), new RegExp(`from ${port}`));
  await works(9090);
  assert.equal(rig.door.figures.connections, 0);
  attachment.update([open(8080), open(9090)]);
  await works(9090);
  await works(8080);
  assert.equal(rig.door.figures.connections, 2);
  attachment.update([open(9090)]);
  await works(8080);
  await works(9090);
  assert.equal(rig.door.figures.connections, 3);
  assert.throws(() => attachment.update([open(9090), open(9090)]), { code: "transparent/ports" });
  await works(9090);
});

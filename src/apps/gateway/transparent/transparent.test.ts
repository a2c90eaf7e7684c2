// Transparent mode on the real kernel: who the application sees, what is blocked, passed and told, and what becomes of connections on and off.
import assert from "node:assert/strict";
import { createServer as createHttpServer } from "node:http";
import { test } from "node:test";
import { app4, app6, client4, client6, dial, exchange, get, nextData, openRig, serveIn } from "./rig.fixture.ts";

const open = (port: number) => ({ port, onDown: "open" as const });

/** Answers with whom it sees. */
function peerServer() {
  return createHttpServer((request, response) => {
    const { remoteAddress = "", remotePort, localAddress = "", localPort } = request.socket;
    const plain = (text: string): string => text.replace("::ffff:", "");
    response.end(`peer ${plain(remoteAddress)} ${remotePort} at ${plain(localAddress)} ${localPort} ${request.url}`);
  });
}

test("the application sees the client's address and port, by IPv4 and IPv6, on two ports", async (context) => {
  const rig = openRig(context);
  if (rig === undefined) return;
  for (const port of [8080, 9090]) serveIn(context, rig.app, port, peerServer());
  const attachment = rig.attach([open(8080), open(9090)]);
  for (const port of [8080, 9090]) {
    for (const [to, from] of [
      [app4, client4],
      [app6, client6],
    ] as const) {
      const socket = await dial(rig.client, to, port);
      const local = socket.localPort;
      const answer = await exchange(socket, get("/who"));
      assert.match(
        answer,
        new RegExp(`^HTTP/1.1 200 [^]*peer ${from} ${local} at ${to} ${port} /who`),
        `${to} ${port}`,
      );
    }
  }
  assert.equal(rig.seen.length, 4);
  assert.equal(rig.door.figures.portsNotKept, 0);
  assert.deepEqual(
    attachment.figures().map(({ port, turned, passedWhileDown, refused }) => [port, turned, passedWhileDown, refused]),
    [
      [8080, 2, 0, 0],
      [9090, 2, 0, 0],
    ],
  );
});

test("an attack is answered by us and the application never hears of it", async (context) => {
  const rig = openRig(context);
  if (rig === undefined) return;
  const heard: string[] = [];
  serveIn(
    context,
    rig.app,
    8080,
    createHttpServer((request, response) => {
      heard.push(request.url ?? "");
      response.end("fine");
    }),
  );
  rig.attach([open(8080)]);
  for (const to of [app4, app6]) {
    assert.match(await exchange(await dial(rig.client, to, 8080), get("/attack")), /^HTTP\/1.1 403 /);
    assert.match(await exchange(await dial(rig.client, to, 8080), get("/fine")), /^HTTP\/1.1 200 /);
  }
  assert.deepEqual(heard, ["/fine", "/fine"]);
});

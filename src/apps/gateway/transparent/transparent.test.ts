// Transparent mode on the real kernel: who the application sees, what is blocked, passed and told, and what becomes of connections on and off.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { makeServingIdentity } from "../../../edge/kube-server/certificates.ts";
import {
  app4,
  app6,
  client4,
  client6,
  dial,
  exchange,
  get,
  knock,
  nextData,
  node4,
  openRig,
  serveIn,
} from "./rig.fixture.ts";

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

test("connections that were open when it was switched on stay with the application, and those in the gateway live on when it is switched off", async (context) => {
  const rig = openRig(context);
  if (rig === undefined) return;
  serveIn(context, rig.app, 8080, (socket) => {
    socket.on("data", (chunk: Buffer) => socket.write(`echo ${chunk.toString()}`));
    socket.on("end", () => socket.end());
  });
  const before = [await dial(rig.client, app4, 8080), await dial(rig.client, app6, 8080)];
  for (const socket of before) {
    socket.write("\x01one");
    assert.equal(await nextData(socket), "echo \x01one");
  }
  const attachment = rig.attach([open(8080)]);
  const during = [await dial(rig.client, app4, 8080), await dial(rig.client, app6, 8080)];
  for (const socket of [...before, ...during]) {
    socket.write("\x01two");
    assert.equal(await nextData(socket), "echo \x01two");
  }
  assert.equal(rig.door.figures.connections, 2);
  const detached = attachment.detach(60_000);
  const after = await dial(rig.client, app4, 8080);
  for (const socket of [...before, ...during, after]) {
    socket.write("\x01three");
    assert.equal(await nextData(socket), "echo \x01three");
  }
  assert.equal(rig.door.figures.connections, 2, "the new one does not come to us");
  for (const socket of during) socket.end();
  await detached;
  for (const socket of [...before, after]) {
    socket.write("\x01four");
    assert.equal(await nextData(socket), "echo \x01four");
    socket.destroy();
  }
});

test("TLS, servers that speak first and other protocols pass through and are told", async (context) => {
  const rig = openRig(context);
  if (rig === undefined) return;
  serveIn(context, rig.app, 25, (socket) => {
    socket.write("220 ready\r\n");
    socket.on("data", (chunk: Buffer) => socket.write(`250 ${chunk.toString()}`));
  });
  serveIn(context, rig.app, 6379, (socket) => socket.on("data", () => socket.write("+PONG\r\n")));
  const { keyPem: key, certificatePem: cert } = await makeServingIdentity(Date.now());
  serveIn(
    context,
    rig.app,
    8443,
    createTlsServer({ key, cert }, (socket) => socket.end(`secret for ${socket.remotePort}`)),
  );
  rig.attach([open(25), open(6379), open(8443)]);

  const mail = await dial(rig.client, app4, 25);
  assert.equal(await nextData(mail), "220 ready\r\n");
  mail.write("GET /attack HTTP/1.1\r\n\r\n");
  assert.match(await nextData(mail), /^250 GET/);
  mail.destroy();

  const redis = await dial(rig.client, app6, 6379);
  redis.write("*1\r\n$4\r\nPING\r\n");
  assert.equal(await nextData(redis), "+PONG\r\n");
  redis.destroy();

  const raw = await dial(rig.client, app4, 8443);
  const port = raw.localPort;
  const tls = connectTls({ socket: raw, rejectUnauthorized: false });
  assert.equal(await nextData(tls), `secret for ${port}`);
  tls.destroy();

  assert.deepEqual(
    rig.notices.map(({ port: at, because, clientAddress }) => [at, because, clientAddress]),
    [
      [25, "the server speaks first", client4],
      [6379, "no request line", client6],
      [8443, "TLS", client4],
    ],
  );
  assert.deepEqual(rig.door.figures.passed, { "the server speaks first": 1, "no request line": 1, TLS: 1 });
});

test("a client that waits before its attack is inspected all the same", async (context) => {
  const rig = openRig(context, { silentMs: 20 });
  if (rig === undefined) return;
  serveIn(context, rig.app, 8080, peerServer());
  rig.attach([open(8080)]);
  for (const target of ["/attack", "/late"]) {
    const socket = await dial(rig.client, app4, 8080);
    const local = socket.localPort;
    await delay(200);
    const answer = await exchange(socket, get(target));
    if (target === "/attack") assert.match(answer, /^HTTP\/1.1 403 /);
    else
      assert.match(
        answer,
        new RegExp(`peer ${client4} ${local} at`),
        "on the connection that was made while it waited",
      );
  }
  assert.equal(rig.door.figures.portsNotKept, 0);
});

test("HTTP/2 with prior knowledge is inspected", async (context) => {
  const rig = openRig(context);
  if (rig === undefined) return;
  serveIn(
    context,
    rig.app,
    8080,
    createHttp2Server((request, response) => {
      response.end(`peer ${request.socket.remoteAddress?.replace("::ffff:", "")} ${request.socket.remotePort}`);
    }),
  );
  rig.attach([open(8080)]);
  const raw = await dial(rig.client, app4, 8080);
  const session = connectHttp2("http://app", { createConnection: () => raw });
  session.on("error", () => undefined);
  const ask = async (path: string): Promise<string> => {
    const stream = session.request({ ":path": path });
    const [headers] = (await once(stream, "response")) as [{ ":status"?: number }];
    let body = "";
    for await (const chunk of stream) body += String(chunk);
    return `${headers[":status"]} ${body}`;
  };
  assert.equal(await ask("/a"), `200 peer ${client4} ${raw.localPort}`);
  assert.match(await ask("/attack"), /^403 /);
  session.destroy();
});

test("a port on which nobody listens is refused by the kernel as ever, and a probe that only connects succeeds where somebody does", async (context) => {
  const rig = openRig(context);
  if (rig === undefined) return;
  const attachment = rig.attach([open(8080)]);
  await assert.rejects(dial(rig.star.router, app4, 8080), { code: "ECONNREFUSED" });
  await assert.rejects(dial(rig.client, app6, 8080), { code: "ECONNREFUSED" });
  assert.equal(rig.door.figures.connections, 0);
  serveIn(context, rig.app, 8080, peerServer());
  const probe = await dial(rig.star.router, app4, 8080);
  const ended = once(probe, "close");
  probe.end();
  probe.resume();
  await ended;
  const kubelet = await exchange(
    await dial(rig.star.router, app4, 8080),
    get("/healthz", "User-Agent: kube-probe/1.33\r\n"),
  );
  assert.match(kubelet, new RegExp(`^HTTP/1.1 200 [^]*peer ${node4}`));
  assert.equal(attachment.figures()[0]?.turned, 2);
});

test("nobody gets past the gateway: its own port, its connections, and ports that were used a moment ago", async (context) => {
  const rig = openRig(context);
  if (rig === undefined) return;
  serveIn(context, rig.app, 8080, peerServer());
  rig.attach([open(8080)]);
  const listening = rig.app.inside(() => readFileSync("/proc/net/tcp", "latin1"));
  const own = [...listening.matchAll(/: 00000000:([0-9A-F]{4}) 00000000:0000 0A/g)].map(([, hex = ""]) =>
    Number.parseInt(hex, 16),
  );
  assert.equal(own.length, 1, "beside the application's own, which is of IPv6");
  assert.equal(await knock(rig.client, app4, own[0] ?? 0), "timeout");
  // The application ends these connections first: its side waits for late packets, and must not take the next one by itself.
  for (let turn = 0; turn < 3; turn += 1) {
    const socket = await dial(rig.client, app4, 8080, 40_404);
    assert.match(await exchange(socket, get("/again")), new RegExp(`peer ${client4} 40404 at`));
  }
  assert.equal(rig.door.figures.connections, 3);
});

test("200 clients at once, each seen with its own port", async (context) => {
  const rig = openRig(context);
  if (rig === undefined) return;
  serveIn(context, rig.app, 8080, peerServer());
  rig.attach([open(8080)]);
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const socket = await dial(rig.client, index % 2 === 0 ? app4 : app6, 8080);
      const local = socket.localPort;
      const answer = await exchange(socket, get(`/${index}`));
      return answer.includes(`${index % 2 === 0 ? client4 : client6} ${local} at`) && answer.endsWith(`/${index}`);
    }),
  );
  assert.equal(answers.filter(Boolean).length, 200);
  assert.equal(rig.door.figures.portsNotKept, 0);
});

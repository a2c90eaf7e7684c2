// Large bodies both ways with bounded memory, back-pressure, and clients that go away.
import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { collectGarbage } from "../worker/collect-garbage.ts";
import { dial, startRig } from "./side.fixture.ts";

const mebibyte = 1024 * 1024;
const bodyBytes = 50 * mebibyte;

test("50 MiB up and 50 MiB down pass in detection mode, every byte shown, memory bounded", async () => {
  let received = 0;
  const chunk = Buffer.alloc(64 * 1024, "x");
  const rig = await startRig(
    (request, answer) => {
      request.on("data", (part: Buffer) => (received += part.length));
      request.on("end", () => {
        let sent = 0;
        answer.writeHead(200, { "content-length": bodyBytes });
        const more = (): void => {
          while (sent < bodyBytes) {
            sent += chunk.length;
            if (!answer.write(chunk)) return void answer.once("drain", more);
          }
          answer.end();
        };
        more();
      });
    },
    { script: { mayBlock: false, wantsRequestBody: true, wantsResponseBody: true } },
  );
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  // What is kept, not what waits to be swept.
  const look = (): void => {
    collectGarbage();
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  };
  const request = httpRequest({ port: rig.port, method: "POST", headers: { "content-length": bodyBytes } });
  for (let sent = 0; sent < bodyBytes; sent += chunk.length) {
    if (!request.write(chunk)) await once(request, "drain");
    if (sent % (5 * mebibyte) === 0) look();
  }
  request.end();
  const [answer] = (await once(request, "response")) as [IncomingMessage];
  let down = 0;
  for await (const part of answer) {
    down += (part as Buffer).length;
    if (down % (5 * mebibyte) < chunk.length) look();
  }
  assert.equal(received, bodyBytes);
  assert.equal(down, bodyBytes);
  assert.equal(rig.seen[0]?.requestBytes, bodyBytes);
  assert.equal(rig.seen[0]?.responseBytes, bodyBytes);
  assert.ok(most < 24 * mebibyte, `${most} bytes of buffers at most`);
  await rig.close();
});

test("a client that does not read stops the upstream, not the memory", async () => {
  let written = 0;
  const upstream = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bodyBytes}\r\n\r\n`);
      const chunk = Buffer.alloc(mebibyte);
      const more = (): void => {
        while (written < bodyBytes) {
          written += chunk.length;
          if (!socket.write(chunk)) return void socket.once("drain", more);
        }
      };
      more();
    });
  });
  const rig = await startRig(upstream);
  const client = await dial(rig.port);
  client.pause();
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  // Until nothing more is taken.
  await until(
    () => written,
    (value, before) => value > 0 && value === before,
  );
  assert.ok(written < 30 * mebibyte, `${written} bytes were taken from the upstream`);
  client.resume();
  let read = 0;
  for await (const part of client) {
    read += (part as Buffer).length;
    if (read > bodyBytes) break;
  }
  assert.ok(read > bodyBytes, "it goes on when the client reads");
  client.destroy();
  await rig.close();
});

test("a client that goes away ends its upstream request; the inspection ends too", async () => {
  const sockets: Socket[] = [];
  const upstream = createServer((socket) => {
    socket.on("error", () => undefined);
    sockets.push(socket);
  });
  const rig = await startRig(upstream);
  const client = await dial(rig.port);
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  while (sockets.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const [seen] = rig.seen;
  const closed = once(sockets[0] as Socket, "close");
  sockets[0]?.resume();
  client.resetAndDestroy();
  await closed;
  assert.equal(seen?.finishes, 1);
  assert.equal(seen?.outcome?.status, 0);
  await rig.close();
});

async function until(look: () => number, holds: (value: number, before: number) => boolean): Promise<void> {
  for (let before = -1; ;) {
    const value = look();
    if (holds(value, before)) return;
    before = value;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

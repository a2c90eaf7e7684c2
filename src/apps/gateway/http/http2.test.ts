// HTTP/2 with prior knowledge on both sides of the gateway, and every pairing with HTTP/1.1.
import assert from "node:assert/strict";
import { once } from "node:events";
import {
  connect,
  createServer,
  type ClientHttp2Session,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import { test } from "node:test";
import { denied, say, startRig } from "./side.fixture.ts";

interface Got {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly trailers: Readonly<Record<string, unknown>>;
}

async function ask(session: ClientHttp2Session, headers: OutgoingHttpHeaders, body?: string): Promise<Got> {
  const stream = session.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  let trailers = {};
  stream.on("trailers", (given) => (trailers = given));
  const [got] = (await once(stream, "response")) as [Record<string, unknown>];
  let text = "";
  for await (const chunk of stream) text += (chunk as Buffer).toString("latin1");
  return { status: Number(got[":status"]), body: text, headers: got, trailers };
}

/** Answers with what it was asked, in HTTP/2. */
function http2Echo() {
  const server = createServer();
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    let body = "";
    stream.on("data", (chunk: Buffer) => (body += chunk.toString("latin1")));
    stream.on("end", () => {
      stream.respond(
        { ":status": 200, "x-path": headers[":path"], "x-authority": headers[":authority"] },
        { waitForTrailers: true },
      );
      stream.on("wantTrailers", () => stream.sendTrailers({ "x-sum": String(body.length) }));
      stream.end(body);
    });
  });
  return server as unknown as Parameters<typeof startRig>[0];
}

test("HTTP/2 to HTTP/1.1: bodies, stops, malformed targets, many streams at once", async () => {
  const script = {
    wantsRequestBody: true,
    requestHead: (head: { target: string }) => (head.target === "/bad" ? denied : undefined),
    requestBody: (body: string) => (body.includes("evil") ? denied : undefined),
  };
  const rig = await startRig(
    (request, answer) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () =>
        answer.end(`${request.method} ${request.url} ${request.headers.host} ${Buffer.concat(chunks).toString()}`),
      );
    },
    { script },
  );
  const session = connect(`http://127.0.0.1:${rig.port}`);
  assert.equal((await ask(session, { ":path": "/a?b" })).body, `GET /a?b 127.0.0.1:${rig.port} `);
  assert.match((await ask(session, { ":path": "/p", ":method": "POST" }, "x".repeat(100_000))).body, /x{100000}$/);
  const stopped = await ask(session, { ":path": "/bad" });
  assert.equal(stopped.status, 403);
  assert.match(stopped.body, /Reference/);
  assert.equal((await ask(session, { ":path": "/p", ":method": "POST" }, "evil")).status, 403);
  // Refused by the reader of HTTP/2 itself, or by ours: never passed on.
  const before = rig.side.figures.requests;
  await assert.rejects(ask(session, { ":path": "/a b HTTP/1.1" }), /PROTOCOL_ERROR/);
  assert.equal(rig.side.figures.requests, before);
  const all = await Promise.all(Array.from({ length: 50 }, (_, index) => ask(session, { ":path": `/${index}` })));
  assert.deepEqual(
    all.map(({ body }) => body.split(" ")[1]),
    all.map((_, index) => `/${index}`),
  );
  assert.equal(rig.seen[0]?.head.protocol, "HTTP/2.0");
  assert.equal(rig.seen[0]?.head.headers[0]?.[0], "host");
  session.close();
  await rig.close();
  assert.ok(rig.seen.every(({ finishes }) => finishes === 1));
});

test("HTTP/1.1 to HTTP/2, and HTTP/2 to HTTP/2 with trailers", async () => {
  const rig = await startRig(http2Echo(), { protocol: "h2c" });
  const text = await say(
    rig.port,
    "POST /x?y HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
  );
  assert.match(text, /^HTTP\/1\.1 200/);
  assert.match(text, /x-path: \/x\?y/i);
  assert.match(text, /x-authority: shop/i);
  assert.match(text, /5\r\nhello\r\n0\r\nx-sum: 5\r\n\r\n$/);
  const session = connect(`http://127.0.0.1:${rig.port}`);
  const got = await ask(session, { ":path": "/t", ":method": "POST" }, "abc");
  assert.deepEqual([got.status, got.body, got.trailers["x-sum"]], [200, "abc", "3"]);
  session.close();
  await rig.close();
});

test("an HTTP/2 upstream that is away is 502, and is found again", async () => {
  let isAway = true;
  const rig = await startRig(http2Echo(), {
    side: {
      upstreamFor: () => ({
        key: "x",
        protocol: "h2c",
        isExclusive: false,
        connect: async () => (await import("./side.fixture.ts")).dial(isAway ? 1 : rig.upstreamPort),
      }),
    },
  });
  const request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  assert.match(await say(rig.port, request), /^HTTP\/1\.1 502/);
  isAway = false;
  assert.match(await say(rig.port, request), /^HTTP\/1\.1 200/);
  await rig.close();
});

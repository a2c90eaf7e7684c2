// What must not end a process: HTTP/2 clients that take requests back, names that every object has, headers that stand twice, errors of an inspection.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, constants, createServer, type ClientHttp2Session, type ServerHttp2Stream } from "node:http2";
import { test } from "node:test";
import { until } from "../gateway.fixture.ts";
import { dial, say, scriptedInspector, startRig } from "./side.fixture.ts";

/** Answers with the names and values that it got; counts its sessions and remembers whether trailers came. */
function http2Echo() {
  const server = createServer({ strictSingleValueFields: false });
  const seen = { sessions: 0, open: 0, trailers: [] as object[] };
  server.on("session", (session) => {
    seen.sessions += 1;
    seen.open += 1;
    session.on("close", () => (seen.open -= 1));
  });
  server.on("stream", (stream: ServerHttp2Stream, _headers, _flags, raw) => {
    stream.on("trailers", (trailers) => seen.trailers.push(trailers));
    stream.on("error", () => undefined);
    stream.resume();
    stream.on("end", () => {
      stream.respond({ ":status": 200 });
      stream.end(JSON.stringify(raw));
    });
  });
  return { server: server as unknown as Parameters<typeof startRig>[0], seen };
}

const ending = "Connection: close\r\n\r\n";

test("an HTTP/2 upstream gets any name and any header twice, over the one session", async () => {
  const { server, seen } = http2Echo();
  const rig = await startRig(server, { protocol: "h2c" });
  const names = [
    "Referer",
    "User-Agent",
    "Authorization",
    "Range",
    "constructor",
    "__proto__",
    "toString",
    "Content-Type",
  ];
  for (const name of names) {
    const answer = await say(rig.port, `GET /x HTTP/1.1\r\nHost: a\r\n${name}: a\r\n${name}: b\r\n${ending}`);
    assert.match(answer, /^HTTP\/1\.1 200/, name);
    const lower = name.toLowerCase();
    assert.ok(answer.includes(`"${lower}","a","${lower}","b"`), `${name}: ${answer}`);
  }
  assert.deepEqual([seen.sessions, seen.open, rig.side.figures.errors], [1, 1, 0]);
  await rig.close();
});

test("a request's trailers end here, whatever they are called, and are told", async () => {
  const { server, seen } = http2Echo();
  const rig = await startRig(server, { protocol: "h2c" });
  const chunked = `POST /t HTTP/1.1\r\nHost: a\r\nTrailer: x-evil\r\nTransfer-Encoding: chunked\r\n${ending}3\r\na=b\r\n0\r\n`;
  for (const trailer of ["constructor: x", "X-Evil: 1' or '1'='1", "X-Forwarded-For: 6.6.6.6"]) {
    const answer = await say(rig.port, `${chunked}${trailer}\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 200/, trailer);
    assert.doesNotMatch(answer, /"trailer"/);
  }
  const session = connect(`http://127.0.0.1:${rig.port}`);
  const stream = session.request({ ":method": "POST" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "x-evil": "2" }));
  stream.end("a=b");
  stream.resume();
  await once(stream, "end");
  session.close();
  assert.deepEqual(seen.trailers, []);
  await rig.close();
  assert.deepEqual(
    rig.seen.map(({ outcome }) => outcome?.counted),
    rig.seen.map(() => ["request trailers: not passed on"]),
  );
  assert.equal(rig.seen.length, 4);
});

test("over HTTP/1.1 upstream no trailer goes on either", async () => {
  const rig = await startRig((request, answer) => {
    request.resume();
    request.on("end", () => answer.end(JSON.stringify([request.trailers, request.headers])));
  });
  const answer = await say(
    rig.port,
    `POST / HTTP/1.1\r\nHost: a\r\nTrailer: x-evil\r\nTransfer-Encoding: chunked\r\n${ending}3\r\na=b\r\n0\r\nx-evil: 1\r\n\r\n`,
  );
  assert.match(answer, /\[\{\},/);
  assert.doesNotMatch(answer, /x-evil/);
  await rig.close();
});

async function get(session: ClientHttp2Session, path: string) {
  const stream = session.request({ ":path": path });
  stream.resume();
  const [headers, , raw] = (await once(stream, "response")) as [Record<string, unknown>, number, string[]];
  await once(stream, "close");
  return { status: headers[":status"], raw };
}

test("an answer with headers twice or oddly named reaches an HTTP/2 client; one that cannot is 502", async () => {
  const answers: Readonly<Record<string, string>> = {
    "/twice": "X-Content-Type-Options: nosniff\r\nX-Content-Type-Options: nosniff\r\nRetry-After: 1\r\nRetry-After: 2",
    "/name": "constructor: x\r\n__proto__: y",
    "/trailer": "Transfer-Encoding: chunked\r\n\r\n0\r\nconstructor: x",
    "/never": "HTTP2-Settings: x\r\n:status: 204",
  };
  const rig = await startRig((request, answer) => {
    const text = answers[request.url ?? ""] ?? "X: y";
    const isChunked = text.startsWith("Transfer-Encoding");
    request.socket.end(
      `HTTP/1.1 200 OK\r\nConnection: close\r\n${isChunked ? "" : "Content-Length: 0\r\n"}${text}\r\n\r\n`,
    );
    answer.destroy();
  });
  const session = connect(`http://127.0.0.1:${rig.port}`);
  const twice = await get(session, "/twice");
  assert.equal(twice.status, 200);
  assert.deepEqual(
    twice.raw.filter((_, index) => ["x-content-type-options", "retry-after"].includes(twice.raw[index - 1] ?? "")),
    ["nosniff", "nosniff", "1", "2"],
  );
  assert.equal((await get(session, "/name")).status, 200);
  assert.equal((await get(session, "/trailer")).status, 200);
  assert.equal((await get(session, "/never")).status, 502);
  assert.equal((await get(session, "/fine")).status, 200);
  session.close();
  await rig.close();
  assert.ok(rig.seen.every(({ finishes }) => finishes === 1));
});

function frame(type: number, flags: number, stream: number, payload: readonly number[]): Buffer {
  return Buffer.from([0, 0, payload.length, type, flags, 0, 0, 0, stream, ...payload]);
}

/** By hand: node's own client ends a request before it takes it back. */
const begunRequest = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  frame(4, 0, 0, []),
  // POST, http, "/", authority "a": entries of the static table.
  frame(1, 4, 1, [0x83, 0x86, 0x84, 0x41, 1, 0x61]),
  frame(0, 0, 1, [0x61, 0x3d, 0x62]),
]);
const takenBack = frame(3, 0, 1, [0, 0, 0, constants.NGHTTP2_CANCEL]);

test("an HTTP/2 client that takes its request back ends that one, held or streamed", async (context) => {
  for (const mayBlock of [true, false]) {
    const rig = await startRig((request) => request.on("error", () => undefined).resume(), {
      script: { mayBlock, wantsRequestBody: true },
    });
    context.after(() => rig.close());
    const socket = await dial(rig.port);
    context.after(() => socket.destroy());
    socket.resume();
    socket.write(begunRequest);
    await until(
      () => rig.seen[0]?.requestBytes,
      (bytes) => bytes === 3,
    );
    socket.write(takenBack);
    await until(
      () => rig.seen[0]?.finishes,
      (finishes) => finishes === 1,
    );
    const { status, counted, notInspected } = rig.seen[0]?.outcome ?? { status: -1 };
    const reason = ["request body: the client left before its end"];
    assert.deepEqual([status, mayBlock ? counted : notInspected], [0, reason]);
    assert.deepEqual([rig.side.figures.errors, rig.side.figures.malformed], [0, 0]);
  }
});

test("an inspection that throws at any step costs its own request 502, and is counted", async (context) => {
  const boom = (): never => {
    throw new Error("boom");
  };
  const scripts = [
    { requestHead: boom },
    { wantsRequestBody: true, requestBody: boom },
    { responseHead: boom },
    { wantsResponseBody: true, responseBody: boom },
  ];
  const form = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n";
  for (const script of scripts) {
    const rig = await startRig((request, answer) => request.resume().on("end", () => answer.end("fine")), { script });
    context.after(() => rig.close());
    assert.match(await say(rig.port, `${form}${ending}a=b`), /^HTTP\/1\.1 502/, Object.keys(script).join());
    const session = connect(`http://127.0.0.1:${rig.port}`);
    assert.equal((await get(session, "/")).status, 502);
    session.close();
    assert.ok(rig.side.figures.errors >= 1);
    assert.ok(rig.seen.every(({ finishes }) => finishes === 1));
  }
  const { inspector } = scriptedInspector({});
  const rig = await startRig((_request, answer) => answer.end("fine"), {
    side: { inspector: { begin: (source, head) => (head.target === "/bad" ? boom() : inspector.begin(source, head)) } },
  });
  assert.match(await say(rig.port, `GET /bad HTTP/1.1\r\nHost: a\r\n${ending}`), /^HTTP\/1\.1 502/);
  assert.match(await say(rig.port, `GET /good HTTP/1.1\r\nHost: a\r\n${ending}`), /^HTTP\/1\.1 200/);
  await rig.close();
});

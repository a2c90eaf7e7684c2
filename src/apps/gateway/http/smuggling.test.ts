// Shapes that two servers read differently: each is answered 400, told, and never seen by the upstream.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { array, assert as assertProperty, constantFrom, integer, property, string } from "fast-check";
import { createBodyReader } from "./body-reader.ts";
import { findHeadEnd, parseRequestHead } from "./parse-head.ts";
import { say, startRig } from "./side.fixture.ts";

const smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
const post = (headers: string, body = `0\r\n\r\n${smuggled}`) =>
  `POST / HTTP/1.1\r\nHost: a\r\n${headers}\r\n\r\n${body}`;

/** Name, bytes, and what the event says. */
const shapes: readonly (readonly [string, string, RegExp])[] = [
  ["CL + TE", post("Content-Length: 4\r\nTransfer-Encoding: chunked"), /together/],
  ["TE + CL", post("Transfer-Encoding: chunked\r\nContent-Length: 4"), /together/],
  ["two CL, different", post("Content-Length: 5\r\nContent-Length: 6"), /twice/],
  ["two CL, same", post("Content-Length: 5\r\nContent-Length: 5"), /twice/],
  ["CL list", post("Content-Length: 5, 5"), /not a number/],
  ["CL with a sign", post("Content-Length: +5"), /not a number/],
  ["CL negative", post("Content-Length: -1"), /not a number/],
  ["CL in hexadecimal", post("Content-Length: 0x5"), /not a number/],
  ["CL empty", post("Content-Length:"), /not a number/],
  ["CL too large", post("Content-Length: 99999999999999999999"), /not a number/],
  ["two TE", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), /twice/],
  ["TE identity", post("Transfer-Encoding: identity"), /not chunked/],
  ["TE list", post("Transfer-Encoding: gzip, chunked"), /not chunked/],
  ["TE with a vertical tab", post("Transfer-Encoding: \x0bchunked"), /control character/],
  ["TE xchunked", post("Transfer-Encoding: xchunked"), /not chunked/],
  ["TE quoted", post('Transfer-Encoding: "chunked"'), /not chunked/],
  ["TE after a space", post(" Transfer-Encoding: chunked"), /folded/],
  ["space before colon", post("Transfer-Encoding : chunked"), /before a header's colon/],
  ["tab before colon", post("Content-Length\t: 5"), /before a header's colon/],
  ["folded value", post("X-A: 1\r\n Transfer-Encoding: chunked"), /folded/],
  ["folded by a tab", post("X-A: 1\r\n\tb"), /folded/],
  ["NUL in a value", post("X-A: 1\0Transfer-Encoding: chunked"), /NUL/],
  ["NUL in a name", post("X\0A: 1"), /NUL/],
  ["bare LF between headers", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", /carriage return/],
  ["bare LF everywhere", `GET / HTTP/1.1\nHost: a\n\n${smuggled}`, /carriage return/],
  ["bare LF at the end", `GET / HTTP/1.1\r\nHost: a\n\r\n${smuggled}`, /carriage return/],
  ["bare CR in a value", post("X-A: 1\rTransfer-Encoding: chunked"), /line feed/],
  ["header without colon", post("Transfer-Encoding chunked"), /no colon/],
  ["empty name", post(": x"), /not a word/],
  ["name with a slash", post("X/Y: x"), /not a word/],
  ["no Host", "GET / HTTP/1.1\r\nX: a\r\n\r\n", /no Host/],
  ["two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", /Host stands twice/],
  ["Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", /not a host/],
  ["space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", /white space/],
  ["two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", /white space/],
  ["tab for a space", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", /protocol/],
  ["space before the method", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", /not a word/],
  ["no protocol", "GET /\r\nHost: a\r\n\r\n", /no protocol/],
  ["junk protocol", "GET / JUNK/1.0\r\nHost: a\r\n\r\n", /not HTTP/],
  ["target without a slash", "GET x HTTP/1.1\r\nHost: a\r\n\r\n", /neither/],
  ["CONNECT without a port", "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", /no host and port/],
  ["another host in the target", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", /different hosts/],
  ["a target's host that is none", 'GET http://a"onload=1,b/ HTTP/1.1\r\nHost: a"onload=1,b\r\n\r\n', /not a host/],
  ["a coded host in the target", "GET http://a%22/ HTTP/1.1\r\nHost: a\r\n\r\n", /target's host/],
  ["CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", /CONNECT/],
  ["chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", /HTTP\/1.0/],
  ...["x", "-1", "0x3", "+3", " 3", "", "3 3", "1000000000000000", "3;\0", "3;a=\x01"].map(
    (size) =>
      [
        `chunk size ${JSON.stringify(size)}`,
        post("Transfer-Encoding: chunked", `${size}\r\nabc\r\n0\r\n\r\n`),
        /chunk/,
      ] as const,
  ),
  ["chunk line with bare LF", post("Transfer-Encoding: chunked", "3\nabc\r\n0\r\n\r\n"), /carriage return/],
  ["chunk longer than its size", post("Transfer-Encoding: chunked", "3\r\nabcd\r\n0\r\n\r\n"), /line end/],
  ["chunk ended by LF", post("Transfer-Encoding: chunked", "3\r\nabc\n0\r\n\r\n"), /line end/],
  [
    "endless chunk extension",
    post("Transfer-Encoding: chunked", `3;${"a".repeat(600)}\r\nabc\r\n0\r\n\r\n`),
    /too long/,
  ],
  ["framing in the trailers", post("Transfer-Encoding: chunked", "0\r\nContent-Length: 3\r\n\r\n"), /trailers/],
  ["folded trailer", post("Transfer-Encoding: chunked", "0\r\nA: b\r\n c\r\n\r\n"), /folded/],
  ["trailer with bare LF", post("Transfer-Encoding: chunked", "0\r\nA: b\n\r\n\r\n"), /carriage return/],
];

test("each shape is answered 400 (CONNECT: 405), told as malformed, closed, and nothing of it goes on", async (t) => {
  let received = "";
  const upstream = createServer((socket) => {
    socket.on("data", (chunk) => (received += chunk.toString("latin1")));
    socket.on("error", () => undefined);
  });
  // Bodies are held, so that a bad chunk late in one is known before anything is sent.
  const rig = await startRig(upstream, { script: { wantsRequestBody: true } });
  for (const [name, bytes, flaw] of shapes) {
    await t.test(name, async () => {
      const before = rig.seen.length;
      const answer = await say(rig.port, bytes);
      assert.match(answer, name === "CONNECT" ? /^HTTP\/1\.1 405 / : /^HTTP\/1\.1 400 /);
      assert.match(answer, /Connection: close/);
      assert.equal(answer.match(/HTTP\/1\.1/g)?.length, 1, "one answer only");
      assert.equal(rig.seen.length, before + 1);
      assert.match(rig.seen.at(-1)?.outcome?.malformed ?? "", flaw);
    });
  }
  assert.equal(received, "");
  assert.equal(rig.side.figures.malformed, shapes.length);
  await rig.close();
});

test("a streamed body that turns bad ends the upstream's request unfinished", async () => {
  let received = "";
  let hasEnded = false;
  const upstream = createServer((socket) => {
    socket.on("data", (chunk) => (received += chunk.toString("latin1")));
    socket.on("close", () => (hasEnded = true));
    socket.on("error", () => undefined);
  });
  const rig = await startRig(upstream);
  assert.match(await say(rig.port, post("Transfer-Encoding: chunked", "3\r\nabc\r\nzz\r\n")), /^HTTP\/1\.1 400 /);
  const isOver = (): boolean => hasEnded || received === "";
  while (!isOver()) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.doesNotMatch(received, /0\r\n\r\n$/);
  await rig.close();
});

test("CL with TE can be read as Apache does: chunked, without the length, and the connection ends", async () => {
  const rig = await startRig(
    (request, answer) => {
      request.resume();
      answer.end(`length ${request.headers["content-length"]}`);
    },
    { side: { doubleFraming: "drop-length" } },
  );
  const answer = await say(
    rig.port,
    post("Content-Length: 7\r\nTransfer-Encoding: chunked", `7\r\nfoo=bar\r\n0\r\n\r\n${smuggled}`),
  );
  assert.match(answer, /^HTTP\/1\.1 200 OK[\s\S]*length undefined/);
  assert.equal(answer.match(/HTTP\/1\.1/g)?.length, 1);
  assert.equal(
    rig.seen[0]?.head.headers.some(([name]) => name === "Content-Length"),
    false,
  );
  await rig.close();
});

test("too many or too long headers are 431", async () => {
  const rig = await startRig((_request, answer) => answer.end(), { limits: { headBytesMax: 2000, headersMax: 20 } });
  assert.match(await say(rig.port, `GET / HTTP/1.1\r\nHost: a\r\n${"X: y\r\n".repeat(30)}\r\n`), /^HTTP\/1\.1 431/);
  assert.match(await say(rig.port, `GET /${"a".repeat(3000)}`), /^HTTP\/1\.1 431/);
  await rig.close();
});

test("heads of any bytes are read without a throw, and never without a flaw when a byte is out of place", () => {
  const options = { headersMax: 20, doubleFraming: "refuse" } as const;
  const bytes = string({
    unit: constantFrom("\r", "\n", "\0", " ", ":", "a", "1", "\x80", "\t", "HTTP/1.1", "Host: a"),
    maxLength: 40,
  });
  assertProperty(
    property(bytes, (text) => {
      const head = parseRequestHead(text, options);
      if (/[\0]|(^|[^\r])\n|\r([^\n]|$)/.test(text)) assert.notEqual(head.flaw, "");
      findHeadEnd(Buffer.from(text, "latin1"));
    }),
  );
});

test("a chunked body is the same however its bytes are cut", () => {
  const text = "3\r\nabc\r\n1;x\r\nd\r\n0a\r\n0123456789\r\n0\r\nX: y\r\nZ: 1\r\n\r\nrest";
  const limits = { chunkLineBytesMax: 100, trailersBytesMax: 100, headersMax: 10 };
  assertProperty(
    property(array(integer({ min: 1, max: 9 }), { minLength: 80, maxLength: 80 }), (cuts) => {
      let body = "";
      let trailers: unknown;
      const reader = createBodyReader({ kind: "chunked" }, limits, {
        data: (chunk) => (body += chunk.toString("latin1")),
        end: (given) => (trailers = given),
        bad: (flaw) => assert.fail(flaw),
      });
      let at = 0;
      for (const cut of cuts) {
        if (reader.isDone) break;
        at += reader.read(Buffer.from(text.slice(at, at + cut), "latin1"));
      }
      assert.equal(body, "abcd0123456789");
      assert.deepEqual(trailers, [
        ["X", "y"],
        ["Z", "1"],
      ]);
      assert.equal(text.slice(at), "rest");
    }),
  );
});

test("only WebSocket is upgraded to: other words do not go upstream", async () => {
  const heads: string[] = [];
  const upstream = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      heads.push(chunk.toString("latin1"));
      socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    });
  });
  const rig = await startRig(upstream, {});
  for (const word of ["foo, h2c", "h2c", "foo", "websocket, h2c", "tls/1.0", "websocket\r\nUpgrade: h2c"]) {
    const text = `GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: ${word}\r\n\r\n`;
    assert.match(await say(rig.port, text), /^HTTP\/1\.1 200/, word);
    assert.doesNotMatch(heads.at(-1) ?? "Upgrade", /h2c|foo|tls/i, word);
  }
  await rig.close();
});

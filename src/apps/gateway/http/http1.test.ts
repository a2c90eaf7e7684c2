// The HTTP side over real sockets: what passes, what is stopped, what is held, what breaks.
import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { createServer } from "node:net";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { denied, dial, say, startRig, type Rig } from "./side.fixture.ts";

interface Got {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  readonly trailers: IncomingMessage["trailers"];
}

async function ask(port: number, options: RequestOptions, body?: string | Buffer): Promise<Got> {
  const request = httpRequest({ host: "127.0.0.1", port, ...options });
  request.end(body);
  const [answer] = (await once(request, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    body: Buffer.concat(chunks).toString("latin1"),
    trailers: answer.trailers,
  };
}

/** Answers with what it was asked. */
const echo: Parameters<typeof startRig>[0] = (request, answer) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    answer.setHeader("x-method", request.method ?? "");
    answer.setHeader("x-url", request.url ?? "");
    answer.setHeader("x-from", String(request.headers["x-forwarded-for"] ?? ""));
    answer.setHeader("x-raw", JSON.stringify(request.rawHeaders));
    answer.end(Buffer.concat(chunks));
  });
};

async function withRig(given: Parameters<typeof startRig>, use: (rig: Rig) => Promise<void>): Promise<void> {
  const rig = await startRig(...given);
  try {
    await use(rig);
    assert.equal(rig.side.figures.heldBytes, 0);
    assert.ok(
      rig.seen.every(({ finishes }) => finishes === 1),
      "every inspection is finished once",
    );
  } finally {
    await rig.close();
  }
}

test("requests of every kind of body pass, on one connection", async () => {
  await withRig([echo, { script: { wantsRequestBody: true, requestBody: () => undefined } }], async (rig) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const body of ["", "a", "x".repeat(300_000)]) {
      for (const chunked of [false, true]) {
        const headers = chunked ? { "transfer-encoding": "chunked" } : { "content-length": String(body.length) };
        const got = await ask(rig.port, { method: "POST", path: "/a?b=1", agent, headers }, body);
        assert.equal(got.status, 200);
        assert.equal(got.body, body);
        assert.equal(got.headers["x-url"], "/a?b=1");
        assert.equal(got.headers["x-from"], "127.0.0.1");
      }
    }
    agent.destroy();
    assert.equal(rig.side.figures.connections, 1);
    assert.equal(rig.side.figures.requests, 6);
  });
});

test("HEAD, 204, 304, HTTP/1.0, absolute targets and unknown methods", async () => {
  const upstream: typeof echo = (request, answer) => {
    if (request.url === "/none") answer.writeHead(204).end();
    else if (request.url === "/same") answer.writeHead(304, { etag: '"1"' }).end();
    else if (request.url === "/stream") {
      answer.write("one ");
      answer.end("two");
    } else answer.end(`${request.method} ${request.url} ${request.headers.host}`);
  };
  await withRig([upstream], async ({ port }) => {
    assert.equal((await ask(port, { method: "HEAD", path: "/" })).headers["content-length"], undefined);
    assert.equal((await ask(port, { path: "/none" })).status, 204);
    assert.equal((await ask(port, { path: "/same" })).status, 304);
    assert.match(
      await say(port, "GET http://Other.example/p?q HTTP/1.1\r\nHost: other.example\r\nConnection: close\r\n\r\n"),
      /GET \/p\?q Other\.example$/,
    );
    assert.match(await say(port, "PATCH /x HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n"), /PATCH \/x shop$/);
    const old = await say(port, "GET /stream HTTP/1.0\r\n\r\n");
    assert.match(old, /\r\n\r\none two$/);
    assert.doesNotMatch(old, /chunked/i);
  });
});

test("pipelined requests are answered in order", async () => {
  await withRig([echo], async ({ port }) => {
    const one = (path: string, last = "") => `GET ${path} HTTP/1.1\r\nHost: a\r\n${last}\r\n`;
    const text = await say(port, one("/1") + one("/2") + one("/3", "Connection: close\r\n"));
    assert.deepEqual(
      [...text.matchAll(/x-url: (\S+)/gi)].map((match) => match[1]),
      ["/1", "/2", "/3"],
    );
  });
});

test("a stopped request never reaches the upstream; the page says its id and no more", async () => {
  let asked = 0;
  const upstream: typeof echo = (_request, answer) => {
    asked += 1;
    answer.end("secret");
  };
  const script = {
    wantsRequestBody: true,
    requestHead: (head: { target: string }) => (head.target.includes("bad") ? denied : undefined),
    requestBody: (body: string) => (body.includes("evil") ? denied : undefined),
  };
  await withRig([upstream, { script }], async ({ port, side }) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const blocked = await ask(port, { path: "/bad", agent });
    assert.equal(blocked.status, 403);
    assert.match(blocked.body, /Reference: id-1/);
    assert.doesNotMatch(blocked.body, /1001|rule/);
    const json = await ask(port, { path: "/bad", headers: { accept: "application/json" }, agent });
    assert.equal(json.headers["content-type"], "application/problem+json");
    assert.equal(JSON.parse(json.body).transaction, "id-2");
    assert.equal(side.figures.connections, 1, "the connection is kept");
    const body = await ask(
      port,
      { method: "POST", path: "/", headers: { "content-length": "100" } },
      `evil${"x".repeat(96)}`,
    );
    assert.equal(body.status, 403);
    assert.equal(asked, 0);
    assert.equal((await ask(port, { method: "POST", path: "/" }, "good")).body, "secret");
    assert.equal(side.figures.blocked, 3);
    agent.destroy();
  });
});

test("an answer is held for its verdict and replaced when it is stopped", async () => {
  const upstream: typeof echo = (request, answer) => {
    answer.write("first ");
    answer.end(request.url === "/leak" ? "SQL error" : "fine");
  };
  const script = {
    wantsResponseBody: true,
    readsResponses: true,
    responseBody: (body: string) => (body.includes("SQL error") ? denied : undefined),
  };
  await withRig([upstream, { script }], async ({ port }) => {
    assert.equal((await ask(port, { path: "/ok" })).body, "first fine");
    const leak = await ask(port, { path: "/leak" });
    assert.equal(leak.status, 403);
    assert.doesNotMatch(leak.body, /first|SQL/);
  });
});

test("in detection mode bodies are seen and stream through", async () => {
  const script = { mayBlock: false, wantsRequestBody: true, wantsResponseBody: true, requestBody: () => undefined };
  await withRig([echo, { script }], async ({ port, seen }) => {
    const got = await ask(port, { method: "POST", path: "/" }, "hello");
    assert.equal(got.body, "hello");
    assert.equal(seen[0]?.requestBytes, 5);
    assert.equal(seen[0]?.responseBytes, 5);
  });
});

test("a body over what may be held: 413, or passed on as not inspected", async () => {
  const script = { wantsRequestBody: true };
  const big = "x".repeat(200_000);
  await withRig([echo, { script, limits: { heldBytesMax: 100_000 } }], async ({ port, seen }) => {
    assert.equal((await ask(port, { method: "POST", path: "/" }, big)).status, 413);
    assert.match(seen[0]?.outcome?.notInspected?.[0] ?? "", /request body: over 100000 bytes/);
  });
  await withRig(
    [echo, { script, limits: { heldBytesMax: 100_000 }, side: { onBodyTooLarge: "pass" } }],
    async ({ port, seen }) => {
      const got = await ask(port, { method: "POST", path: "/" }, big);
      assert.equal(got.status, 200);
      assert.equal(got.body.length, big.length);
      assert.match(seen[0]?.outcome?.notInspected?.[0] ?? "", /request body/);
    },
  );
});

test("100-continue comes after the headers were judged, trailers of answers pass", async () => {
  const upstream: typeof echo = (request, answer) => {
    request.resume();
    request.on("end", () => {
      answer.writeHead(200, { trailer: "x-sum" });
      answer.write("body");
      answer.addTrailers({ "x-sum": request.trailers["x-in"] ?? "none" });
      answer.end();
    });
  };
  const script = { requestHead: (head: { target: string }) => (head.target === "/no" ? denied : undefined) };
  await withRig([upstream, { script }], async ({ port }) => {
    const text = await say(
      port,
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3;x=y\r\nabc\r\n0\r\nX-In: 7\r\n\r\n",
    );
    assert.match(text, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
    assert.match(text, /x-sum: none/);
    const refused = await say(
      port,
      "POST /no HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
    );
    assert.match(refused, /^HTTP\/1\.1 403/);
  });
});

test("hop-by-hop headers stay, what an unlisted client forwards is not believed, a listed one's is", async () => {
  const head =
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Secret, Host\r\nX-Secret: 1\r\nKeep-Alive: 5\r\nX-Forwarded-For: 9.9.9.9\r\nForwarded: for=1\r\nX-A: 1\r\nX-a: 2\r\n\r\n";
  await withRig([echo], async ({ port }) => {
    const text = await say(port, head);
    const raw = /x-raw: (\[.*\])/i.exec(text)?.[1] ?? "";
    assert.deepEqual(JSON.parse(raw), [
      "Host",
      "a",
      "X-A",
      "1",
      "X-a",
      "2",
      "X-Forwarded-For",
      "127.0.0.1",
      "X-Forwarded-Proto",
      "http",
    ]);
  });
  await withRig([echo, { side: { isTrustedProxy: () => true } }], async ({ port }) => {
    assert.match(await say(port, head), /x-from: 9\.9\.9\.9, 127\.0\.0\.1/i);
  });
});

test("an upstream that is away is 502, one that dies in its answer ends the client's, one that says nothing is 504", async () => {
  const dying = createServer((socket) => {
    socket.once("data", (bytes: Buffer) => {
      const text = bytes.toString("latin1");
      if (text.startsWith("GET /mid")) {
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        setImmediate(() => socket.destroy());
      } else if (text.startsWith("GET /early")) socket.destroy();
      else if (text.startsWith("GET /junk")) socket.write("NOT HTTP AT ALL\r\n\r\n");
      else if (text.startsWith("GET /both"))
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    });
    socket.on("error", () => undefined);
  });
  await withRig([dying], async ({ port, side }) => {
    assert.equal((await ask(port, { path: "/early" })).status, 502);
    assert.equal((await ask(port, { path: "/junk" })).status, 502);
    assert.equal((await ask(port, { path: "/both" })).status, 502);
    await assert.rejects(ask(port, { path: "/mid" }), /aborted|hang up/);
    assert.deepEqual(side.figures.upstreamFailures, { broken: 1, malformed: 3 });
  });
  const mute = createServer((socket) => socket.resume().on("error", () => undefined));
  await withRig([mute, { limits: { upstreamHeadMsMax: 60 } }], async ({ port, side }) => {
    assert.equal((await ask(port, { path: "/silent" })).status, 504);
    assert.deepEqual(side.figures.upstreamFailures, { timeout: 1 });
  });
  await withRig(
    [
      echo,
      { side: { upstreamFor: () => ({ key: "x", protocol: "http1", isExclusive: false, connect: () => dial(1) }) } },
    ],
    async ({ port }) => {
      assert.equal((await ask(port, { path: "/" })).status, 502);
    },
  );
});

test("a kept connection that the upstream closed meanwhile: GET goes again, POST does not", async () => {
  let connections = 0;
  const closing = createServer((socket) => {
    connections += 1;
    let answered = 0;
    socket.on("data", () => {
      answered += 1;
      if (answered === 1) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      else socket.destroy();
    });
    socket.on("error", () => undefined);
  });
  await withRig([closing], async ({ port }) => {
    assert.equal((await ask(port, { path: "/" })).body, "ok");
    assert.equal((await ask(port, { path: "/" })).body, "ok");
    assert.equal(connections, 2);
    assert.equal((await ask(port, { method: "POST", path: "/" }, "x")).status, 502);
    assert.equal(connections, 2);
  });
});

test("slow clients: headers and bodies that do not come are 408", async () => {
  const limits = { headMsMax: 40, bodyIdleMsMax: 40 };
  await withRig([echo, { limits, script: { wantsRequestBody: true } }], async ({ port, side }) => {
    assert.match(await say(port, "GET / HTTP/1.1\r\nHos"), /^HTTP\/1\.1 408/);
    assert.match(await say(port, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab"), /^HTTP\/1\.1 408/);
    assert.equal(await say(port, ""), "");
    assert.equal(side.figures.timeouts, 2);
  });
});

test("a body that came fast and then hardly at all is slow, too", async () => {
  const limits = { bodyIdleMsMax: 300 };
  await withRig([echo, { limits, script: { wantsRequestBody: true } }], async ({ port, seen }) => {
    const socket = await dial(port);
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n${"x".repeat(90_000)}`);
    const drip = setInterval(() => socket.write("x"), 20);
    const [answer] = (await once(socket, "data")) as [Buffer];
    clearInterval(drip);
    socket.destroy();
    assert.match(answer.toString(), /^HTTP\/1\.1 408/);
    assert.equal(seen.length, 1);
  });
});

test("an upgrade is inspected and then passed through, both ways, with what came early", async () => {
  const upstream = createServer((socket) => {
    socket.once("data", () => {
      socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\nhello",
      );
      socket.on("data", (chunk) => socket.write(chunk));
      socket.on("end", () => socket.end());
    });
    socket.on("error", () => undefined);
  });
  const script = { requestHead: (head: { target: string }) => (head.target === "/bad" ? denied : undefined) };
  await withRig([upstream, { script }], async ({ port, side, seen }) => {
    const head = (path: string) =>
      `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
    const socket = await dial(port);
    socket.write(`${head("/ws")}early`);
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      if (text.endsWith("early")) socket.end("late");
    });
    await once(socket, "end");
    assert.match(text, /^HTTP\/1\.1 101 .*Upgrade: websocket\r\n\r\nhelloearlylate$/s);
    assert.equal(side.figures.tunnels, 1);
    assert.deepEqual(seen[0]?.outcome?.counted, ["tunnel: only its handshake was looked at"]);
    assert.equal(seen[0]?.outcome?.status, 101);
    assert.match(await say(port, head("/bad").replace("Upgrade\r\n", "Upgrade, close\r\n")), /^HTTP\/1\.1 403/);
  });
});

test("closing waits for nobody who has not asked: idle, half a head, or silent", async () => {
  const rig = await startRig((_request, answer) => answer.end("fine"));
  const sockets = await Promise.all([dial(rig.port), dial(rig.port), dial(rig.port)]);
  for (const socket of sockets) socket.on("error", () => undefined).resume();
  sockets[0]?.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  sockets[1]?.write("GET / HTTP/1.1\r\nHo");
  while (rig.side.figures.connectionsOpen < 3 || rig.side.figures.requests < 1) await delay(5);
  // Far below the hour that it may take at most; the test's own time limit is the judge.
  await rig.side.close(3_600_000);
  assert.equal(rig.side.figures.connectionsOpen, 0);
  for (const socket of sockets) socket.destroy();
  await rig.close();
});

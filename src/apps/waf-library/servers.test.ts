// The library where servers are less plain: HTTP/2, answers that somebody else gave first, requests that give text, handshakes.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server, type ClientHttp2Session } from "node:http2";
import { connect, type AddressInfo, type Socket } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { promisify } from "node:util";
import { serve } from "@hono/node-server";
import { fastify } from "fastify";
import { Hono } from "hono";
import { wafExpress } from "./express.ts";
import { wafFastify } from "./fastify.ts";
import { wafHono } from "./hono.ts";
import { guard, guardUpgrade } from "./node.ts";
import type { Waf, WafLibraryEvent, WafOptions } from "./types.ts";
import { createWaf } from "./waf.ts";

const rules = {
  file: "own.conf",
  text: `
SecRule ARGS "@contains evil" "id:101,phase:2,deny,status:403,log,msg:'evil'"
SecRule REQUEST_URI "@beginsWith /dropped" "id:104,phase:1,drop,log,msg:'dropped'"`,
};

function bench(options: Partial<WafOptions> = {}): { readonly waf: Waf; readonly events: readonly WafLibraryEvent[] } {
  const events: WafLibraryEvent[] = [];
  return { waf: createWaf({ rules, mode: "block", onEvent: (event) => void events.push(event), ...options }), events };
}

const echo: RequestListener = (request, response) => {
  void readAll(request).then((body) => response.end(`${request.method} ${body}`));
};

async function readAll(request: AsyncIterable<unknown>): Promise<string> {
  let text = "";
  for await (const chunk of request) text += typeof chunk === "string" ? chunk : (chunk as Buffer).toString("latin1");
  return text;
}

function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
}

async function listening(context: TestContext, server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return portOf(server);
}

/** Each starts an HTTP/2 server without TLS and gives its port. */
const http2Servers: readonly (readonly [string, (context: TestContext, waf: Waf) => Promise<number>])[] = [
  [
    "node:http2",
    async (context, waf) => {
      // The compatibility layer's requests are what the listener takes.
      const listener: unknown = guard(waf, echo);
      const server = createHttp2Server(listener as Parameters<typeof createHttp2Server>[1]).listen(0, "127.0.0.1");
      context.after(() => void server.close());
      await once(server, "listening");
      return portOf(server);
    },
  ],
  [
    "Fastify",
    async (context, waf) => {
      const app = fastify({ http2: true, bodyLimit: 1 << 22 });
      await app.register(wafFastify(waf));
      app.removeAllContentTypeParsers();
      app.addContentTypeParser("*", { parseAs: "string" }, (_, body, done) => done(null, body));
      app.all("/*", (request) => `${request.method} ${typeof request.body === "string" ? request.body : ""}`);
      await app.listen({ host: "127.0.0.1", port: 0 });
      context.after(() => app.close());
      return portOf(app.server);
    },
  ],
  [
    "Hono",
    async (context, waf) => {
      const app = new Hono();
      app.use(wafHono(waf));
      app.all("*", async (each) => each.text(`${each.req.method} ${await each.req.text()}`));
      const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0, createServer: createHttp2Server });
      context.after(() => void server.close());
      await once(server, "listening");
      return portOf(server);
    },
  ],
];

interface Ask {
  readonly path?: string;
  readonly method?: string;
  /** Undefined: the request ends with its head. */
  readonly body?: readonly string[];
}

async function askHttp2(session: ClientHttp2Session, { path = "/", method = "GET", body }: Ask): Promise<string> {
  const stream = session.request(
    { ":path": path, ":method": method, "content-type": "application/x-www-form-urlencoded" },
    { endStream: body === undefined },
  );
  for (const piece of body ?? []) {
    stream.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (body !== undefined) stream.end();
  const answer = once(stream, "response") as Promise<[{ readonly ":status"?: number }]>;
  const first = await Promise.race([answer, once(stream, "close").then(() => undefined)]);
  if (first === undefined) return "closed";
  const [headers] = first;
  return `${headers[":status"]} ${await readAll(stream)}`;
}

for (const [name, start] of http2Servers)
  describe(`garrison/waf before ${name} with HTTP/2`, () => {
    it("judges heads and bodies, and hands bodies on whole", { timeout: 30_000 }, async (context) => {
      const { waf, events } = bench();
      const session = connectHttp2(`http://127.0.0.1:${await start(context, waf)}`);
      context.after(() => session.destroy());
      const large = `a=${"x".repeat(100_000)}`;
      const cases: readonly (readonly [Ask, string])[] = [
        [{ path: "/?a=fine" }, "200 GET "],
        [{ method: "POST" }, "200 POST "],
        [{ method: "POST", body: [] }, "200 POST "],
        [{ method: "POST", body: ["a=fine"] }, "200 POST a=fine"],
        [{ method: "POST", body: ["a=1", "&b=2", "&c=3"] }, "200 POST a=1&b=2&c=3"],
        [{ method: "POST", body: [large] }, `200 POST ${large}`],
      ];
      for (const [ask, answer] of cases) assert.equal(await askHttp2(session, ask), answer);
      assert.deepEqual(events, []);
      for (const ask of [{ path: "/?a=evil" }, { method: "POST", body: ["a=ev", "il"] }])
        assert.match(await askHttp2(session, ask), /^403 .*"transaction"/);
      assert.deepEqual(
        events.map(({ verdict, notInspected }) => [verdict, notInspected]),
        [
          ["blocked", []],
          ["blocked", []],
        ],
      );
      // Whoever answers a Fetch API request cannot close its connection.
      assert.match(await askHttp2(session, { path: "/dropped" }), name === "Hono" ? /^403 / : /^closed$/);
    });
  });

/** Sends a form whose second half comes once the first answer did; resolves with all that came until the connection's end. */
async function slowForm(port: number): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 6\r\n\r\na=",
  );
  const [first] = (await once(socket, "data")) as [Buffer];
  socket.write("evil");
  return first.toString("latin1") + (await restOf(socket));
}

async function restOf(socket: Socket): Promise<string> {
  socket.on("error", () => undefined);
  let text = "";
  socket.on("data", (data: Buffer) => (text += data.toString("latin1")));
  socket.end();
  await once(socket, "close");
  return text;
}

type Handle = (request: IncomingMessage, response: Parameters<RequestListener>[1]) => void;

describe("garrison/waf behind somebody who answers first", () => {
  const answers: readonly (readonly [string, Handle])[] = [
    ["whole", (_, response) => response.writeHead(503, { "content-length": "8" }).end("too slow")],
    ["in part", (_, response) => void response.writeHead(200, { "content-length": "9" }).write("half")],
  ];
  for (const [how, answer] of answers)
    it(`goes on serving when the answer was given ${how}`, { timeout: 30_000 }, async (context) => {
      const { waf, events } = bench();
      let handled = 0;
      const fast = fastify({ serverFactory: (handler) => createServer((...both) => answered(both, answer, handler)) });
      await fast.register(wafFastify(waf));
      fast.post("/", () => (handled += 1));
      await fast.listen({ host: "127.0.0.1", port: 0 });
      context.after(() => fast.close());
      const guarded = guard(waf, () => (handled += 1));
      const before = wafExpress(waf);
      const ports = [
        await listening(
          context,
          createServer((...both) => answered(both, answer, guarded)),
        ),
        await listening(
          context,
          createServer((...both) => answered(both, answer, (one, two) => before(one, two, () => (handled += 1)))),
        ),
        portOf(fast.server),
      ];
      for (const [index, port] of ports.entries()) {
        assert.match(await slowForm(port), /^HTTP\/1\.1 (503|200) [^]*(too slow|half)$/);
        assert.equal(events.length, index + 1);
        assert.match(await slowForm(port), /^HTTP\/1\.1 (503|200) /);
        (events as WafLibraryEvent[]).splice(index + 1);
      }
      assert.equal(handled, 0);
    });
  it("tells a handler's exception as the service's own", { timeout: 30_000 }, async () => {
    const script = `
      import { createWaf } from ${JSON.stringify(import.meta.resolve("./waf.ts"))};
      process.on("unhandledRejection", () => console.log("a rejection"));
      process.on("uncaughtException", ({ message }) => console.log(message));
      const socket = {};
      const request = { headers: {}, rawHeaders: ["Host", "a"], method: "GET", url: "/", httpVersion: "1.1", socket };
      createWaf({ rules: { text: 'SecRule ARGS "@contains evil" "id:1,deny"' } }).middleware(request, {}, () => {
        throw new Error("of the handler");
      });`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
    assert.equal(stdout, "of the handler\n");
  });
});

function answered([request, response]: Parameters<Handle>, answer: Handle, handler: Handle): void {
  handler(request, response);
  answer(request, response);
}

describe("garrison/waf before a request that gives text", () => {
  for (const encoding of ["utf8", "latin1", "hex"] as const)
    it(`judges it and hands it on whole: ${encoding}`, { timeout: 30_000 }, async (context) => {
      const { waf, events } = bench();
      const guarded = guard(waf, echo);
      const server = createServer((request, response) => {
        request.setEncoding(encoding);
        guarded(request, response);
      });
      const url = `http://127.0.0.1:${await listening(context, server)}/`;
      const ask = async (body: string): Promise<string> => {
        const headers = { "content-type": "application/x-www-form-urlencoded" };
        return (await fetch(url, { method: "POST", headers, body })).text();
      };
      assert.equal(await ask("a=fine&b=\u00e9"), `POST ${Buffer.from("a=fine&b=\u00e9").toString(encoding)}`);
      assert.match(await ask("a=evil"), /"status":403/);
      assert.deepEqual(
        events.map(({ verdict }) => verdict),
        ["blocked"],
      );
    });
});

describe("garrison/waf before handshakes", () => {
  const upgrade = "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
  const cases: readonly (readonly [string, string, RegExp])[] = [
    [
      "passes what is clean",
      `GET /?a=fine HTTP/1.1\r\n${upgrade}\r\n`,
      /^HTTP\/1\.1 101 .*\r\n\r\nserved \/\?a=fine$/s,
    ],
    [
      "answers attacks",
      `GET /?a=evil HTTP/1.1\r\n${upgrade}\r\n`,
      /^HTTP\/1\.1 403 Forbidden\r\n.*connection: close.*"status":403/s,
    ],
    ["closes on drop", `GET /dropped HTTP/1.1\r\n${upgrade}\r\n`, /^$/],
    ["refuses a body", `POST / HTTP/1.1\r\n${upgrade}Content-Length: 6\r\n\r\na=evil`, /^HTTP\/1\.1 (400|403) /],
    ["judges CONNECT", "CONNECT a:80?a=evil HTTP/1.1\r\nHost: a\r\n\r\n", /^HTTP\/1\.1 403 /],
  ];
  for (const [what, request, answer] of cases)
    it(what, { timeout: 30_000 }, async (context) => {
      const { waf } = bench();
      const server = createServer(guard(waf, echo));
      const serveIt = guardUpgrade(waf, ({ url }, socket) =>
        socket.end(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nserved ${url}`),
      );
      server.on("upgrade", serveIt).on("connect", serveIt);
      const socket = connect(await listening(context, server), "127.0.0.1");
      socket.write(request);
      let text = "";
      socket.on("error", () => undefined);
      socket.on("data", (data: Buffer) => (text += data.toString("latin1")));
      await once(socket, "close");
      assert.match(text, answer);
    });
});

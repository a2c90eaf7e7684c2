// The library before real servers of each kind: attacks are answered, everything else reaches the handler with its body whole, limits hold.
import assert from "node:assert/strict";
import { once } from "node:events";
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from "node:http";
import { connect, type AddressInfo } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { serve } from "@hono/node-server";
import { fastify } from "fastify";
import { Hono } from "hono";
import { wafExpress } from "./express.ts";
import { wafFastify } from "./fastify.ts";
import { wafHono } from "./hono.ts";
import { guard } from "./node.ts";
import type { Waf, WafLibraryEvent, WafOptions } from "./types.ts";
import { createWaf } from "./waf.ts";

const rules = {
  file: "own.conf",
  text: `
SecRule ARGS "@detectSQLi" "id:101,phase:2,deny,status:403,log,msg:'SQL in %{MATCHED_VAR_NAME}',severity:2"
SecRule REQUEST_HEADERS:User-Agent "@contains scanner" "id:102,phase:1,deny,status:406,log,msg:'scanner'"
SecRule REQUEST_URI "@beginsWith /moved" "id:103,phase:1,redirect:https://example.com/,log,msg:'moved'"
SecRule REQUEST_URI "@beginsWith /dropped" "id:104,phase:1,drop,log,msg:'dropped'"`,
};

/** The part of Express that is used here: it brings no types. */
interface ExpressModule {
  (): { use(handler: unknown): void; listen(port: number, host: string): Server };
  text(options: object): unknown;
}

const expressName: string = "express";
const { default: express } = (await import(expressName)) as { default: ExpressModule };

interface Bench {
  readonly waf: Waf;
  readonly events: readonly WafLibraryEvent[];
}

function bench(options: Partial<WafOptions> = {}): Bench {
  const events: WafLibraryEvent[] = [];
  const waf = createWaf({ rules, mode: "block", onEvent: (event) => void events.push(event), ...options });
  return { waf, events };
}

/** Answers with the method and the body it read. */
const echo: RequestListener = (request, response) => {
  void readAll(request).then((body) => response.end(`${request.method} ${body}`));
};

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("latin1");
}

type Started = { readonly url: string; readonly close: () => Promise<void> };
type Starter = (waf: Waf) => Promise<Started>;

async function startNode(waf: Waf): Promise<Started> {
  const server = createServer(guard(waf, echo)).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: urlOf(server.address()), close: () => closed(server) };
}

async function startExpress(waf: Waf): Promise<Started> {
  const app = express();
  app.use(wafExpress(waf));
  app.use(express.text({ type: () => true, limit: "4mb" }));
  app.use((request: { method: string; body: unknown }, response: { send(text: string): void }) =>
    response.send(`${request.method} ${typeof request.body === "string" ? request.body : ""}`),
  );
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: urlOf(server.address()), close: () => closed(server) };
}

async function startFastify(waf: Waf): Promise<Started> {
  const app = fastify({ bodyLimit: 1 << 22 });
  await app.register(wafFastify(waf));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "string" }, (_, body, done) => done(null, body));
  app.all("/*", (request) => `${request.method} ${typeof request.body === "string" ? request.body : ""}`);
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  return { url, close: () => app.close() };
}

async function startHono(waf: Waf): Promise<Started> {
  const app = new Hono();
  app.use(wafHono(waf));
  app.all("*", async (context) => context.text(`${context.req.method} ${await context.req.text()}`));
  const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 });
  await once(server, "listening");
  return { url: urlOf(server.address()), close: () => closed(server) };
}

function urlOf(address: AddressInfo | string | null): string {
  assert.ok(typeof address === "object" && address !== null);
  return `http://127.0.0.1:${address.port}`;
}

function closed(server: { close(done: () => void): unknown; closeAllConnections?(): void }): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections?.();
  });
}

const starters: readonly (readonly [string, Starter])[] = [
  ["node:http", startNode],
  ["Express", startExpress],
  ["Fastify", startFastify],
  ["Hono", startHono],
];

async function started(context: TestContext, starter: Starter, waf: Waf): Promise<string> {
  const { url, close } = await starter(waf);
  context.after(close);
  return url;
}

const form = { "content-type": "application/x-www-form-urlencoded" };

/** Sends a body without a length, in these pieces. */
async function sendChunked(url: string, pieces: readonly string[]): Promise<{ status: number; text: string }> {
  const request = httpRequest(url, { method: "POST", headers: form });
  for (const piece of pieces) {
    request.write(piece, "latin1");
    await new Promise((resolve) => setImmediate(resolve));
  }
  request.end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return { status: response.statusCode ?? 0, text: await readAll(response) };
}

for (const [name, starter] of starters)
  describe(`garrison/waf before ${name}`, () => {
    it("passes what is clean, with its body whole", async (context) => {
      const { waf, events } = bench();
      const url = await started(context, starter, waf);
      assert.equal(await (await fetch(`${url}/a?q=hello`)).text(), "GET ");
      const text = `a=${"x".repeat(100_000)}&b=2`;
      assert.equal(await (await fetch(url, { method: "POST", headers: form, body: text })).text(), `POST ${text}`);
      assert.deepEqual(await sendChunked(url, ["a=1", "&b=2", "&c=3"]), { status: 200, text: "POST a=1&b=2&c=3" });
      assert.deepEqual(await sendChunked(url, []), { status: 200, text: "POST " });
      assert.equal(await (await fetch(url, { method: "POST", body: "" })).text(), "POST ");
      assert.deepEqual(events, []);
    });
    it("answers attacks with the transaction's id and nothing of rules", async (context) => {
      const { waf, events } = bench();
      const url = await started(context, starter, waf);
      const response = await fetch(`${url}/?q=${encodeURIComponent("1' or 1=1--")}`);
      const text = await response.text();
      assert.equal(response.status, 403);
      assert.match(response.headers.get("content-type") ?? "", /^application\/problem\+json/);
      assert.deepEqual(JSON.parse(text), {
        type: "about:blank",
        title: "Forbidden",
        status: 403,
        transaction: events[0]?.id,
      });
      assert.equal((await sendChunked(url, ["a=1&q=1' or", " 1=1--"])).status, 403);
      assert.equal(
        (await fetch(url, { method: "POST", headers: { ...form, "user-agent": "scanner" }, body: "a=1" })).status,
        406,
      );
      assert.deepEqual(
        events.map(({ verdict, status, rules: [rule], clientAddress }) => [
          verdict,
          status,
          rule?.id,
          rule?.variable.toLowerCase(),
          clientAddress,
        ]),
        [
          ["blocked", 403, 101, "args:q", "127.0.0.1"],
          ["blocked", 403, 101, "args:q", "127.0.0.1"],
          ["blocked", 406, 102, "request_headers:user-agent", "127.0.0.1"],
        ],
      );
      assert.ok(events.every(({ lines }) => lines.length === 1 && lines[0]?.includes("[id ")));
    });
    it("redirects", async (context) => {
      const url = await started(context, starter, bench().waf);
      const response = await fetch(`${url}/moved/x`, { redirect: "manual" });
      assert.deepEqual([response.status, response.headers.get("location")], [302, "https://example.com/"]);
    });
    it("refuses bodies over the limit in blocking mode, and lets them by untouched in detection", async (context) => {
      const limits = { bodyBytesMax: 1000 };
      const text = `a=${"x".repeat(100_000)}`;
      const strict = bench({ limits });
      const refusing = await started(context, starter, strict.waf);
      assert.equal((await fetch(refusing, { method: "POST", headers: form, body: text })).status, 413);
      assert.equal(strict.events[0]?.verdict, "failed");
      const lenient = bench({ limits, mode: "detect" });
      const passing = await started(context, starter, lenient.waf);
      assert.equal(await (await fetch(passing, { method: "POST", headers: form, body: text })).text(), `POST ${text}`);
      assert.deepEqual((await sendChunked(passing, [text, text])).text, `POST ${text}${text}`);
      assert.deepEqual(lenient.events[0]?.notInspected, ["request body over 1000 bytes"]);
    });
    it("detects without stopping", async (context) => {
      const { waf, events } = bench({ mode: "detect" });
      const url = await started(context, starter, waf);
      assert.equal(
        await (await fetch(url, { method: "POST", headers: form, body: "q=1' or 1=1--" })).text(),
        "POST q=1' or 1=1--",
      );
      assert.equal(events[0]?.verdict, "detected");
    });
  });

describe("garrison/waf", () => {
  it("closes the connection on drop", async (context) => {
    for (const starter of [startNode, startExpress, startFastify]) {
      const url = await started(context, starter, bench().waf);
      await assert.rejects(fetch(`${url}/dropped`));
    }
  });
  it("ends when the client goes away in the middle of its body", async (context) => {
    const { waf, events } = bench();
    const url = new URL(await started(context, startNode, waf));
    const socket = connect(Number(url.port), "127.0.0.1");
    socket.write(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\na=1",
    );
    await once(socket, "connect");
    while ((await fetch(url)).status !== 200);
    socket.destroy();
    while (events.length === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(events[0]?.notInspected, ["the client went away"]);
  });
  it("answers 408 to a body that does not come", async (context) => {
    const { waf, events } = bench({ limits: { bodyMsMax: 20 } });
    const url = new URL(await started(context, startNode, waf));
    const socket = connect(Number(url.port), "127.0.0.1");
    socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\na=1");
    const [answer] = (await once(socket, "data")) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 408 [^]*connection: close/i);
    assert.equal(events[0]?.because, "limit: request body time");
    socket.destroy();
  });
  it("judges requests that are in memory", () => {
    const { waf } = bench();
    const headers = { host: "a.example", "content-type": ["application/json"] };
    assert.equal(
      waf.inspect({ method: "POST", target: "/", headers, body: JSON.stringify({ q: "hello" }) }).isBlocked,
      false,
    );
    const decision = waf.inspect({ method: "POST", target: "/", headers, body: JSON.stringify({ q: "1' or 1=1--" }) });
    assert.deepEqual([decision.isBlocked, decision.status, decision.ruleIds], [true, 403, [101]]);
  });
  it("takes exclusions", () => {
    const { waf } = bench({ exclusions: [{ rules: ["101"], target: "ARGS:q", path: "/search", reason: "free text" }] });
    const get = (target: string): boolean => waf.inspect({ method: "GET", target, headers: { host: "a" } }).isBlocked;
    const attack = encodeURIComponent("1' or 1=1--");
    assert.deepEqual(
      [get(`/search?q=${attack}`), get(`/search?r=${attack}`), get(`/other?q=${attack}`)],
      [false, true, true],
    );
  });
  it("believes a proxy's header where it is told to", () => {
    const { waf, events } = bench({
      clientAddress: ({ headers, connectionAddress }) =>
        connectionAddress === "192.0.2.1" ? headers.find(([name]) => name === "x-real-ip")?.[1] : undefined,
    });
    for (const clientAddress of ["192.0.2.1", "192.0.2.2"])
      waf.inspect({
        method: "GET",
        target: "/",
        headers: { host: "a", "x-real-ip": "198.51.100.7", "user-agent": "scanner" },
        clientAddress,
      });
    assert.deepEqual(
      events.map((event) => event.clientAddress),
      ["198.51.100.7", "192.0.2.2"],
    );
  });
  it("redacts what it tells", () => {
    const { waf, events } = bench();
    waf.inspect({
      method: "GET",
      target: `/?password=${encodeURIComponent("hunter2' or 1=1--")}`,
      headers: { host: "a" },
    });
    assert.ok(events.length === 1 && !JSON.stringify(events).includes("hunter2"));
  });
  it("says what is wrong with options and rules", () => {
    const wrong: readonly (readonly [Partial<WafOptions>, RegExp])[] = [
      [{ rules: "/nowhere/at/all" }, /nowhere/],
      [{ rules: { text: "" } }, /no rule/],
      [{ paranoia: 9 as 1 }, /paranoia/],
      [{ exclusions: [{ reason: "x" }] }, /reason/],
      [{ limits: { bodyBytesMax: -1 } }, /bodyBytesMax/],
    ];
    for (const [options, message] of wrong) assert.throws(() => bench(options), message);
    const { waf } = bench({
      rules: { file: "b.conf", text: `${rules.text}\nSecRule ARGS "@noSuchOperator x" "id:9,phase:2,deny"` },
    });
    assert.ok(waf.problems.some(({ file, severity }) => file === "b.conf" && severity === "error"));
  });
});

// Webhooks against real HTTP servers on loopback: bodies, headers with secrets, statuses, Retry-After, redirects, time-outs, certificates.
import assert from "node:assert/strict";
import { once } from "node:events";
import { symlink, writeFile } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { test } from "node:test";
import { tlsIdentity } from "../../../test/support/tls-identity.ts";
import { Fault } from "../../base/fault.ts";
import { Sink, type WebhookTarget } from "../../model/sink.ts";
import { addressGuard } from "./guarded-address.ts";
import { backoffMs, retryAfterMs } from "./retry-after.ts";
import { isUndeliverable } from "./sink.ts";
import { lent, sampleEvent } from "./sinks.fixture.ts";
import { openWebhook } from "./webhook.ts";

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

type Answer = (seen: Seen, response: http.ServerResponse) => void;

async function receiver(answer: Answer, server: http.Server = http.createServer()) {
  const seen: Seen[] = [];
  server.on("request", (request: http.IncomingMessage, response: http.ServerResponse) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const one = { method, url, headers, body };
      seen.push(one);
      answer(one, response);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    seen,
    port,
    url: `http://127.0.0.1:${port}/hook`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function target(over: Record<string, unknown>): WebhookTarget {
  return Sink.parse({ to: { type: "webhook", ...over } }).to as WebhookTarget;
}

async function faultOf(sending: Promise<unknown>): Promise<Fault> {
  const thrown = await sending.catch((error: unknown) => error);
  assert.ok(thrown instanceof Fault, "it was taken");
  return thrown;
}

const status =
  (code: number, headers: Record<string, string> = {}, body = ""): Answer =>
  (_, response) =>
    response.writeHead(code, headers).end(body);

test("a POST of Falco's JSON; headers, and secrets from a variable and a file", async () => {
  await using place = await lent({ environment: { GARRISON_SINK_TOKEN: "from-the-environment" } });
  await writeFile(path.join(place.surroundings.secretsFolder, "key"), "from-a-file\nsecond line\n");
  await using server = await receiver(status(204));
  const secretHeaders = {
    Authorization: { environment: "GARRISON_SINK_TOKEN", prefix: "Bearer " },
    "x-api-key": { file: "key" },
  };
  await using sink = await openWebhook(
    target({ url: server.url, headers: { "X-Team": "sec" }, secretHeaders }),
    place.surroundings,
  );
  assert.equal((await sink.send([sampleEvent()])).detail, "HTTP 204");
  const [seen] = server.seen;
  assert.deepEqual(
    [seen?.method, seen?.url, seen?.headers["content-type"], seen?.headers["user-agent"], seen?.headers["x-team"]],
    ["POST", "/hook", "application/json", "garrison/1.2.3", "sec"],
  );
  assert.deepEqual(
    [seen?.headers.authorization, seen?.headers["x-api-key"]],
    ["Bearer from-the-environment", "from-a-file"],
  );
  assert.equal((JSON.parse(seen?.body ?? "") as { rule: string }).rule, "Terminal shell in container");
});

test("a template makes the body; an address may be a secret and is never shown", async () => {
  await using place = await lent();
  await using server = await receiver(status(403, {}, "no entry to /services/T0/hidden"));
  await writeFile(
    path.join(place.surroundings.secretsFolder, "chat"),
    `http://127.0.0.1:${server.port}/services/T0/hidden\n`,
  );
  await using sink = await openWebhook(
    target({ secretUrl: { file: "chat" }, template: { text: "{{rule}}" } }),
    place.surroundings,
  );
  const fault = await faultOf(sink.send([sampleEvent()]));
  assert.equal(fault.message, "HTTP 403: no entry to ***");
  assert.deepEqual(
    [server.seen[0]?.url, server.seen[0]?.body],
    ["/services/T0/hidden", '{"text":"Terminal shell in container"}'],
  );
});

const statuses: readonly (readonly [number, string, boolean])[] = [
  [200, "", false],
  [202, "", false],
  [400, "sinks/event-refused", true],
  [413, "sinks/event-refused", true],
  [422, "sinks/event-refused", true],
  [401, "sinks/receiver-refused", false],
  [404, "sinks/receiver-refused", false],
  [408, "sinks/receiver-busy", false],
  [429, "sinks/receiver-busy", false],
  [500, "sinks/receiver-busy", false],
  [503, "sinks/receiver-busy", false],
];
test("a secret that the receiver says back is not shown, not even the half of it before the text is cut", async () => {
  const secret = "S".repeat(100);
  await using place = await lent({ environment: { GARRISON_SINK_TOKEN: secret } });
  await using server = await receiver((_, response) => response.writeHead(500).end(`${"x".repeat(150)}${secret}`));
  const secretHeaders = { authorization: { environment: "GARRISON_SINK_TOKEN" } };
  await using sink = await openWebhook(target({ url: server.url, secretHeaders }), place.surroundings);
  const { message } = await faultOf(sink.send([sampleEvent()]));
  assert.equal(message, `HTTP 500: ${"x".repeat(150)}***`);
});

test("what a status means", async () => {
  await using place = await lent();
  let code = 0;
  await using server = await receiver((_, response) => response.writeHead(code).end());
  await using sink = await openWebhook(target({ url: server.url }), place.surroundings);
  for (const [given, expected, isLost] of statuses) {
    code = given;
    const fault = await sink.send([sampleEvent()]).then(
      () => undefined,
      (thrown: Fault) => thrown,
    );
    assert.deepEqual(
      [given, fault?.code ?? "", fault !== undefined && isUndeliverable(fault)],
      [given, expected, isLost],
    );
  }
});

test("Retry-After is told, in seconds and as a date; nonsense is none", async () => {
  await using place = await lent();
  await using server = await receiver(status(429, { "retry-after": "7" }, "slow\u0007 down"));
  await using sink = await openWebhook(target({ url: server.url }), place.surroundings);
  await assert.rejects(sink.send([sampleEvent()]), { retryAfterMs: 7000, message: "HTTP 429: slow  down" });
  const nowMs = Date.parse("2026-11-26T10:00:00Z");
  const cases: readonly (readonly [string | undefined, number | undefined])[] = [
    [undefined, undefined],
    ["0", 0],
    ["12", 12_000],
    ["999999999", 3_600_000],
    ["Thu, 26 Nov 2026 10:00:30 GMT", 30_000],
    ["Thu, 26 Nov 2026 09:00:00 GMT", 0],
    ["soon", undefined],
    ["-5", undefined],
  ];
  for (const [header, expected] of cases) assert.equal(retryAfterMs(header, nowMs), expected, header ?? "none");
});

test("waits double up to the longest, never less than half", () => {
  const backoff = { firstMs: 1000, longestMs: 60_000 };
  assert.deepEqual(
    [1, 2, 3, 7, 50].map((attempt) =>
      [backoffMs(attempt, backoff, 0), backoffMs(attempt, backoff, 0.999_999)].map((waitMs) => Math.round(waitMs)),
    ),
    [
      [500, 1000],
      [1000, 2000],
      [2000, 4000],
      [30_000, 60_000],
      [30_000, 60_000],
    ],
  );
});

test("redirects: followed at the same place with method and body, refused elsewhere", async () => {
  await using place = await lent({ environment: { GARRISON_SINK_TOKEN: "secret" } });
  await using other = await receiver(status(200));
  let location = "/moved";
  let code = 307;
  await using server = await receiver((seen, response) =>
    seen.url === "/moved" ? response.writeHead(200).end() : response.writeHead(code, { location }).end(),
  );
  const secretHeaders = { authorization: { environment: "GARRISON_SINK_TOKEN" } };
  await using sink = await openWebhook(target({ url: server.url, secretHeaders }), place.surroundings);
  await sink.send([sampleEvent()]);
  assert.deepEqual(
    server.seen.map(({ method, url, body }) => [method, url, body === server.seen[0]?.body]),
    [
      ["POST", "/hook", true],
      ["POST", "/moved", true],
    ],
  );
  for (const [status_, to] of [
    [307, other.url],
    [301, "/moved"],
    [303, "/moved"],
    [308, "//169.254.169.254/latest"],
    [307, "/hook"],
  ] as const) {
    code = status_;
    location = to;
    await assert.rejects(sink.send([sampleEvent()]), { code: "sinks/redirect" }, `${status_} ${to}`);
  }
  assert.equal(other.seen.length, 0);
});

test("no answer in time, an answer without end, a receiver that hangs up or is away", async () => {
  await using place = await lent();
  let answer: Answer = () => undefined;
  await using server = await receiver((seen, response) => answer(seen, response));
  await using sink = await openWebhook(target({ url: server.url, timeoutSeconds: 0.2 }), place.surroundings);
  await assert.rejects(sink.send([sampleEvent()]), { code: "sinks/timeout" });
  answer = (_, response) => {
    response.writeHead(200);
    const pour = (): void => {
      while (!response.destroyed && response.write("x".repeat(65_536)));
    };
    response.on("drain", pour);
    pour();
  };
  assert.equal((await sink.send([sampleEvent()])).detail, "HTTP 200");
  answer = (_, response) => response.socket?.destroy();
  await assert.rejects(sink.send([sampleEvent()]), { code: "sinks/unreachable", kind: "unavailable" });
  const { port } = server;
  await server[Symbol.asyncDispose]();
  await using away = await openWebhook(target({ url: `http://127.0.0.1:${port}/` }), place.surroundings);
  await assert.rejects(away.send([sampleEvent()]), { code: "sinks/unreachable" });
});

test("certificates are checked: an own authority is given, an unknown one refused", async () => {
  await using place = await lent();
  const { cert, key, ca } = await tlsIdentity();
  await writeFile(path.join(place.surroundings.secretsFolder, "ca.pem"), ca);
  await using server = await receiver(status(200), https.createServer({ cert, key }));
  const url = `https://127.0.0.1:${server.port}/`;
  await using trusted = await openWebhook(target({ url, tls: { authorityFile: "ca.pem" } }), place.surroundings);
  await trusted.send([sampleEvent()]);
  await using unknown = await openWebhook(target({ url }), place.surroundings);
  await assert.rejects(unknown.send([sampleEvent()]), { code: "sinks/unreachable", message: /certificate|issuer/ });
  assert.equal(server.seen.length, 1);
});

test("addresses of metadata services are refused, also when a name leads there", async () => {
  await using place = await lent();
  const lookup = place.surroundings.guard;
  for (const url of [
    "http://169.254.169.254/latest/meta-data",
    "http://[fd00:ec2::254]/",
    "http://0xa9fea9fe/",
    "http://[::ffff:169.254.169.254]/",
  ])
    await assert.rejects(openWebhook(target({ url }), place.surroundings), { code: "sinks/refused-address" }, url);
  // A guard that refuses loopback shows that names are looked up through it.
  const strict = {
    ...addressGuard([]),
    lookup: ((name, _, done) =>
      done(
        new Fault(`${name} is refused`, { code: "sinks/refused-address", kind: "forbidden" }),
        "",
        0,
      )) as typeof lookup.lookup,
  };
  await using named = await openWebhook(target({ url: "http://localhost:9/" }), {
    ...place.surroundings,
    guard: strict,
  });
  await assert.rejects(named.send([sampleEvent()]), { code: "sinks/refused-address" });
});

test("secrets stay in their folder, and what is no secret is said", async () => {
  await using place = await lent({ environment: { HOME: "/somewhere" } });
  const { secretsFolder } = place.surroundings;
  await writeFile(path.join(place.folder, "outside"), "x\n");
  await symlink(path.join(place.folder, "outside"), path.join(secretsFolder, "link"));
  await writeFile(path.join(secretsFolder, "empty"), "\n");
  await writeFile(path.join(secretsFolder, "odd"), "a\tb\n");
  for (const [reference, message] of [
    [{ file: "../outside" }, /leads out/],
    [{ file: "link" }, /leads out/],
    [{ file: "/etc/hostname" }, /leads out/],
    [{ file: "missing" }, /there is no missing/],
    [{ file: "." }, /leads out|no file/],
    [{ file: "empty" }, /is empty/],
    [{ file: "odd" }, /cannot stand in a header/],
    [{ environment: "GARRISON_SINK_NONE" }, /no variable/],
  ] as const) {
    const given = target({ url: "http://127.0.0.1:9/", secretHeaders: { authorization: reference } });
    await assert.rejects(
      openWebhook(given, place.surroundings),
      { code: "sinks/not-there", message },
      JSON.stringify(reference),
    );
  }
  await assert.rejects(openWebhook(target({ url: "http://user:word@127.0.0.1/" }), place.surroundings), {
    code: "sinks/secret-in-address",
  });
});

test("a body that is too large is a dead letter, not a request", async () => {
  await using place = await lent();
  await using server = await receiver(status(200));
  await using sink = await openWebhook(target({ url: server.url, template: "{{message}}" }), place.surroundings);
  const fault = await faultOf(sink.send([sampleEvent({ message: "x".repeat(1024 * 1024) })]));
  assert.ok(isUndeliverable(fault));
  assert.equal(server.seen.length, 0);
});

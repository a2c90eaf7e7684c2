// The door itself: TLS off loopback, ports in use, security headers, the console's files, metrics and readiness.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import https from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { manualClock } from "../../../base/clock.ts";
import { Fault } from "../../../base/fault.ts";
import { openCertificateAuthority } from "../../../edge/trust/certificate-authority.ts";
import {
  ask,
  bearer,
  emptyQueries,
  emptyTelemetry,
  quietAgents,
  testServer,
} from "../../../../test/support/test-server.ts";
import { contentSecurityPolicy } from "./security-headers.ts";

async function folderFor(context: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "garrison-door-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function faultOf(code: string, hint: RegExp) {
  return (thrown: unknown) =>
    thrown instanceof Fault && thrown.code === code && thrown.kind === "usage" && hint.test(thrown.hint ?? "");
}

test("off loopback there is no console without TLS", async (context) => {
  const data = await folderFor(context);
  for (const address of ["0.0.0.0", "::", "192.0.2.1"]) {
    await assert.rejects(
      testServer({ data, config: { console: { address } } }),
      faultOf("server/tls-required", /--console-tls-certificate/),
      address,
    );
  }
  const missing = path.join(data, "no.pem");
  const files = { tlsCertificate: missing, tlsKey: missing };
  await assert.rejects(testServer({ data, config: { console: files } }), faultOf("server/tls-files", /PEM/));
  const broken = path.join(data, "broken.pem");
  await writeFile(broken, "not a certificate");
  const rubbish = { tlsCertificate: broken, tlsKey: broken };
  await assert.rejects(testServer({ data, config: { console: rubbish } }), faultOf("server/tls-files", /PEM/));
});

test("with TLS the console speaks https, its cookie is bound to it, and any address will do", async (context) => {
  const folder = await folderFor(context);
  const clock = { nowMs: () => Date.now() };
  const authority = await openCertificateAuthority({ folder: path.join(folder, "pki"), names: [], clock });
  const { keyPem, chainPem } = await authority.server();
  const [tlsCertificate, tlsKey] = [path.join(folder, "cert.pem"), path.join(folder, "key.pem")];
  await writeFile(tlsCertificate, chainPem);
  await writeFile(tlsKey, keyPem, { mode: 0o600 });
  await using server = await testServer({ config: { console: { address: "0.0.0.0", tlsCertificate, tlsKey } } });
  const token = new URL(await server.oneTimeUrl()).hash.slice("#token=".length);
  const { promise, resolve, reject } = Promise.withResolvers<[number, Record<string, unknown>]>();
  const request = https.request(
    {
      host: "127.0.0.1",
      port: server.port,
      ca: authority.caPem,
      method: "POST",
      path: "/api/v1/session",
      headers: { "content-type": "application/json" },
      agent: false,
    },
    (response) => {
      response.resume();
      response.once("end", () => resolve([response.statusCode ?? 0, response.headers]));
    },
  );
  request.once("error", reject);
  request.end(JSON.stringify({ token }));
  const [status, headers] = await promise;
  assert.equal(status, 201);
  assert.match(String(headers["set-cookie"]), new RegExp(`^__Host-garrison-${server.port}=.*; Secure$`));
  assert.match(String(headers["strict-transport-security"]), /max-age/);
});

test("whatever the address, the server is reached by the one it writes down", async () => {
  for (const address of ["127.0.0.1", "localhost", "127.0.0.2", "::1"]) {
    await using server = await testServer({ config: { console: { address } } });
    const answer = await fetch(`${server.url}/api/v1/me`, { headers: bearer(server.localToken) });
    assert.equal(answer.status, 200, `${address} ${server.url} ${await answer.text()}`);
  }
});

test("a port in use is named, with the way out", async (context) => {
  await using first = await testServer();
  const data = await folderFor(context);
  await assert.rejects(testServer({ data, config: { console: { port: first.port } } }), (thrown: Fault) => {
    assert.equal(thrown.code, "server/port-in-use");
    assert.match(thrown.message, new RegExp(`port ${first.port}`));
    assert.match(thrown.hint ?? "", /--console-port/);
    return true;
  });
});

test("every answer carries the security headers", async () => {
  await using server = await testServer();
  for (const path of ["/", "/api/v1/me", "/healthz", "/nothing.js"]) {
    const { headers } = await ask(server, { path });
    assert.equal(headers["content-security-policy"], contentSecurityPolicy, path);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["x-frame-options"], "DENY");
    assert.equal(headers["referrer-policy"], "no-referrer");
    assert.equal(headers["cross-origin-opener-policy"], "same-origin");
  }
  assert.match(contentSecurityPolicy, /script-src 'self';/);
  assert.doesNotMatch(contentSecurityPolicy, /unsafe|data:|\*/);
});

test("the console's files: index for every screen, hashed ones for ever, nothing outside the folder", async (context) => {
  const folder = await folderFor(context);
  const files = path.join(folder, "dist");
  await mkdir(path.join(files, "assets"), { recursive: true });
  const script = `console.log(${JSON.stringify("x".repeat(5000))})`;
  await writeFile(path.join(files, "index.html"), "<!doctype html><title>one</title>");
  await writeFile(path.join(files, "assets", "index-BxYz12_a.js"), script);
  await writeFile(path.join(files, "assets", "index-BxYz12_a.js.map"), "{}");
  await writeFile(path.join(folder, "secret.txt"), "secret");
  const clock = manualClock(Date.parse("2026-11-23T00:00:00Z"));
  await using server = await testServer({ clock, config: { console: { files } } });
  const named = ["cron", "ssh.service", "my%20app.v2.js"].map((name) => `/workloads/local/host/SystemdUnit/${name}`);
  for (const at of ["/", "/flows", ...named]) {
    const page = await ask(server, { path: at });
    assert.deepEqual(
      [page.status, page.headers["content-type"], page.headers["cache-control"]],
      [200, "text/html; charset=utf-8", "no-cache"],
    );
    assert.match(page.text, /one/);
  }
  const asset = await ask(server, { path: "/assets/index-BxYz12_a.js" });
  assert.equal(asset.text, script);
  assert.equal(asset.headers["cache-control"], "public, max-age=31536000, immutable");
  const zipped = await fetch(`${server.url}/assets/index-BxYz12_a.js`, { headers: { "accept-encoding": "gzip" } });
  assert.equal(zipped.headers.get("content-encoding"), "gzip");
  assert.equal(await zipped.text(), script);
  const etag = asset.headers.etag ?? "";
  assert.equal(
    (await ask(server, { path: "/assets/index-BxYz12_a.js", headers: { "if-none-match": etag } })).status,
    304,
  );
  const outside = [
    "/../secret.txt",
    "/..%2fsecret.txt",
    "/assets/..%2f..%2fsecret.txt",
    "/%2e%2e/secret.txt",
    "//etc/passwd.txt",
  ];
  for (const at of [...outside, "/assets/missing.js", "/assets/index-BxYz12_a.js.map", "/missing.ico", "/%00.js"]) {
    const answer = await ask(server, { path: at });
    assert.equal(answer.status, 404, at);
    assert.doesNotMatch(answer.text, /secret|root:/);
  }
  await writeFile(path.join(files, "index.html"), "<!doctype html><title>two</title>");
  await utimes(path.join(files, "index.html"), 1, 2);
  clock.advance(5000);
  assert.match((await ask(server, { path: "/" })).text, /two/, "a new build is seen");
});

test("a console that is not built is said, not a blank page", async (context) => {
  const folder = await folderFor(context);
  await using server = await testServer({ config: { console: { files: path.join(folder, "nowhere") } } });
  const page = await ask(server, { path: "/" });
  assert.equal(page.status, 503);
  assert.match(page.text, /console is not built/);
  const status = await ask(server, { path: "/api/v1/status", headers: bearer(server.localToken) });
  assert.ok((status.json["notices"] as string[]).some((notice) => notice.startsWith("ui: no built console")));
});

test("readiness and status tell a store that is away", async () => {
  const away = new Fault("the store does not answer", { code: "store/unavailable", kind: "unavailable" });
  const telemetry = emptyTelemetry({
    health: async () => {
      throw away;
    },
  });
  const agents = quietAgents({ notices: () => ["two agents want the name n"] });
  await using server = await testServer({ telemetry, agents });
  const ready = await ask(server, { path: "/readyz" });
  assert.equal(ready.status, 503);
  assert.equal(ready.json["code"], "server/not-ready");
  const { json } = await ask(server, { path: "/api/v1/status", headers: bearer(server.localToken) });
  assert.deepEqual([json["state"], json["ready"]], ["down", false]);
  const parts = json["parts"] as { name: string; state: string; because: string }[];
  assert.deepEqual(
    parts.map(({ name, state }) => [name, state]),
    [
      ["server", "ok"],
      ["store", "down"],
      ["state", "ok"],
      ["agent", "absent"],
      ["ui", parts[4]?.state],
    ],
  );
  assert.ok((json["notices"] as string[]).includes("two agents want the name n"));
});

test("shutdown lets a request end, and cuts one that does not before the deadline", async () => {
  for (const ends of [true, false]) {
    const asked = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const queries = emptyQueries({
      async hints() {
        asked.resolve();
        await gate.promise;
        return { hints: [] };
      },
    });
    const server = await testServer({ queries, config: { shutdown: { drainSeconds: ends ? 60 : 0.05 } } });
    const answer = ask(server, { path: "/api/v1/hints", headers: bearer(server.localToken) }).then(
      ({ status }) => status,
      (thrown: NodeJS.ErrnoException) => thrown.code,
    );
    await asked.promise;
    const closed = server[Symbol.asyncDispose]();
    if (ends) gate.resolve();
    await closed;
    assert.equal(await answer, ends ? 200 : "ECONNRESET");
    await assert.rejects(ask(server, { path: "/healthz" }), { code: "ECONNREFUSED" });
    gate.resolve();
  }
});

test("metrics are Prometheus text with the counters of this server", async () => {
  await using server = await testServer({
    agents: quietAgents({
      ingest: () => ({ rows: 7, blocks: 2, duplicates: 1, refusedByCode: { 'a"b': 3 }, spoolBlocks: 0, spoolBytes: 9 }),
    }),
  });
  const headers = bearer(server.localToken);
  await ask(server, { path: "/api/v1/me", headers });
  const { text, headers: got } = await ask(server, { path: "/metrics", headers });
  assert.match(got["content-type"] ?? "", /^text\/plain; version=0\.0\.4/);
  assert.match(text, /^garrison_http_requests_total\{operation="me",status="200"\} 1$/m);
  assert.match(text, /^garrison_ingest_rows_total 7$/m);
  assert.match(text, /^garrison_ingest_refused_total\{code="a\\"b"\} 3$/m);
  for (const line of text.trimEnd().split("\n")) {
    assert.match(line, /^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="(?:[^"\\]|\\.)*"(,\w+="(?:[^"\\]|\\.)*")*\})? -?[\d.e+]+)$/);
  }
});

// Life of a credential: one-time token, session, API token, local file; each ends when it should.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { manualClock } from "../../base/clock.ts";
import { ask, bearer, cookieOf, testServer, tokenFor, type TestServer } from "../../../test/support/test-server.ts";

const startMs = Date.parse("2026-11-23T00:00:00Z");

async function oneTime(server: TestServer): Promise<string> {
  return new URL(await server.oneTimeUrl()).hash.slice("#token=".length);
}

function login(server: TestServer, token: string) {
  return ask(server, { method: "POST", path: "/api/v1/session", body: { token } });
}

function me(server: TestServer, headers: Record<string, string>) {
  return ask(server, { path: "/api/v1/me", headers });
}

test("a one-time token gives one session, in a cookie that scripts cannot read", async () => {
  await using server = await testServer();
  const token = await oneTime(server);
  const both = await Promise.all([login(server, token), login(server, token)]);
  assert.deepEqual(
    both.map(({ status }) => status).sort((a, b) => a - b),
    [201, 401],
  );
  const good = both.find(({ status }) => status === 201);
  assert.ok(good !== undefined);
  const [cookie] = good.headers["set-cookie"] ?? [];
  assert.match(
    cookie ?? "",
    new RegExp(`^garrison-${server.port}=gst_[\\w-]{43}; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict$`),
  );
  const who = await me(server, { cookie: cookieOf(good) });
  assert.deepEqual([who.json["user"], who.json["role"], who.json["credential"]], ["local", "admin", "session"]);
  assert.equal((await login(server, token)).status, 401, "used");
});

test("a session ends by time, by logging out, and its secret is nothing but a cookie", async () => {
  const clock = manualClock(startMs);
  await using server = await testServer({ clock, config: { console: { sessionHours: 1 } } });
  const cookie = cookieOf(await login(server, await oneTime(server)));
  const secret = cookie.split("=")[1] ?? "";
  assert.equal((await me(server, bearer(secret))).status, 401, "a session's secret is no bearer token");
  assert.equal((await me(server, { cookie: `garrison-${server.port}=${server.localToken}` })).status, 401);
  clock.advance(3_599_000);
  assert.equal((await me(server, { cookie })).status, 200);
  clock.advance(1000);
  assert.equal((await me(server, { cookie })).status, 401, "expired");
  const other = cookieOf(await login(server, await oneTime(server)));
  const out = await ask(server, {
    method: "DELETE",
    path: "/api/v1/session",
    headers: { cookie: other, origin: server.url },
  });
  assert.equal(out.status, 200);
  assert.match(out.headers["set-cookie"]?.[0] ?? "", /Max-Age=0/);
  assert.equal((await me(server, { cookie: other })).status, 401, "logged out");
});

test("a one-time token lasts five minutes, and is not a credential itself", async () => {
  const clock = manualClock(startMs);
  await using server = await testServer({ clock });
  const late = await oneTime(server);
  const early = await oneTime(server);
  assert.equal((await me(server, bearer(early))).status, 401);
  assert.equal((await login(server, early)).status, 201);
  clock.advance(5 * 60_000);
  assert.equal((await login(server, late)).status, 401);
});

test("an API token's session ends with the token", async () => {
  await using server = await testServer();
  const admin = bearer(server.localToken);
  const secret = await tokenFor(server, "operator");
  const cookie = cookieOf(await login(server, secret));
  assert.equal((await me(server, { cookie })).json["role"], "operator");
  const listed = await ask(server, { path: "/api/v1/tokens", headers: admin });
  assert.doesNotMatch(listed.text, new RegExp(secret));
  const [token] = listed.json["tokens"] as { id: string }[];
  assert.equal(
    (await ask(server, { method: "DELETE", path: `/api/v1/tokens/${token?.id}`, headers: admin })).status,
    200,
  );
  assert.equal((await me(server, { cookie })).status, 401);
  assert.equal((await me(server, bearer(secret))).status, 401);
  assert.equal(
    (await ask(server, { method: "DELETE", path: `/api/v1/tokens/${token?.id}`, headers: admin })).status,
    404,
  );
});

test("a one-time token made with an API token gives nothing that outlives it", async () => {
  const clock = manualClock(startMs);
  await using server = await testServer({ clock });
  const admin = bearer(server.localToken);
  const body = { name: "short", role: "viewer", expiresInSeconds: 600 };
  const made = await ask(server, { method: "POST", path: "/api/v1/tokens", headers: admin, body });
  const { id } = made.json["token"] as { id: string };
  const secret = String(made.json["secret"]);
  const again = (headers: Record<string, string>) =>
    ask(server, { method: "POST", path: "/api/v1/session/one-time", headers });
  const tokenOf = async (headers: Record<string, string>) => String((await again(headers)).json["token"]);
  const first = await login(server, await tokenOf(bearer(secret)));
  assert.equal(first.json["expiresAt"], new Date(startMs + 600_000).toISOString(), "the API token's end");
  const cookie = cookieOf(first);
  const second = await login(server, await tokenOf({ cookie, origin: server.url }));
  assert.equal(second.json["expiresAt"], new Date(startMs + 600_000).toISOString(), "by way of a session too");
  const unused = await tokenOf(bearer(secret));
  await ask(server, { method: "DELETE", path: `/api/v1/tokens/${id}`, headers: admin });
  assert.equal((await me(server, { cookie })).status, 401);
  assert.equal((await me(server, { cookie: cookieOf(second) })).status, 401);
  assert.equal((await login(server, unused)).status, 401, "a one-time token that was not used yet");
});

test("the data folder's file is its owner's, new at each start, and gone after the end; sessions outlive a restart", async (context) => {
  const data = await mkdtemp(path.join(tmpdir(), "garrison-server-"));
  context.after(() => rm(data, { recursive: true, force: true }));
  const file = path.join(data, "run", "cli.json");
  let cookie = "";
  let oldToken = "";
  let port = 0;
  {
    await using server = await testServer({ data });
    assert.deepEqual(JSON.parse(await readFile(file, "utf8")), {
      url: server.url,
      agents: "127.0.0.1:0",
      token: server.localToken,
    });
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal((await stat(data)).mode & 0o777, 0o700);
    oldToken = server.localToken;
    ({ port } = server);
    cookie = cookieOf(await login(server, await oneTime(server)));
  }
  await assert.rejects(stat(file), { code: "ENOENT" });
  await using server = await testServer({ data, config: { console: { port } } });
  assert.equal((await me(server, { cookie })).status, 200, "the browser stays logged in");
  assert.equal((await me(server, bearer(oldToken))).status, 401, "the file's token does not");
  const stored = await readFile(path.join(data, "state.sqlite"));
  for (const secret of [oldToken, server.localToken, cookie.split("=")[1] ?? "?"]) {
    assert.equal(stored.includes(secret), false, "no secret in the state store");
  }
});

test("refused logins are limited, and written down", async () => {
  const clock = manualClock(startMs);
  await using server = await testServer({ clock });
  let status = 401;
  let tries = 0;
  while (status === 401 && tries < 100) {
    ({ status } = await login(server, `got_${"x".repeat(40)}`));
    tries += 1;
  }
  assert.equal(status, 429);
  assert.equal(tries, 31);
  const limited = await login(server, `got_${"x".repeat(40)}`);
  assert.equal(limited.headers["retry-after"], "60");
  assert.equal((await login(server, await oneTime(server))).status, 201, "a good token is not turned away");
  clock.advance(60_000);
  assert.equal((await login(server, `got_${"x".repeat(40)}`)).status, 401);
  assert.equal((await login(server, await oneTime(server))).status, 201);
  const ledger = await ask(server, { path: "/api/v1/ledger?limit=5", headers: bearer(server.localToken) });
  const entries = ledger.json["entries"] as { action: string; outcome: string; user: string }[];
  assert.deepEqual([entries[0]?.action, entries[0]?.outcome, entries[0]?.user], ["login", "done", "local"]);
  assert.ok(entries.some(({ outcome }) => outcome === "refused"));
  assert.ok(typeof ledger.json["next"] === "string");
});

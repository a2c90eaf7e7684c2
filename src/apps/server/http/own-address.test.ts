// Which Host and Origin are ours: tables, and the same through a running server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, bearer, cookieOf, testServer } from "../../../../test/support/test-server.ts";
import { isLoopback, isOwnHost, refuseForeignOrigin, type OwnAddress } from "./own-address.ts";

const own: OwnAddress = { scheme: "http", port: 8686, allowedHosts: ["garrison.example", "proxy.example:9443"] };

test("the Host header must name us, with our port", () => {
  const cases = [
    ["127.0.0.1:8686", true],
    ["localhost:8686", true],
    ["LOCALHOST:8686", true],
    ["[::1]:8686", true],
    ["garrison.example:8686", true],
    ["garrison.example", true],
    ["proxy.example:9443", true],
    ["proxy.example", true],
    ["127.0.0.1", false],
    ["127.0.0.1:8687", false],
    ["garrison.example:1", false],
    ["proxy.example:8686", false],
    ["evil.example:8686", false],
    ["127.0.0.1.evil.example:8686", false],
    ["garrison.example.evil.example", false],
    ["localhost:8686@evil.example", false],
    ["", false],
    ["[::ffff:127.0.0.1]:8686", false],
    ["2130706433:8686", false],
  ] as const;
  for (const [host, expected] of cases) assert.equal(isOwnHost(own, host), expected, host);
  assert.equal(isOwnHost({ scheme: "https", port: 443, allowedHosts: [] }, "localhost"), true);
});

test("a request must come from our own page, or from no page", () => {
  const base = {
    host: "127.0.0.1:8686",
    origin: undefined,
    fetchSite: undefined,
    hasCookieCredential: true,
    method: "POST",
  };
  const cases = [
    [{ origin: "http://127.0.0.1:8686" }, true],
    [{ origin: "http://127.0.0.1:8686", fetchSite: "same-origin" }, true],
    [{ fetchSite: "same-origin" }, true],
    [{ fetchSite: "none" }, true],
    [{ method: "GET" }, true],
    [{ hasCookieCredential: false }, true],
    [{}, false],
    [{ origin: "https://127.0.0.1:8686" }, false],
    [{ origin: "http://localhost:8686" }, false],
    [{ origin: "http://127.0.0.1:3000" }, false],
    [{ origin: "http://evil.example" }, false],
    [{ origin: "null" }, false],
    [{ origin: "" }, false],
    [{ fetchSite: "cross-site" }, false],
    [{ fetchSite: "same-site" }, false],
    [{ method: "GET", origin: "http://evil.example" }, false],
    [{ method: "GET", fetchSite: "same-site" }, false],
    [{ hasCookieCredential: false, origin: "http://evil.example" }, false],
    [{ host: "garrison.example", origin: "https://garrison.example" }, true],
  ] as const;
  for (const [change, isOwn] of cases) {
    const check = (): void => refuseForeignOrigin(own, { ...base, ...change });
    if (isOwn) assert.doesNotThrow(check, JSON.stringify(change));
    else assert.throws(check, { code: "server/foreign-origin" }, JSON.stringify(change));
  }
});

test("only this machine's own addresses are loopback", () => {
  for (const address of ["127.0.0.1", "127.1.2.3", "::1", "localhost"]) assert.ok(isLoopback(address), address);
  for (const address of ["0.0.0.0", "::", "10.0.0.1", "127.0.0.1.example", "1270.0.1"]) {
    assert.ok(!isLoopback(address), address);
  }
});

test("a rebound name is refused everywhere, with a good credential too", async () => {
  await using server = await testServer();
  const token = bearer(server.localToken);
  const host = `evil.example:${server.port}`;
  for (const path of ["/", "/healthz", "/readyz", "/api/v1/me", "/metrics", "/openapi.json", "/api/nothing"]) {
    const answer = await ask(server, { path, headers: { ...token, host } });
    assert.equal(answer.status, 403, path);
    assert.equal(answer.json["code"], "server/host-not-allowed");
  }
  const good = await ask(server, { path: "/api/v1/me", headers: { ...token, host: `localhost:${server.port}` } });
  assert.equal(good.status, 200);
});

test("X-Forwarded headers and the client's address give no rights", async () => {
  await using server = await testServer();
  const forged = {
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-host": `127.0.0.1:${server.port}`,
    "x-real-ip": "127.0.0.1",
    forwarded: "for=127.0.0.1;host=localhost",
  };
  assert.equal((await ask(server, { path: "/api/v1/me", headers: forged })).status, 401);
  const rebound = { ...forged, host: "evil.example", ...bearer(server.localToken) };
  assert.equal((await ask(server, { path: "/api/v1/me", headers: rebound })).status, 403);
});

test("another site's page can neither change nor stream with the browser's cookie", async () => {
  await using server = await testServer();
  const url = new URL(await server.oneTimeUrl());
  const login = await ask(server, {
    method: "POST",
    path: "/api/v1/session",
    body: { token: url.hash.slice("#token=".length) },
  });
  const cookie = cookieOf(login);
  const ownOrigin = server.url;
  const from = (origin: string, more: object = {}) => ({ cookie, origin, ...more });
  const post = (headers: Record<string, string>) =>
    ask(server, { method: "POST", path: "/api/v1/session/one-time", headers });
  assert.equal((await post(from(ownOrigin))).status, 201);
  assert.equal((await post({ cookie, "sec-fetch-site": "same-origin" })).status, 201);
  assert.equal((await post({ cookie })).status, 403);
  for (const origin of ["http://evil.example", "http://localhost:3000", "null"]) {
    assert.equal((await post(from(origin))).status, 403, origin);
    const stream = await ask(server, {
      path: "/api/v1/flows/stream",
      headers: from(origin, { accept: "text/event-stream" }),
    });
    assert.equal(stream.status, 403, origin);
    assert.equal(stream.json["code"], "server/foreign-origin");
    assert.equal(stream.headers["access-control-allow-origin"], undefined);
  }
  const preflight = await ask(server, {
    method: "OPTIONS",
    path: "/api/v1/tokens",
    headers: { origin: "http://evil.example", "access-control-request-method": "POST" },
  });
  assert.ok(preflight.status >= 400);
  assert.equal(preflight.headers["access-control-allow-origin"], undefined);
  const loginFromElsewhere = await ask(server, {
    method: "POST",
    path: "/api/v1/session",
    headers: { origin: "http://evil.example" },
    body: { token: "got_aaaaaaaaaaaaaaaaaaaaaa" },
  });
  assert.equal(loginFromElsewhere.status, 403, "nobody logs our user in from another site");
});

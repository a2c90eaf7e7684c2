// What comes in: bodies, JSON, parameters, unknown paths. Every refusal is a problem that says where.
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { Duplex } from "node:stream";
import { test } from "node:test";
import * as fc from "fast-check";
import { Fault } from "../../../base/fault.ts";
import { silentLogger } from "../../../base/logger.ts";
import { ask, bearer, testServer } from "../../../../test/support/test-server.ts";
import { Problem } from "../contract/common.ts";
import { jsonErrorAt } from "./json-error.ts";
import { answerClientError } from "./listen.ts";
import { problemOf, problemResponse } from "./problem.ts";
import { parseJson } from "./read-body.ts";

test("broken JSON is refused with its line and column", () => {
  const cases = [
    ['{"a": 1,}', "line 1 column 9"],
    ['{\n  "a": tru\n}', "line 2 column 8"],
    ["", "line 1 column 1"],
    ['{"a": "x', "line 1 column 9"],
    ['{"a": 01}', "line 1 column 8"],
    ['{"a" 1}', "line 1 column 6"],
    ["{a: 1}", "line 1 column 2"],
    ['{"a": "\\q"}', "line 1 column 8"],
    ["[1] x", "line 1 column 5"],
    ["[1, 2", "line 1 column 6"],
  ] as const;
  for (const [text, where] of cases) {
    assert.throws(
      () => parseJson(Buffer.from(text), 10),
      (thrown: Fault) => thrown.code === "server/broken-json" && thrown.where === where,
      `${text} -> ${where}`,
    );
  }
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), fc.nat(), (text, at) => {
      assert.equal(jsonErrorAt(text), text.length, "JSON has no error");
      const cut = text.slice(0, at % (text.length + 1));
      if (jsonErrorAt(cut) < cut.length) assert.throws(() => JSON.parse(cut));
    }),
  );
  assert.throws(() => parseJson(Buffer.from([0xff, 0xfe]), 10), { code: "server/broken-json" });
  assert.deepEqual(parseJson(Buffer.from('{"a":"[[[[{{{{\\"[["}'), 1), { a: '[[[[{{{{"[[' });
  assert.throws(() => parseJson(Buffer.from("[[[1]]]"), 2), { code: "server/body-too-deep" });
  assert.throws(() => parseJson(Buffer.from("[".repeat(1_000_000)), 64), { code: "server/body-too-deep" });
});

test("names that could never be used, or that steer a terminal, are refused where they are given", async () => {
  await using server = await testServer();
  const headers = bearer(server.localToken);
  for (const cluster of ["a/b", "a b", "a\u0000", "\u202ea", "-a", "a.", "a..b", "", "x".repeat(254)]) {
    const made = await ask(server, { method: "POST", path: "/api/v1/join-tokens", headers, body: { cluster } });
    assert.deepEqual([made.status, made.json["where"]], [400, "cluster"], JSON.stringify(cluster));
    if (cluster === "") continue;
    const query = encodeURIComponent(cluster);
    const sent = await ask(server, {
      method: "POST",
      path: `/api/v1/ingest/falco?cluster=${query}`,
      headers,
      body: {},
    });
    assert.deepEqual([sent.status, sent.json["where"]], [400, "query.cluster"], JSON.stringify(cluster));
  }
  const body = { name: "a\u001b[2J", role: "viewer" };
  const token = await ask(server, { method: "POST", path: "/api/v1/tokens", headers, body });
  assert.deepEqual([token.status, token.json["where"]], [400, "name"]);
});

test("a connection that was refused is gone, also when its client never closes it", { timeout: 10_000 }, async () => {
  for (const [code, status] of [
    ["ERR_HTTP_REQUEST_TIMEOUT", "408"],
    ["HPE_HEADER_OVERFLOW", "431"],
    ["HPE_INVALID_METHOD", "400"],
  ] as const) {
    let sent = "";
    const socket = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        sent += chunk.toString();
        done();
      },
    });
    answerClientError(Object.assign(new Error("refused"), { code }), socket);
    await once(socket, "close");
    assert.ok(sent.startsWith(`HTTP/1.1 ${status} `), sent);
  }
});

test("a fault becomes a problem; a bug keeps its words for the log", () => {
  const fault = new Fault("no", { code: "a/b", kind: "limited", hint: "wait", where: "q:3", retryAfterMs: 1500 });
  assert.deepEqual(problemOf(fault), {
    type: "urn:garrison:problem:a/b",
    title: "Too many",
    status: 429,
    detail: "no",
    code: "a/b",
    hint: "wait",
    where: "q:3",
  });
  assert.equal(problemResponse(fault, silentLogger).headers.get("retry-after"), "2");
  const bug = problemOf(new Error("secret path"));
  assert.equal(bug.status, 500);
  assert.doesNotMatch(JSON.stringify(bug), /secret/);
});

test("bad input is a problem that names its place", async () => {
  await using server = await testServer();
  const headers = bearer(server.localToken);
  const tokens = { method: "POST", path: "/api/v1/tokens", headers };
  const json = { "content-type": "application/json" };
  const big = `{"name":"${"x".repeat(1024 * 1024)}"}`;
  const cases = [
    [{ path: "/api/v1/flows?limit=0", headers }, 400, "server/bad-input", "query.limit"],
    [{ path: "/api/v1/flows?limt=5", headers }, 400, "server/bad-input", "query.limt"],
    [{ path: "/api/v1/workloads/c/n/Nothing/x", headers }, 400, "server/bad-input", "path.kind"],
    [{ ...tokens, body: { name: "x", rle: "viewer", role: "viewer" } }, 400, "server/bad-input", "rle"],
    [{ ...tokens, body: { name: "x", role: "king" } }, 400, "server/bad-input", "role"],
    [{ ...tokens, body: '{"name": }' }, 400, "server/broken-json", "line 1 column 10"],
    [{ ...tokens, body: "[".repeat(100) }, 400, "server/body-too-deep", "character 64"],
    [
      { ...tokens, body: "a=b", headers: { ...headers, "content-type": "text/plain" } },
      400,
      "server/not-json",
      undefined,
    ],
    [{ ...tokens, body: big }, 413, "server/body-too-large", undefined],
    [
      { ...tokens, body: big, chunked: true, headers: { ...headers, ...json } },
      413,
      "server/body-too-large",
      undefined,
    ],
    [{ path: "/api/v1/nothing", headers }, 404, "server/no-such-operation", undefined],
    [{ path: "/api/v2/flows", headers }, 404, "server/no-such-operation", undefined],
    [{ method: "DELETE", path: "/api/v1/flows", headers }, 404, "server/no-such-operation", undefined],
    [{ method: "POST", path: "/index.html", headers }, 404, "server/no-such-operation", undefined],
    [{ path: "/api/v1/resources/Visiblity", headers }, 404, "resource/unknown-kind", undefined],
    [{ path: "/api/v1/ledger?cursor=x", headers }, 400, "server/bad-input", "query.cursor"],
  ] as const;
  for (const [asked, status, code, where] of cases) {
    const answer = await ask(server, asked);
    const label = `${asked.path}: ${answer.text}`;
    assert.equal(answer.status, status, label);
    const problem = Problem.parse(answer.json);
    assert.deepEqual([problem.code, problem.status, problem.where], [code, status, where], label);
    assert.equal(answer.headers["content-type"], "application/problem+json");
  }
  const misspelt = await ask(server, { path: "/api/v1/flows?limt=5", headers });
  assert.equal(misspelt.json["hint"], 'did you mean "limit"?');
  const unknown = await ask(server, { path: "/api/v1/nothing" });
  assert.equal(unknown.status, 401, "who is unknown learns nothing about paths");
});

test("what is not HTTP gets a problem, too", async () => {
  await using server = await testServer();
  const cases = [
    ["NONSENSE\r\n\r\n", "400"],
    ["GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n", "400"],
    ["GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "400"],
    [`GET / HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(20_000)}\r\n\r\n`, "431"],
  ] as const;
  for (const [bytes, status] of cases) {
    const text = await new Promise<string>((resolve, reject) => {
      let got = "";
      const socket = net.connect(server.port, "127.0.0.1", () => socket.write(bytes));
      socket.on("data", (part) => (got += part.toString()));
      socket.once("close", () => resolve(got));
      socket.once("error", reject);
    });
    assert.match(text, new RegExp(`^HTTP/1.1 ${status} `));
    const body: unknown = JSON.parse(text.slice(text.indexOf("\r\n\r\n") + 4));
    assert.equal(Problem.parse(body).code, "server/broken-request");
  }
});

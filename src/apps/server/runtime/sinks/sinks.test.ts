// Sinks as a part of a running server, against real HTTP receivers: order, filters, retry, dead letters and replay, changes, restarts, health, secrets.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { emptyQueries, testServer, type TestServer } from "../../../../../test/support/test-server.ts";
import type { Queries } from "../../../../edge/store/queries/queries.ts";
import { SecurityEvent } from "../../../../model/security-event.ts";
import { call } from "../../contract/client.ts";
import type { SinkStatus } from "../../contract/sinks.ts";
import { createChooser, matchesName } from "./chosen.ts";
import { Sink } from "../../../../model/sink.ts";
import { outgoingOf } from "./outgoing.ts";

function event(number: number, over: Partial<SecurityEvent> = {}): SecurityEvent {
  return SecurityEvent.parse({
    time: "2026-11-26T10:00:00.000Z",
    cluster: "prod",
    node: "n1",
    ingest: number,
    severity: "high",
    source: "garrison",
    rule: `rule-${number}`,
    namespace: "shop",
    ...over,
  });
}

/** A stream of events that grows; positions are counts, "" begins at its end. */
function stream() {
  const events: SecurityEvent[] = [];
  const securityAfter: Queries["securityAfter"] = async (position, limit) => {
    const from = position === "" ? events.length : Number(position);
    const rows = position === "" ? [] : events.slice(from, from + limit);
    return { rows, position: String(from + rows.length), isMore: from + rows.length < events.length };
  };
  return { events, queries: emptyQueries({ securityAfter }) };
}

async function receiver(answer: (body: { rule: string }, response: http.ServerResponse) => void) {
  const rules: string[] = [];
  const uuids: string[] = [];
  let arrived = (): void => undefined;
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const alert = JSON.parse(body) as { rule: string; uuid: string };
      rules.push(alert.rule);
      uuids.push(alert.uuid);
      answer(alert, response);
      arrived();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    rules,
    uuids,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async until(count: number) {
      while (rules.length < count) await new Promise<void>((resolve) => (arrived = resolve));
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const taken = (_: unknown, response: http.ServerResponse) => response.writeHead(204).end();

function client(server: TestServer) {
  const to = { base: server.url, headers: { authorization: `Bearer ${server.localToken}` }, fetch };
  return {
    put: (name: string, spec: Record<string, unknown>, scope = "global") =>
      call(to, "applyResource", {
        params: { kind: "Sink", name },
        query: {},
        body: { kind: "Sink", scope, name, spec },
      }),
    remove: (name: string) => call(to, "deleteResource", { params: { kind: "Sink", name }, query: {} }),
    list: async () => (await call(to, "listSinks", {})).sinks,
    test: (name: string) => call(to, "testSink", { params: { name }, query: {} }),
    letters: (name: string) => call(to, "sinkDeadLetters", { params: { name }, query: {} }),
    replay: (name: string, ids?: number[]) =>
      call(to, "replaySink", { params: { name }, query: {}, body: ids === undefined ? {} : { ids } }),
    discard: (name: string) => call(to, "discardSinkLetters", { params: { name }, query: {}, body: {} }),
    status: () => call(to, "status", {}),
    metrics: async () => await (await fetch(`${server.url}/metrics`, { headers: to.headers })).text(),
    /** Asks until it holds: what it waits for is that the server did something, not how fast. */
    async until(name: string, holds: (status: SinkStatus) => boolean): Promise<SinkStatus> {
      for (;;) {
        const found = (await this.list()).find((status) => status.name === name);
        if (found !== undefined && holds(found)) return found;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
}

const quick = { retry: { attemptsMax: 2, firstSeconds: 0.01, longestSeconds: 0.01 } };

test("events from now on come in order, filtered, with counts, health and metrics", async () => {
  const { events, queries } = stream();
  events.push(event(0));
  await using hook = await receiver(taken);
  await using server = await testServer({ queries, sinkPollMs: 5 });
  const api = client(server);
  await api.put("siem", {
    to: { type: "webhook", url: hook.url },
    filter: { severityMin: "medium", rulesExcept: ["rule-3*"] },
  });
  await api.until("siem", ({ state }) => state === "ok");
  events.push(event(1), event(2, { severity: "low" }), event(3), event(4));
  await hook.until(2);
  const status = await api.until("siem", ({ counts }) => counts.delivered === 2);
  assert.deepEqual(hook.rules, ["rule-1", "rule-4"]);
  assert.deepEqual(
    [status.counts.filtered, status.lastDelivery, status.type, status.target],
    [2, "HTTP 204", "webhook", hook.url],
  );
  assert.match(await api.metrics(), /garrison_sink_events_total\{sink="global\/siem",outcome="delivered"\} 2/);
  assert.match(await api.metrics(), /garrison_sink_up\{sink="global\/siem"\} 1/);
});

test("a receiver that is busy is tried again; what is refused becomes a dead letter, and is replayed", async () => {
  const { events, queries } = stream();
  let isBroken = true;
  let busy = 1;
  await using hook = await receiver(({ rule }, response) => {
    if (rule === "rule-1" && busy > 0) {
      busy -= 1;
      response.writeHead(503).end();
    } else response.writeHead(rule === "rule-2" && isBroken ? 400 : 200).end("odd");
  });
  await using server = await testServer({ queries, sinkPollMs: 5 });
  const api = client(server);
  await api.put("siem", { to: { type: "webhook", url: hook.url }, ...quick });
  await api.until("siem", ({ state }) => state === "ok");
  events.push(event(1), event(2), event(3));
  await api.until("siem", ({ counts }) => counts.delivered === 2);
  assert.deepEqual(hook.rules, ["rule-1", "rule-1", "rule-2", "rule-3"]);
  assert.equal(hook.uuids[0], hook.uuids[1], "the same event has the same number");
  const { letters, total } = await api.letters("siem");
  assert.deepEqual(
    [total, letters.map((letter) => [letter.event?.rule, letter.because, letter.attempts])],
    [1, [["rule-2", "HTTP 400: odd", 1]]],
  );
  assert.deepEqual(await api.replay("siem"), { delivered: 0, failed: 1, left: 1, because: "HTTP 400: odd" });
  assert.equal((await api.letters("siem")).letters[0]?.attempts, 2);
  isBroken = false;
  assert.deepEqual(await api.replay("siem", [999]), { delivered: 0, failed: 0, left: 1, because: "" });
  assert.deepEqual(await api.replay("siem"), { delivered: 1, failed: 0, left: 0, because: "" });
  assert.equal(hook.uuids.at(-1), hook.uuids[2]);
});

test("a receiver that is away: after the attempts dead letters, bounded and counted; health says so until it is back", async () => {
  const { events, queries } = stream();
  const hook = await receiver(taken);
  const { url } = hook;
  await hook[Symbol.asyncDispose]();
  await using server = await testServer({ queries, sinkPollMs: 5 });
  const api = client(server);
  await api.put("siem", { to: { type: "webhook", url }, deadLettersMax: 2, ...quick });
  await api.until("siem", ({ state }) => state === "ok");
  events.push(event(1), event(2), event(3));
  const status = await api.until("siem", ({ counts }) => counts.deadLettered === 3);
  assert.deepEqual(
    [status.state, status.deadLetters, status.counts.lettersLost, status.counts.failures],
    ["failing", 2, 1, 6],
  );
  assert.match(status.lastError, /ECONNREFUSED/);
  const health = await api.status();
  assert.equal(health.state, "degraded");
  assert.ok(
    health.notices.some((notice) => /^sink siem does not deliver: .*ECONNREFUSED/.test(notice)),
    health.notices.join(),
  );
  const failed = await api.test("siem");
  assert.deepEqual([failed.ok, /ECONNREFUSED/.test(failed.because)], [false, true]);
  assert.deepEqual(await api.discard("siem"), { discarded: 2, left: 0 });
});

test("a receiver that is back: a test that it takes, or a replay, ends the failure without waiting for the next event", async () => {
  const { events, queries } = stream();
  let isDown = true;
  await using hook = await receiver((_, response) => response.writeHead(isDown ? 500 : 200).end());
  await using server = await testServer({ queries, sinkPollMs: 5 });
  const api = client(server);
  await api.put("siem", { to: { type: "webhook", url: hook.url }, ...quick });
  await api.until("siem", ({ state }) => state === "ok");
  for (const [number, mend] of [
    async () => assert.equal((await api.test("siem")).ok, true),
    async () => assert.equal((await api.replay("siem")).failed, 0),
  ].entries()) {
    isDown = true;
    events.push(event(number + 1));
    const given = await api.until("siem", ({ counts, queued }) => counts.deadLettered === number + 1 && queued === 0);
    assert.equal(given.state, "failing");
    assert.equal((await api.test("siem")).ok, false);
    assert.equal((await api.list())[0]?.state, "failing", "a test that fails mends nothing");
    isDown = false;
    await mend();
    const [{ state, because } = { state: "none", because: "" }] = await api.list();
    assert.deepEqual([state, because], ["ok", ""]);
  }
});

test("a restart goes on where it was; nothing is lost, a sink that is off begins anew", async () => {
  const { events, queries } = stream();
  await using hook = await receiver(taken);
  const data = await mkdtemp(path.join(tmpdir(), "garrison-sinks-"));
  try {
    {
      await using server = await testServer({ queries, data, sinkPollMs: 5 });
      const api = client(server);
      await api.put("siem", { to: { type: "webhook", url: hook.url } });
      await api.until("siem", ({ state }) => state === "ok");
      events.push(event(1));
      await api.until("siem", ({ counts }) => counts.delivered === 1);
    }
    events.push(event(2), event(3));
    await using server = await testServer({ queries, data, sinkPollMs: 5 });
    const api = client(server);
    await hook.until(3);
    assert.deepEqual(hook.rules, ["rule-1", "rule-2", "rule-3"]);
    await api.put("siem", { to: { type: "webhook", url: hook.url }, enabled: false });
    await api.until("siem", ({ state }) => state === "disabled");
    events.push(event(4));
    await api.put("siem", { to: { type: "webhook", url: hook.url } });
    await api.until("siem", ({ state }) => state === "ok");
    events.push(event(5));
    await hook.until(4);
    assert.equal(hook.rules.at(-1), "rule-5");
    await api.remove("siem");
    while ((await api.list()).length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  } finally {
    await rm(data, { recursive: true, force: true });
  }
});

test("a page that was not settled when the server stopped is sent again", async () => {
  const { events, queries } = stream();
  let isDown = true;
  await using hook = await receiver(({ rule }, response) =>
    response.writeHead(rule === "rule-2" && isDown ? 503 : 200).end(),
  );
  const data = await mkdtemp(path.join(tmpdir(), "garrison-sinks-"));
  try {
    {
      await using server = await testServer({ queries, data, sinkPollMs: 5 });
      const api = client(server);
      await api.put("siem", { to: { type: "webhook", url: hook.url } });
      await api.until("siem", ({ state }) => state === "ok");
      events.push(event(1), event(2));
      const status = await api.until(
        "siem",
        ({ state, nextAttemptAt }) => state === "failing" && nextAttemptAt !== undefined,
      );
      assert.equal(status.queued, 1);
    }
    isDown = false;
    const before = hook.rules.length;
    await using server = await testServer({ queries, data, sinkPollMs: 5 });
    await hook.until(before + 2);
    assert.deepEqual(hook.rules.slice(before), ["rule-1", "rule-2"]);
    assert.equal(hook.uuids.at(-2), hook.uuids[0]);
    assert.ok(server.url);
  } finally {
    await rm(data, { recursive: true, force: true });
  }
});

test("the test button sends one event, also of a sink that is off; a missing secret is said, and mended without a restart", async () => {
  const { queries } = stream();
  await using hook = await receiver(taken);
  await using server = await testServer({ queries, sinkPollMs: 5 });
  const api = client(server);
  await api.put("off", { to: { type: "webhook", url: hook.url }, enabled: false });
  assert.deepEqual((await api.test("off")).ok, true);
  assert.deepEqual(hook.rules, ["Garrison sink test"]);
  await api.put("siem", {
    to: { type: "webhook", url: hook.url, secretHeaders: { authorization: { file: "token" } } },
  });
  const refused = await api.until("siem", ({ state }) => state === "refused");
  assert.match(refused.because, /there is no token/);
  const secrets = path.join(server.data, "sinks/secrets");
  await mkdir(secrets, { recursive: true });
  await writeFile(path.join(secrets, "token"), "s3cret-value\n");
  assert.equal((await api.test("siem")).ok, true);
  await api.until("siem", ({ state }) => state === "ok");
  await assert.rejects(api.test("nobody"), { code: "sinks/no-such-sink" });
  assert.ok(!JSON.stringify([await api.list(), await api.status()]).includes("s3cret-value"));
});

test("two sinks do not write one file; a scope is of whom events are told", async () => {
  const { events, queries } = stream();
  await using server = await testServer({ queries, sinkPollMs: 5 });
  const api = client(server);
  await api.put("a", { to: { type: "file", path: "x.jsonl" } }, "cluster/prod");
  await api.until("a", ({ state }) => state === "ok");
  await api.put("b", { to: { type: "file", path: "./x.jsonl" } }, "cluster/prod");
  assert.match((await api.until("b", ({ state }) => state === "refused")).because, /cluster\/prod\/a writes/);
  events.push(event(1, { cluster: "other" }), event(2));
  await api.until("a", ({ counts }) => counts.delivered === 1);
  const text = await readFile(path.join(server.data, "sinks/files/x.jsonl"), "utf8");
  assert.deepEqual([text.match(/\n/g)?.length, (JSON.parse(text) as { rule: string }).rule], [1, "rule-2"]);
});

test("names with stars, filters, and a limit in the minute", () => {
  for (const [pattern, name, expected] of [
    ["a", "a", true],
    ["a", "ab", false],
    ["a*", "abc", true],
    ["*c", "abc", true],
    ["a*c", "ac", true],
    ["ab*bc", "abc", false],
    ["*b*", "abc", true],
    ["a*b*c", "a-b-c", true],
    ["a*b*c", "acb", false],
    ["*", "", true],
  ] as const)
    assert.equal(matchesName(pattern, name), expected, `${pattern} ${name}`);
  const to = { type: "stdout" };
  const cases: readonly (readonly [Record<string, unknown>, string, Partial<SecurityEvent>, string])[] = [
    [{}, "global", {}, "send"],
    [{ severityMin: "critical" }, "global", {}, "filtered"],
    [{ severityMin: "high" }, "global", {}, "send"],
    [{ rules: ["rule-*"] }, "global", {}, "send"],
    [{ rules: ["other"] }, "global", {}, "filtered"],
    [{ tags: ["T1059"] }, "global", { techniques: ["T1059"] }, "send"],
    [{ tags: ["x"] }, "global", { tags: ["y"] }, "filtered"],
    [{ namespaces: ["shop"] }, "global", {}, "send"],
    [{ namespacesExcept: ["shop"] }, "global", {}, "filtered"],
    [{}, "cluster/prod", {}, "send"],
    [{}, "cluster/pro", {}, "filtered"],
    [{}, "node/prod/n1", {}, "send"],
    [{}, "node/prod/n2", {}, "filtered"],
  ];
  for (const [filter, scope, over, expected] of cases)
    assert.equal(
      createChooser(Sink.parse({ to, filter }), scope)(event(1, over), 0),
      expected,
      JSON.stringify([filter, scope]),
    );
  const limited = createChooser(Sink.parse({ to, eventsPerMinuteMax: 2 }), "global");
  assert.deepEqual(
    [0, 1, 2, 59_999, 60_000].map((nowMs) => limited(event(1), nowMs)),
    ["send", "send", "over-limit", "over-limit", "send"],
  );
});

test("an event's number is a UUID, the same for the same content, another for another", () => {
  const uuid = (number: number) => outgoingOf(event(number)).uuid;
  assert.match(uuid(1), /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual([uuid(1) === uuid(1), uuid(1) === uuid(2)], [true, false]);
});

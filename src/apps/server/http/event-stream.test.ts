// Live streams: first event, resume by Last-Event-ID, slow and gone readers, revoked credentials, limits, shutdown.
import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "../../../base/clock.ts";
import { Fault } from "../../../base/fault.ts";
import {
  ask,
  bearer,
  emptyQueries,
  testServer,
  tokenFor,
  type TestServer,
} from "../../../../test/support/test-server.ts";
import type { StreamPart } from "../../../edge/store/queries/queries.ts";
import { serverLimits } from "../config.ts";

interface StreamEvent {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
  readonly comment?: string;
}

/** Reads events of an open answer one by one. */
async function* events(response: Response): AsyncGenerator<StreamEvent> {
  let rest = "";
  for await (const text of (response.body as ReadableStream<Uint8Array<ArrayBuffer>>).pipeThrough(
    new TextDecoderStream(),
  )) {
    rest += text;
    const blocks = rest.split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      yield Object.fromEntries(
        block.split("\n").map((line) => {
          const [name, ...value] = line.split(": ");
          return [name === "" ? "comment" : name, value.join(": ")];
        }),
      );
    }
  }
}

function open(
  server: TestServer,
  options: { headers?: Record<string, string>; path?: string; signal?: AbortSignal } = {},
) {
  const headers = { ...bearer(server.localToken), ...options.headers };
  const path = options.path ?? "/api/v1/flows/stream";
  return fetch(server.url + path, { headers, ...(options.signal === undefined ? {} : { signal: options.signal }) });
}

/** A made-up traffic: part n has one number, whoever asks after cursor n-1 gets it. */
function counting() {
  const asked: string[] = [];
  const flowsSince = async (cursor: string, _q: string, limit: number): Promise<StreamPart<never>> => {
    asked.push(cursor);
    const number = cursor === "" ? 0 : Number(cursor.slice(1)) + 1;
    return { rows: [], cursor: `c${number}`, skipped: limit > 0 ? number : -1 };
  };
  return { asked, queries: emptyQueries({ flowsSince }) };
}

test("the first event carries the cursor; a client goes on from the last one it saw", async () => {
  const { asked, queries } = counting();
  await using server = await testServer({ queries });
  const first = await open(server);
  assert.equal(first.status, 200);
  assert.equal(first.headers.get("content-type"), "text/event-stream");
  const seen: StreamEvent[] = [];
  for await (const event of events(first)) {
    seen.push(event);
    if (seen.length === 3) break;
  }
  assert.deepEqual(seen, [
    { id: "c0", data: '{"rows":[],"skipped":0}' },
    { id: "c1", data: '{"rows":[],"skipped":1}' },
    { id: "c2", data: '{"rows":[],"skipped":2}' },
  ]);
  asked.length = 0;
  const again = await open(server, { headers: { "last-event-id": "c41" } });
  for await (const event of events(again)) {
    assert.equal(event.id, "c42");
    break;
  }
  assert.ok(asked.includes("c41"));
});

test("the query's filter, last and since reach the store; kinds too", async () => {
  const given: unknown[] = [];
  const queries = emptyQueries({
    flowsSince: async (cursor, q, limit, start) => {
      given.push([cursor, q, limit, start]);
      return { rows: [], cursor: "x", skipped: 0 };
    },
    eventsSince: async (cursor, query, _limit, start) => {
      given.push([cursor, query, start]);
      return { rows: [], cursor: "x", skipped: 0 };
    },
  });
  await using server = await testServer({ queries, streamTickMs: 10_000 });
  const flows = await open(server, { path: "/api/v1/flows/stream?q=ns:shop&last=7&since=15m" });
  const process = await open(server, { path: "/api/v1/events/stream?kinds=process,dns&last=1" });
  assert.deepEqual(given, [
    ["", "ns:shop", serverLimits.streamRowsPerTickMax, { last: 7, since: "15m" }],
    ["", { kinds: "process,dns", q: "" }, { last: 1, since: undefined }],
  ]);
  await flows.body?.cancel();
  await process.body?.cancel();
});

test("a fault before the first part is an answer; later an event, or a quiet end when the store is away", async () => {
  const bad = new Fault("unknown field nss", { code: "filter/unknown-field", kind: "usage", where: "q:1" });
  const away = new Fault("away", { code: "store/unavailable", kind: "unavailable", retryAfterMs: 1000 });
  const faults: Record<string, Fault> = { "first-bad": bad, "first-away": away };
  const queries = emptyQueries({
    flowsSince: async (cursor, q) => {
      const fault = cursor === "" ? faults[q] : q === "later-away" ? away : bad;
      if (fault !== undefined) throw fault;
      return { rows: [], cursor: "c", skipped: 0 };
    },
  });
  await using server = await testServer({ queries });
  const refused = await open(server, { path: "/api/v1/flows/stream?q=first-bad" });
  assert.equal(refused.status, 400);
  assert.equal(((await refused.json()) as { where: string }).where, "q:1");
  assert.equal((await open(server, { path: "/api/v1/flows/stream?q=first-away" })).status, 503);
  const later: StreamEvent[] = [];
  for await (const event of events(await open(server, { path: "/api/v1/flows/stream?q=later-bad" }))) later.push(event);
  assert.equal(later[1]?.event, "problem");
  assert.equal((JSON.parse(later[1]?.data ?? "") as { code: string }).code, "filter/unknown-field");
  const quiet: StreamEvent[] = [];
  for await (const event of events(await open(server, { path: "/api/v1/flows/stream?q=later-away" })))
    quiet.push(event);
  assert.equal(quiet.length, 1);
});

test("a revoked credential ends its stream at the next heartbeat, which moves the cursor without an event", async () => {
  const clock = manualClock(Date.parse("2026-11-23T00:00:00Z"));
  let cursor = 0;
  const queries = emptyQueries({
    flowsSince: async () => {
      clock.advance(1000);
      cursor += 1;
      return { rows: [], cursor: `c${cursor}`, skipped: 0 };
    },
  });
  await using server = await testServer({ queries, clock, streamHeartbeatMs: 3000 });
  const secret = await tokenFor(server, "viewer");
  const response = await open(server, { headers: bearer(secret) });
  const seen: StreamEvent[] = [];
  for await (const event of events(response)) {
    seen.push(event);
    if (seen.length !== 2) continue;
    const { json } = await ask(server, { path: "/api/v1/tokens", headers: bearer(server.localToken) });
    const [token] = json["tokens"] as { id: string }[];
    await ask(server, { method: "DELETE", path: `/api/v1/tokens/${token?.id}`, headers: bearer(server.localToken) });
  }
  assert.equal(seen[0]?.id, "c1");
  assert.equal(seen[1]?.comment, "heartbeat");
  assert.equal(seen[1]?.data, undefined);
  assert.ok(seen.length <= 3, "the stream ended");
});

test("an idle stream sends its id once; where nothing arrived heartbeats are comments only", async () => {
  const clock = manualClock(Date.parse("2026-11-23T00:00:00Z"));
  let asked = 0;
  const queries = emptyQueries({
    flowsSince: async () => {
      clock.advance(3000);
      asked += 1;
      return { rows: [], cursor: asked < 3 ? "here" : "further", skipped: 0 };
    },
  });
  await using server = await testServer({ queries, clock, streamHeartbeatMs: 3000 });
  const seen: StreamEvent[] = [];
  for await (const event of events(await open(server))) {
    seen.push(event);
    if (seen.length === 4) break;
  }
  assert.deepEqual(seen, [
    { id: "here", data: '{"rows":[],"skipped":0}' },
    { comment: "heartbeat" },
    { comment: "heartbeat", id: "further" },
    { comment: "heartbeat" },
  ]);
});

test("a revoked credential ends a stream that always has rows, too", async () => {
  const clock = manualClock(Date.parse("2026-11-23T00:00:00Z"));
  const queries = emptyQueries({
    flowsSince: async (cursor) => {
      clock.advance(1000);
      return { rows: [], cursor: `${cursor}c`, skipped: 1 };
    },
  });
  await using server = await testServer({ queries, clock, streamHeartbeatMs: 3000 });
  const secret = await tokenFor(server, "viewer");
  let seen = 0;
  for await (const event of events(await open(server, { headers: bearer(secret) }))) {
    assert.equal(event.comment, undefined);
    seen += 1;
    if (seen === 50) break;
    if (seen !== 2) continue;
    const { json } = await ask(server, { path: "/api/v1/tokens", headers: bearer(server.localToken) });
    const [token] = json["tokens"] as { id: string }[];
    await ask(server, { method: "DELETE", path: `/api/v1/tokens/${token?.id}`, headers: bearer(server.localToken) });
  }
  assert.ok(seen < 50, "the stream ended");
});

test("streams are limited, a reader that left frees its place, and shutdown ends them all", async () => {
  await using server = await testServer({ streamTickMs: 5 });
  const readers = Array.from({ length: serverLimits.streamsMax }, () => new AbortController());
  await Promise.all(readers.map(({ signal }) => open(server, { signal })));
  const refused = await open(server);
  assert.equal(refused.status, 429);
  assert.equal(((await refused.json()) as { code: string }).code, "server/streams-limit");
  for (const reader of readers.slice(1)) reader.abort();
  let status = 429;
  let last: Response | undefined;
  for (let tries = 0; status === 429 && tries < 10_000; tries += 1) {
    last = await open(server);
    ({ status } = last);
    if (status === 429) await last.body?.cancel();
  }
  assert.equal(status, 200);
  const metrics = await ask(server, { path: "/metrics", headers: bearer(server.localToken) });
  assert.match(metrics.text, /^garrison_live_streams \d+$/m);
  assert.match(metrics.text, /^garrison_http_requests_total\{operation="streamFlows",status="429"\} \d+$/m);
  await server[Symbol.asyncDispose]();
  assert.ok(last !== undefined);
  let count = 0;
  for await (const _event of events(last)) count += 1;
  assert.ok(count >= 0, "the body ended instead of hanging");
  readers[0]?.abort();
});

test("a reader that does not read is not buffered for", async () => {
  let calls = 0;
  const filler = "x".repeat(256 * 1024);
  const queries = emptyQueries({
    flowsSince: async () => {
      calls += 1;
      return { rows: [filler as never], cursor: `c${calls}`, skipped: 0 };
    },
  });
  await using server = await testServer({ queries, streamTickMs: 1, checksAnswers: false });
  const abort = new AbortController();
  await open(server, { signal: abort.signal });
  let before = -1;
  // Socket buffers fill, then nothing is asked any more: the count stands still.
  for (let same = 0; same < 20;) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    same = calls === before ? same + 1 : 0;
    before = calls;
    assert.ok(calls < 200, "the server goes on asking for a reader that does not read");
  }
  abort.abort();
});

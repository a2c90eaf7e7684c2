// The named queries against a real store process with planted rows.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { formatInstant } from "../../src/base/instant.ts";
import { api } from "../../src/apps/server/contract/api.ts";
import type { Queries } from "../../src/edge/store/queries/queries.ts";
import { bash, curl, minute, nowMs, plantedWorld, shopToDb } from "../support/queries-world.ts";
import type { ScratchStore } from "../support/scratch-store.ts";

let store: ScratchStore;
let queries: Queries;

before(async () => {
  ({ store, queries } = await plantedWorld());
});
after(async () => store[Symbol.asyncDispose]());

const page = { q: "", limit: 100 };

const flowCases: readonly (readonly [string, readonly string[]])[] = [
  ["", ["f1", "f1", "f2"]],
  ["to:db", ["f1", "f1"]],
  ["to:shop/db reporter:source", ["f1"]],
  ["to:example.com", ["f2"]],
  ["to:93.184.0.0/16", ["f2"]],
  ["port:443", ["f2"]],
  ["port:>1024", ["f1", "f1"]],
  ["-to:db", ["f2"]],
  ["verdict:unknown,deny", ["f2"]],
  ["process:curl,postgres", ["f1", "f2"]],
  ["bytes:>20950 connections:3", ["f1", "f2"]],
  ["last:10m", ["f1", "f1"]],
  ["EXAMPLE", ["f2"]],
  ["10.0.0.2", ["f1", "f1"]],
  ["pod:web-* domain:*.com", ["f2"]],
  ["service:*", ["f1", "f1"]],
  ['service:"" kind:external', ["f2"]],
];

test("flows by filter", async () => {
  for (const [q, expected] of flowCases) {
    const { rows } = await queries.listFlows({ ...page, q });
    assert.deepEqual(
      rows.map((row) => row.flowId),
      expected,
      q,
    );
  }
});

test("a flow is shown as the model says, and the window carries its gaps", async () => {
  const { rows, window, next } = await queries.listFlows({ ...page, q: "to:db reporter:source" });
  assert.equal(rows[0]?.time, formatInstant(shopToDb.time));
  assert.equal(rows[0]?.sourceAddress, "10.0.0.1");
  assert.deepEqual(rows[0]?.rttUs, { "40": 3 });
  assert.equal(
    Object.keys(rows[0] ?? {}).some((name) => name.startsWith("_")),
    false,
  );
  assert.equal(next, undefined);
  assert.equal(window.partial, false);
  assert.deepEqual(
    window.gaps.map((gap) => gap.reason),
    ["ring-full", "agent-down"],
  );
});

test("the window says since when data is kept, by the tables that were asked", async () => {
  const since = async (asked: Promise<{ window: { dataSince?: string } }>) => (await asked).window.dataSince;
  const early = formatInstant(nowMs - 20 * minute);
  assert.equal(await since(queries.listFlows({ ...page, since: "24h" })), early);
  assert.equal(await since(queries.listFlows({ ...page, since: "24h", q: "to:nobody" })), early, "whatever the filter");
  assert.equal(await since(queries.listEvents({ ...page, kinds: "process" })), formatInstant(nowMs - 600 * minute));
  assert.equal(await since(queries.listEvents({ ...page, kinds: "dns,process" })), formatInstant(nowMs - 600 * minute));
  const timeline = queries.flowTimeline({ q: "", since: "24h", steps: 24 });
  assert.equal(await since(timeline), early, "a rollup's bucket begins earlier than its first row");
  const whole = await since(queries.listWorkloads({ ...page, since: "24h" }));
  assert.equal(
    await since(queries.listEvents({ ...page, kinds: "audit" })),
    whole,
    "an empty table: the whole store's",
  );
});

test("a field that flows do not have is refused with its place", async () => {
  await assert.rejects(queries.listFlows({ ...page, q: "to:db rcode:NXDOMAIN" }), {
    code: "filter/not-here",
    where: "q:6",
  });
  await assert.rejects(queries.listFlows({ ...page, cursor: "rubbish" }), { code: "queries/bad-cursor" });
  await assert.rejects(queries.listFlows({ ...page, since: "yesterday" }), {
    code: "filter/bad-window",
    where: "since",
  });
  await assert.rejects(queries.listEvents({ ...page, kinds: "dsn" }), { code: "queries/unknown-kind" });
});

test("the timeline counts an edge once though both ends reported it", async () => {
  const { stepMs, points, window } = await queries.flowTimeline({ q: "ns:shop", steps: 60 });
  assert.equal(stepMs, 2 * minute);
  assert.ok(points.length >= 30 && points.length <= 62);
  const at = points.find(
    (point) => Date.parse(point.time) <= shopToDb.time && Date.parse(point.time) + stepMs > shopToDb.time,
  );
  assert.deepEqual(
    { ...at, time: "" },
    {
      time: "",
      allow: 1,
      deny: 0,
      unknown: 0,
      connections: 3,
      connectionsFailed: 0,
      bytesSent: 1000,
      bytesReceived: 20_000,
    },
  );
  assert.equal(
    points.reduce((sum, point) => sum + point.unknown, 0),
    1,
  );
  assert.equal(window.partial, false);
});

test("a long timeline comes from the rollups and says the same as the raw table", async () => {
  const total = async (q: string, since: string) => {
    const { points, stepMs } = await queries.flowTimeline({ q, steps: 60, since });
    const sum = { allow: 0, deny: 0, unknown: 0, connections: 0, connectionsFailed: 0, bytesSent: 0, bytesReceived: 0 };
    for (const point of points) {
      for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += point[name];
    }
    return { sum, stepMs };
  };
  // No rollup has a process id, so this is answered from the raw table.
  const raw = await total("ns:shop pid:>=0", "1h");
  assert.deepEqual((await total("ns:shop", "1h")).sum, raw.sum);
  for (const since of ["2h", "6h", "20h", "6d", "60d"]) {
    const long = await total("ns:shop", since);
    assert.deepEqual(long.sum, raw.sum, since);
    assert.ok(long.stepMs > raw.stepMs, since);
    // A filter on a column that no rollup has is answered from the raw table.
    assert.deepEqual((await total("process:curl", since)).sum.unknown, 1, since);
  }
});

test("a long list of workloads comes from the rollup, in whole hours", async () => {
  const short = await queries.listWorkloads({ ...page, q: "ns:shop" });
  const long = await queries.listWorkloads({ ...page, q: "ns:shop kind:deployment", since: "3h" });
  assert.equal(long.window.since, "2026-11-23T09:00:00.000Z");
  const [web] = long.rows;
  const expected = short.rows.find((row) => row.name === "web");
  assert.ok(web && expected);
  const names = ["connections", "connectionsFailed", "dnsQuestions", "bytesSent", "bytesReceived", "nodes"] as const;
  for (const name of names) assert.deepEqual(web[name], expected[name], name);
  assert.equal(long.rows.length, 1);
});

test("what comes from a rollup says the whole buckets that it added up, at both ends", async () => {
  const until = formatInstant(nowMs - 70 * minute - 1234);
  const { window } = await queries.listWorkloads({ ...page, since: "9h", until });
  assert.deepEqual([window.since, window.until].map(minuteOf), ["00", "00"]);
  assert.ok(Date.parse(window.until) >= Date.parse(until));
  const timeline = await queries.flowTimeline({ q: "", steps: 60, since: "9h", until });
  assert.equal(Date.parse(timeline.window.until) % (5 * minute), 0);
  assert.ok(Date.parse(timeline.points.at(-1)?.time ?? "") < Date.parse(timeline.window.until));
  const exact = await queries.flowTimeline({ q: "pid:>=0", steps: 60, since: "9h", until });
  assert.equal(exact.window.until, until, "the raw table needs no whole buckets");
});

function minuteOf(instant: string): string {
  return instant.slice(14, 16);
}

test("workloads are added up from flows, processes and DNS", async () => {
  const { rows } = await queries.listWorkloads({ ...page, q: "ns:shop" });
  const web = rows.find((row) => row.name === "web");
  assert.deepEqual(
    [rows.length, web?.processes, web?.connections, web?.dnsQuestions, web?.bytesSent],
    [2, 2, 6, 5, 2000],
  );
  const { workload } = await queries.getWorkload(
    { cluster: "c", namespace: "shop", kind: "StatefulSet", name: "db" },
    {},
  );
  assert.deepEqual(
    [workload.connections, workload.bytesSent, workload.bytesReceived, workload.service],
    [3, 20_000, 900, "db"],
  );
  await assert.rejects(queries.getWorkload({ cluster: "c", namespace: "shop", kind: "Job", name: "db" }, {}), {
    code: "queries/no-such-workload",
  });
});

const web = { cluster: "c", namespace: "shop", kind: "Deployment", name: "web" } as const;

test("processes of a workload are joined with their end", async () => {
  const { processes, omitted } = await queries.workloadProcesses(web, { limit: 100 });
  assert.deepEqual(
    processes.map((node) => [node.process.processId, node.process.action, node.exitCode]),
    [
      ["100.a.b", "exec", undefined],
      ["101.b.b", "exec", 7],
    ],
  );
  assert.deepEqual(processes[0]?.process.arguments, ["bash", "-c", "sleep 1"]);
  assert.equal(processes[1]?.endedAt, formatInstant(curl.time + 1500));
  assert.equal(omitted, 0);
  const cut = await queries.workloadProcesses(web, { limit: 1 });
  assert.deepEqual([cut.processes.map(({ process }) => process.processId), cut.omitted], [["100.a.b"], 1]);
});

test("peers of a workload, both directions", async () => {
  const outbound = await queries.workloadPeers(web, {});
  assert.deepEqual(
    outbound.peers.map((peer) => [
      peer.direction,
      peer.workload,
      peer.address,
      peer.domain,
      peer.port,
      peer.rttUsMedian,
      peer.processes,
    ]),
    [
      ["outbound", "db", "", "", 5432, 1117, ["node"]],
      ["outbound", "", "93.184.216.34", "example.com", 443, 1117, ["curl"]],
    ],
  );
  const inbound = await queries.workloadPeers({ ...web, kind: "StatefulSet", name: "db" }, {});
  assert.deepEqual(
    inbound.peers.map((peer) => [peer.direction, peer.workload, peer.bytesSent, peer.bytesReceived]),
    [["inbound", "web", 20_000, 900]],
  );
});

test("every answer holds the API's contract", async () => {
  const window = { since: "2h" };
  const db = { ...web, kind: "StatefulSet", name: "db" } as const;
  const answers = {
    listFlows: await queries.listFlows(page),
    flowTimeline: await queries.flowTimeline({ ...window, q: "", steps: 10 }),
    listEvents: await queries.listEvents({ ...page, kinds: "" }),
    listWorkloads: await queries.listWorkloads({ ...page, ...window }),
    getWorkload: await queries.getWorkload(db, window),
    workloadProcesses: await queries.workloadProcesses(web, { limit: 10 }),
    workloadPeers: await queries.workloadPeers(web, window),
    workloadDns: await queries.workloadDns(web, window),
    hints: await queries.hints({ on: "events", field: "process", prefix: "", q: "" }),
    listGaps: await queries.listGaps(page),
    streamFlows: await queries.flowsSince("", "", 5, { last: 5 }),
    streamEvents: await queries.eventsSince("", { kinds: "", q: "" }, 5, { last: 5 }),
  };
  for (const [name, answer] of Object.entries(answers)) {
    const parsed = api[name as keyof typeof answers].response.safeParse(answer);
    assert.ok(parsed.success, `${name}: ${parsed.error?.message ?? ""}`);
  }
});

test("DNS names of a workload", async () => {
  const { names } = await queries.workloadDns(web, {});
  assert.deepEqual(
    names.map((name) => [name.question, name.count, name.failures, name.responseCodes, name.latencyUsMedian]),
    [
      ["nope.example.com", 4, 4, ["NXDOMAIN"], 900],
      ["example.com", 1, 0, ["NOERROR"], 900],
    ],
  );
});

test("hints: fields, values with counts, values under the rest of the bar", async () => {
  const on = { on: "flows", prefix: "", q: "" } as const;
  const fields = await queries.hints({ ...on, field: "", prefix: "to." });
  assert.ok(fields.hints.some((hint) => hint.value === "to.ns"));
  const values = async (field: string, prefix = "", q = "") =>
    (await queries.hints({ ...on, field, prefix, q })).hints.map((hint) => [hint.value, hint.count]);
  assert.deepEqual(await values("to.domain"), [["example.com", 1]]);
  assert.deepEqual(await values("to", "ex"), [["example.com", 1]]);
  assert.deepEqual(await values("to.ip", "93."), [["93.184.216.34", 1]]);
  assert.deepEqual(await values("process", "c", "port:443 half:"), [["curl", 1]]);
  assert.deepEqual(await values("process", "", "to:db ns:shop reporter:destination"), [
    ["/usr/bin/node", 1],
    ["postgres", 1],
  ]);
  assert.deepEqual(await values("nonsense"), []);
});

test("gaps, newest first", async () => {
  const { rows } = await queries.listGaps({ ...page, since: "3h" });
  assert.deepEqual(rows.map((gap) => gap.reason).sort(), ["agent-down", "limit", "ring-full"]);
  assert.equal((await queries.listGaps({ ...page, q: "reason:ring-full" })).rows.length, 1);
});

test("a gap that comes every two seconds is one of the window's, counted up, and pushes no other out", async () => {
  const place = {
    cluster: "c",
    node: "chatty",
    counted: "estimate",
    durationMs: 2000,
    table: "http_events",
    ingest: 46,
  };
  const often = Array.from({ length: 600 }, (_, index) => {
    return { ...place, time: nowMs - 1_200_000 + index * 2000, reason: "limit", rows: 3, detail: "a part was missed" };
  });
  const rare = (minutesAgo: number, rows: number) => {
    const detail = `${rows} events of type first-bytes`;
    return { ...place, time: nowMs - minutesAgo * minute, reason: "ring-full", rows, detail, counted: "exact" };
  };
  await store.insert("gaps", [
    ...often,
    rare(30, 7),
    { ...rare(30, 4), time: nowMs - 30 * minute + 2500 },
    rare(40, 9),
  ]);
  const { window } = await queries.listEvents({ ...page, kinds: "http", since: "1h" });
  assert.deepEqual(
    window.gaps
      .filter(({ node }) => node === "chatty")
      .map(({ time, durationMs, reason, rows, counted, detail }) => [time, durationMs, reason, rows, counted, detail]),
    [
      [formatInstant(nowMs - 20 * minute), 1_200_000, "limit", 1800, "estimate", "a part was missed"],
      [formatInstant(nowMs - 30 * minute), 4500, "ring-full", 11, "exact", "11 events of type first-bytes"],
      [formatInstant(nowMs - 40 * minute), 2000, "ring-full", 9, "exact", "9 events of type first-bytes"],
    ],
  );
});

test("losses for want of room, added up by node, reason and event type", async () => {
  const place = { cluster: "c", node: "lossy", counted: "exact", durationMs: 5000, table: "flows", ingest: 45 };
  const drop = (minutesAgo: number, reason: string, rows: number, detail = "") => {
    return { ...place, time: nowMs - minutesAgo * minute, reason, rows, detail };
  };
  await store.insert("gaps", [
    drop(10, "ring-full", 200, "200 events of type tcp-open"),
    drop(20, "ring-full", 100, "100 events of type tcp-open"),
    drop(20, "ring-full", 7, "7 events of type exec"),
    drop(20, "spool-full", 50, "3 blocks: no room"),
    drop(20, "agent-down", 9),
    // Began before the hour and reached into it; ended before it.
    { ...drop(70, "queue-full", 30), durationMs: 15 * minute },
    drop(61, "ring-full", 1000, "1000 events of type tcp-open"),
  ]);
  const found = await queries.lossesSince(nowMs - 60 * minute);
  assert.deepEqual(
    found.filter(({ node }) => node === "lossy").map(({ reason, eventType, rows }) => [reason, eventType, rows]),
    [
      ["ring-full", "tcp-open", 300],
      ["spool-full", "", 50],
      ["queue-full", "", 30],
      ["ring-full", "exec", 7],
    ],
  );
});

test("processes that run, and the ancestors of what is listed, outlast any number of newer ones that ended", async () => {
  const cron = { cluster: "other", namespace: "batch", kind: "Deployment", name: "cron" } as const;
  const start = (name: string, pid: number, parentProcessId: string, minutesAgo: number) => ({
    ...bash,
    cluster: "other",
    namespace: "batch",
    workload: "cron",
    processId: `${pid}.${name}.c`,
    parentProcessId,
    pid,
    name,
    startTime: nowMs - minutesAgo * minute,
    time: nowMs - minutesAgo * minute,
    ingest: 900 + pid,
  });
  const end = (row: ReturnType<typeof start>) => ({
    ...row,
    action: "exit",
    time: nowMs - minute,
    ingest: row.ingest + 1000,
  });
  const shell = start("sh", 10, "1.init.c", 50);
  const wrap = start("wrap", 11, "10.sh.c", 40);
  const cats = [97, 98, 99].map((pid) => start("cat", pid, "11.wrap.c", 5));
  await store.insert("process_events", [shell, wrap, ...cats, ...[wrap, ...cats].map(end)]);
  const whole = await queries.workloadProcesses(cron, { limit: 100, since: "1h" });
  assert.deepEqual(
    [whole.processes.map(({ process }) => process.name), whole.omitted],
    [["sh", "cat", "cat", "cat", "wrap"], 0],
    "running first, then newest first, within one millisecond by pid",
  );
  const { processes, omitted } = await queries.workloadProcesses(cron, { limit: 2, since: "1h" });
  assert.deepEqual(
    [processes.map(({ process }) => process.processId), omitted],
    [["10.sh.c", "99.cat.c", "11.wrap.c"], 2],
    "behind the limit the parent of the one that is listed",
  );
});

// What the detections' screens ask of the store, against a real store process with planted rows: cards, one card, its tree, rules, noise.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { manualClock } from "../../src/base/clock.ts";
import { createQueries } from "../../src/edge/store/queries/create-queries.ts";
import type { Queries } from "../../src/edge/store/queries/queries.ts";
import { minute, nowMs, subject } from "../support/queries-world.ts";
import { type ScratchStore, startScratchStore } from "../support/scratch-store.ts";

let store: ScratchStore;
let queries: Queries;
const dayMs = 86_400_000;
/** In the middle of a slot, so that what is planted around it is one card. */
const atMs = Math.floor((nowMs - 60 * minute) / 900_000) * 900_000 + 5 * minute;

const shell = {
  ...subject,
  time: atMs,
  ingest: 50,
  severity: "medium",
  source: "garrison",
  rule: "Shell by a server",
  title: "A server starts a shell",
  techniques: ["T1059.004"],
  tags: ["container"],
  evidence: ["2026-11-26T10:00:00Z exec: /bin/sh"],
  outputFields: ["proc.name=sh"],
  process: "sh",
  processId: "30.a.b",
  executable: "/bin/sh",
  ancestors: ["nginx"],
  fidelity: "kernel",
  count: 1,
};

const process = {
  ...subject,
  ingest: 50,
  time: atMs,
  action: "exec",
  processId: "30.a.b",
  parentProcessId: "20.a.b",
  pid: 30,
  parentPid: 20,
  name: "sh",
  executable: "/bin/sh",
  startTime: atMs,
  durationMs: 0,
};

before(async () => {
  store = await startScratchStore();
  await store.insert("security_events", [
    shell,
    {
      ...shell,
      time: atMs + minute,
      severity: "high",
      action: "killed",
      policy: "shop",
      receipt: "kernel: SIGKILL",
      count: 3,
      title: "Again",
    },
    // Another process, another slot, another workload: cards of their own.
    { ...shell, time: atMs + minute, process: "bash", processId: "31.a.b" },
    { ...shell, time: atMs - 20 * minute, processId: "9.a.b" },
    {
      ...shell,
      time: atMs + minute,
      workload: "other",
      rule: "Miner",
      severity: "critical",
      source: "falco",
      techniques: ["T1496"],
    },
    ...[1, 2, 3].map((day) => ({ ...shell, time: nowMs - day * dayMs - minute, count: 5 })),
  ]);
  await store.insert("process_events", [
    process,
    { ...process, time: atMs + minute, action: "exit", exitCode: 1, startTime: atMs },
    {
      ...process,
      time: atMs - minute,
      processId: "20.a.b",
      parentProcessId: "10.a.b",
      pid: 20,
      name: "nginx",
      executable: "/usr/sbin/nginx",
      startTime: atMs - minute,
    },
    {
      ...process,
      time: atMs - dayMs / 2,
      action: "running",
      processId: "10.a.b",
      parentProcessId: "",
      pid: 10,
      name: "init",
      startTime: atMs - dayMs / 2,
    },
    {
      ...process,
      time: atMs + 1000,
      processId: "40.a.b",
      parentProcessId: "30.a.b",
      pid: 40,
      name: "curl",
      startTime: atMs + 1000,
    },
    {
      ...process,
      time: atMs + 2000,
      processId: "41.a.b",
      parentProcessId: "40.a.b",
      pid: 41,
      name: "sleep",
      startTime: atMs + 2000,
    },
    // Of another node with the same number: not of this tree.
    {
      ...process,
      node: "elsewhere",
      time: atMs + 1000,
      processId: "42.a.b",
      parentProcessId: "30.a.b",
      pid: 42,
      name: "wrong",
    },
  ]);
  await store.insert("file_events", [
    { ...subject, ingest: 50, time: atMs + 1000, action: "create", path: "/tmp/x", processId: "40.a.b", count: 2 },
    { ...subject, ingest: 50, time: atMs + 1100, action: "open", path: "/etc/hosts", processId: "40.a.b", count: 7 },
    {
      ...subject,
      ingest: 50,
      time: atMs + 1100,
      action: "mapped",
      path: "/lib/libc.so",
      processId: "40.a.b",
      count: 9,
    },
  ]);
  await store.insert("dns_events", [
    {
      ...subject,
      ingest: 50,
      time: atMs + 1000,
      question: "evil.example",
      questionType: "A",
      processId: "40.a.b",
      count: 1,
    },
  ]);
  await store.insert("flows", [
    {
      ...subject,
      ingest: 50,
      time: atMs + 1000,
      reporter: "source",
      pid: 40,
      destinationAddress: "203.0.113.66",
      destinationPort: 4444,
      connectionsOpened: 2,
    },
  ]);
  queries = createQueries({ store: store.store, clock: manualClock(nowMs) });
});
after(async () => store[Symbol.asyncDispose]());

const since = new Date(atMs - 40 * minute).toISOString();

test("equal detections of a quarter of an hour are one card with the worst severity; what was killed never counts what was only seen", async () => {
  const { rows, totals, next } = await queries.listDetections({ q: "", since, limit: 10 });
  assert.equal(rows.length, 5);
  assert.equal(next, undefined);
  assert.deepEqual(totals, { critical: 1, high: 1, medium: 3, low: 0, info: 0 });
  const seen = rows.find(
    ({ process: name, count, action, rule }) =>
      name === "sh" && count === 1 && action === "detected" && rule === "Shell by a server",
  );
  assert.deepEqual([seen?.severity, seen?.receipt], ["medium", ""]);
  const card = rows.find(({ process: name, count }) => name === "sh" && count === 3);
  assert.equal(card?.severity, "high");
  assert.deepEqual([card?.action, card?.policy, card?.receipt], ["killed", "shop", "kernel: SIGKILL"]);
  assert.deepEqual(card?.actions, ["killed"]);
  assert.equal(card?.title, "Again");
  assert.match(card?.id ?? "", /^[0-9a-z]+-[0-9a-f]{16}$/);
});

test("filters: severity, technique, action, rule, source, workload and words", async () => {
  for (const [q, expected] of [
    ["severity:critical", 1],
    ["technique:T1496", 1],
    ["action:killed", 1],
    ['rule:"Shell by a server"', 4],
    ["source:falco", 1],
    ["workload:other", 1],
    ["process:bash", 1],
    ["Again", 1],
    ["ancestor:nginx", 5],
    ["severity:low", 0],
  ] as const) {
    const { rows } = await queries.listDetections({ q, since, limit: 10 });
    assert.equal(rows.length, expected, q);
  }
  await assert.rejects(queries.listDetections({ q: "nonsense:1", since, limit: 10 }), /nonsense/);
});

test("pages follow each other without a hole or a double", async () => {
  const first = await queries.listDetections({ q: "", since, limit: 3 });
  const second = await queries.listDetections({ q: "", since, limit: 3, cursor: first.next });
  assert.deepEqual([first.rows.length, second.rows.length, second.next], [3, 2, undefined]);
  assert.equal(new Set([...first.rows, ...second.rows].map(({ id }) => id)).size, 5);
});

test("an id finds its card and its events again; another one finds nothing", async () => {
  const { rows } = await queries.listDetections({
    q: "process:sh workload:web action:killed",
    since,
    limit: 10,
  });
  const id = rows[0]?.id ?? "";
  const found = await queries.findDetection(id, 1);
  assert.equal(found?.sum.id, id);
  assert.deepEqual([found?.sum.count, found?.events.length, found?.eventsTotal], [3, 1, 1]);
  assert.equal(found?.events[0]?.title, "Again");
  assert.equal(await queries.findDetection(`${id.split("-")[0]}-0000000000000000`, 1), undefined);
  assert.equal(await queries.findDetection("no id'; DROP", 1), undefined);
  assert.equal(await queries.findDetection(`zzzzzzzzzzz-${"0".repeat(16)}`, 1), undefined);
});

test("what else happened to the workload, without itself", async () => {
  const { rows } = await queries.listDetections({ q: "process:sh workload:web action:killed", since, limit: 10 });
  const [sum] = rows;
  assert.ok(sum !== undefined);
  const window = { sinceMs: atMs - 10 * minute, untilMs: atMs + 12 * minute };
  const related = await queries.relatedDetections({ sum, window, limit: 10 });
  assert.deepEqual(related.rows.map(({ process: name }) => name).toSorted(), ["bash", "sh"]);
});

test("the tree: ancestors, the process, descendants, how they ended and what they did", async () => {
  const request = {
    cluster: subject.cluster,
    node: subject.node,
    processId: "30.a.b",
    window: { sinceMs: atMs - 10 * minute, untilMs: atMs + 10 * minute },
  };
  const limits = { ancestorsMax: 8, descendantsMax: 64, depthMax: 4, deedsMax: 1 };
  const { nodes, omitted, because } = await queries.detectionTree(request, limits);
  assert.deepEqual(
    nodes.map(({ generation, process: { name } }) => [generation, name]),
    [
      [-2, "init"],
      [-1, "nginx"],
      [0, "sh"],
      [1, "curl"],
      [2, "sleep"],
    ],
  );
  assert.deepEqual([omitted, because, nodes[2]?.exitCode], [0, "", 1]);
  const curl = nodes[3];
  assert.deepEqual(curl?.files, [{ what: "open /etc/hosts", count: 7 }]);
  assert.deepEqual(curl?.connections, [{ what: "203.0.113.66:4444", count: 2 }]);
  assert.deepEqual(curl?.names, [{ what: "A evil.example", count: 1 }]);
  assert.equal(curl?.deedsOmitted, 1);
  const shallow = await queries.detectionTree(request, { ...limits, ancestorsMax: 1, descendantsMax: 1, depthMax: 1 });
  assert.deepEqual(
    shallow.nodes.map(({ process: { name } }) => name),
    ["nginx", "sh", "curl"],
  );
  const nobody = await queries.detectionTree({ ...request, processId: "99.a.b" }, limits);
  assert.deepEqual(nobody.nodes, []);
});

test("in a container the same tree comes in fewer questions", async () => {
  const inside = { ...process, containerId: "c1", workload: "boxed" };
  const row = (id: number, parent: number, name: string, ms: number) => ({
    ...inside,
    time: atMs + ms,
    startTime: atMs + ms,
    processId: `${id}.c.d`,
    parentProcessId: `${parent}.c.d`,
    pid: id,
    name,
  });
  await store.insert("process_events", [
    { ...row(1, 0, "shim", -5000), containerId: "" },
    row(2, 1, "main", -4000),
    row(3, 2, "sh", 0),
    row(4, 3, "curl", 100),
    row(5, 3, "wget", 200),
    row(6, 4, "sleep", 300),
    // In the container, but no kin.
    row(9, 8, "stranger", 50),
  ]);
  const request = {
    cluster: subject.cluster,
    node: subject.node,
    processId: "3.c.d",
    window: { sinceMs: atMs - 10 * minute, untilMs: atMs + 10 * minute },
  };
  const limits = { ancestorsMax: 8, descendantsMax: 2, depthMax: 4, deedsMax: 1 };
  const { nodes, omitted, because } = await queries.detectionTree(request, limits);
  assert.deepEqual(
    nodes.map(({ generation, process: { name } }) => [generation, name]),
    [
      [-2, "shim"],
      [-1, "main"],
      [0, "sh"],
      [1, "curl"],
      [1, "wget"],
    ],
  );
  assert.deepEqual([omitted, because], [1, ""]);
});

test("rules by how often they spoke", async () => {
  const { rules } = await queries.detectionRuleSums({ since: "7d" });
  assert.deepEqual(
    rules.map(({ rule, source, count, severity }) => [rule, source, count, severity]),
    [
      ["Shell by a server", "garrison", 21, "high"],
      ["Miner", "falco", 1, "critical"],
    ],
  );
});

test("noise by day, the last 24 hours apart; a filter narrows it", async () => {
  const { rows, clusters, lookedAt } = await queries.noiseSums({ q: "", days: 7 });
  const web = rows.find(({ rule }) => rule === "Shell by a server");
  assert.deepEqual([web?.count, web?.last24h], [21, 6]);
  assert.equal(
    [...(web?.perDay.values() ?? [])].reduce((sum, count) => sum + count, 0),
    21,
  );
  assert.equal(lookedAt.sinceMs % dayMs, 0);
  assert.equal(clusters[0]?.last24h, 7);
  assert.equal((await queries.noiseSums({ q: "workload:other", days: 7 })).rows.length, 1);
});

test("events of a rule with what exceptions name, and what other rules said of processes", async () => {
  const { events, total, spokenOf } = await queries.noiseEvents({
    cluster: subject.cluster,
    rule: "Shell by a server",
    since: "7d",
  });
  assert.deepEqual([events.length, total], [7, 7]);
  assert.ok(events[0]?.outputFields.includes("proc.name=sh"));
  assert.deepEqual([...spokenOf], [["30.a.b", "critical"]]);
});

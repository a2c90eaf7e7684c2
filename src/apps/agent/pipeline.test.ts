// Events to rows with everything pure behind it: attribution, redaction, flows, DNS, HTTP, late identities.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContainerDirectory, ContainerInfo } from "../../core/process/container-directory.ts";
import type { ExecEvent, SensorEvent } from "../../core/sense/sensor.ts";
import type { Row, TableName } from "../../model/table.ts";
import { createPipeline, type Pipeline, type PipelineOptions } from "./pipeline.ts";
import { createVisibilityBook } from "./visibility.ts";

const containerId = "f75aff467357c5d0ddd47cb7ad87ed38746e018992586ff66198a5c11218f634";
const base = { timeMs: 10_000, process: { pid: 7, startMs: 70 }, comm: "curl", cgroupId: 5 };
const ends = { localAddress: "10.0.0.1", localPort: 40_000, remoteAddress: "192.0.2.9", remotePort: 80 };

function exec(more: Partial<ExecEvent> = {}): ExecEvent {
  return {
    ...base,
    type: "exec",
    parent: { pid: 1, startMs: 0 },
    uid: 0,
    gid: 0,
    capabilities: 0,
    path: "/usr/bin/curl",
    arguments: ["curl", "-u", "me:hunter2", "http://example.com"],
    argumentsCut: false,
    workingDirectory: "/",
    ...more,
  };
}

interface Scene {
  readonly pipeline: Pipeline;
  readonly visibility: ReturnType<typeof createVisibilityBook>;
  readonly rows: <Name extends TableName>(table: Name) => Row<Name>[];
}

function scene(more: Partial<PipelineOptions> = {}): Scene {
  const pushed: { table: TableName; row: unknown }[] = [];
  const visibility = createVisibilityBook("local");
  const pipeline = createPipeline({
    machine: { bootId: "12345678-0000", bootTimeMs: 1000 },
    fidelity: "kernel",
    windowMs: 15_000,
    rowsPerWindowMax: 1000,
    visibility,
    containers: undefined,
    containersBecause: "no container runtime was asked",
    readCgroup: () => ({ text: "0::/system.slice/shop.service\n" }),
    outbox: { push: (table, row) => void pushed.push({ table, row }) },
    ...more,
  });
  return {
    pipeline,
    visibility,
    rows: <Name extends TableName>(table: Name) =>
      pushed.filter((one) => one.table === table).map((one) => one.row as Row<Name>),
  };
}

function see(visibility: Scene["visibility"], spec: Record<string, unknown>): void {
  const time = new Date(0).toISOString();
  visibility.apply([
    {
      apiVersion: "garrison/v1",
      kind: "Visibility",
      scope: "global",
      name: "v",
      spec,
      generation: 1,
      author: "me",
      time,
      deleted: false,
    },
  ]);
}

test("an exec is attributed and redacted before anything is pushed; exit carries code and duration", () => {
  const { pipeline, rows } = scene();
  pipeline.take([exec(), { ...base, type: "exit", exitCode: 3, signal: 0, timeMs: 11_000 }]);
  const [started, ended] = rows("process_events");
  assert.ok(started !== undefined && ended !== undefined);
  assert.deepEqual(
    [started.workload, started.workloadKind, started.namespace],
    ["shop.service", "SystemdUnit", "host"],
  );
  assert.equal(started.processId, "7.1y.12345678");
  assert.ok(!JSON.stringify(rows("process_events")).includes("hunter2"));
  assert.ok(started.redacted.length > 0);
  assert.deepEqual(
    [ended.action, ended.exitCode, ended.durationMs, ended.executable],
    ["exit", 3, 9930, "/usr/bin/curl"],
  );
  assert.ok(pipeline.counters.redactions > 0);
});

test("a process ends once, though two of its threads may both be told as the last one", () => {
  const { pipeline, rows } = scene();
  const exit: SensorEvent = { ...base, type: "exit", exitCode: 5, signal: 0, timeMs: 11_000 };
  pipeline.take([exec(), exit, { ...exit }]);
  assert.deepEqual(
    rows("process_events").map((row) => row.action),
    ["exec", "exit"],
  );
});

test("first bytes are asked for when any workload of a shared cgroup is opted in, whoever was seen there first", () => {
  const texts = new Map([
    [7, "0::/\n4:memory:/\n"],
    [8, `0::/\n4:memory:/docker/${containerId}\n`],
  ]);
  const { pipeline, visibility } = scene({ readCgroup: (pid) => ({ text: texts.get(pid) ?? "" }) });
  see(visibility, { match: { workload: containerId.slice(0, 12) }, http: true });
  pipeline.take([exec()]);
  assert.deepEqual([...pipeline.watchedCgroups()], []);
  pipeline.take([exec({ process: { pid: 8, startMs: 80 } })]);
  assert.deepEqual([...pipeline.watchedCgroups()], [5]);
});

test("the word that the kernel cut is not kept: half a secret has lost its mark", () => {
  const cases: readonly (readonly [last: string, expected: string])[] = [
    ["https://me:hunt", "‹redacted:over-limit›"],
    ["get https://me:hunt", "get ‹redacted:over-limit›"],
    ["--token=hunter2", "--token=‹redacted:token-flag›"],
  ];
  for (const [last, expected] of cases) {
    const { pipeline, rows } = scene();
    pipeline.take([exec({ arguments: ["tool", "whole", last], argumentsCut: true })]);
    assert.deepEqual(rows("process_events")[0]?.arguments, ["tool", "whole", expected]);
  }
});

test("arguments may be left out, or kept as they are, by visibility", () => {
  const hidden = scene();
  see(hidden.visibility, { arguments: false });
  hidden.pipeline.take([exec()]);
  assert.deepEqual(hidden.rows("process_events")[0]?.arguments, ["‹4 arguments not kept›"]);
  const open = scene();
  see(open.visibility, { match: { workload: "shop.service" }, redact: false });
  open.pipeline.take([exec()]);
  assert.ok(open.rows("process_events")[0]?.arguments.includes("me:hunter2"));
});

const reasons = [
  ["gone", "gone before it could be read"],
  ["refused", "belongs to another user: may not be read"],
] as const;

test("a process whose cgroup could not be read is unknown, because", () => {
  for (const [unread, expected] of reasons) {
    const { pipeline, rows } = scene({ readCgroup: () => ({ unread }) });
    pipeline.take([exec({ cgroupId: 0 })]);
    assert.deepEqual(
      [rows("process_events")[0]?.workloadKind, rows("process_events")[0]?.identityReason],
      ["Unknown", expected],
    );
  }
});

test("a socket without a process: gone, or another user's, each said of its own flow", () => {
  const { pipeline, rows } = scene({
    fidelity: "polled",
    readCgroup: () => assert.fail("there is no process to read"),
  });
  const open = {
    ...base,
    ...ends,
    type: "tcp-open",
    process: { pid: 0, startMs: 0 },
    comm: "",
    cgroupId: 0,
    direction: "outbound",
    bytesSent: 0,
    bytesReceived: 0,
    packetsSent: 0,
    packetsReceived: 0,
    retransmits: 0,
    rttUs: 0,
    error: 0,
    wasReset: false,
  } as const;
  pipeline.take([
    { ...open, socketId: 1, remotePort: 1, isProcessHidden: true },
    { ...open, socketId: 2, remotePort: 2 },
    { ...open, socketId: 3, remotePort: 3, isProcessHidden: true },
  ]);
  pipeline.drain(20_000);
  const [gone, refused] = [reasons[0][1], reasons[1][1]];
  assert.deepEqual(
    rows("flows").map((row) => [row.destinationPort, row.sourceReason]),
    [
      [1, refused],
      [2, gone],
      [3, refused],
    ],
  );
});

const info: ContainerInfo = {
  containerId,
  name: "app",
  podName: "shop-1",
  podUid: "u",
  namespace: "shop",
  workload: "shop",
  workloadKind: "Deployment",
  image: "shop:1",
  imageDigest: "sha256:1",
  labels: {},
  isSandbox: false,
};

test("a container's rows wait for the runtime's answer, and go as unknown when it does not come", async () => {
  const answer = Promise.withResolvers<Awaited<ReturnType<ContainerDirectory["resolve"]>>>();
  const containers: ContainerDirectory = { lookup: () => ({ state: "not-asked" }), resolve: () => answer.promise };
  const readCgroup = () => ({ text: `0::/system.slice/docker-${containerId}.scope\n` });
  const known = scene({ containers, readCgroup });
  const late = scene({ containers: { ...containers, resolve: () => new Promise(() => undefined) }, readCgroup });
  for (const { pipeline, rows } of [known, late]) {
    pipeline.take([exec()]);
    assert.equal(rows("process_events").length, 0);
  }
  answer.resolve({ state: "known", container: info });
  await answer.promise;
  await Promise.resolve();
  assert.deepEqual(
    [known.rows("process_events")[0]?.workload, known.rows("process_events")[0]?.image],
    ["shop", "shop:1"],
  );
  late.pipeline.tick(12_100);
  const row = late.rows("process_events")[0];
  assert.deepEqual([row?.workload, row?.identityReason], [containerId.slice(0, 12), "runtime not asked yet"]);
});

test("first bytes become an HTTP row with the query dropped, only where visibility asks", () => {
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
  const firstBytes: SensorEvent[] = [
    {
      ...base,
      ...ends,
      type: "first-bytes",
      socketId: 1,
      direction: "outbound",
      payload: bytes("GET /a/b?token=hunter2 HTTP/1.1\r\nHost: example.com\r\n\r\n"),
    },
    {
      ...base,
      ...ends,
      type: "first-bytes",
      socketId: 1,
      direction: "inbound",
      timeMs: 10_020,
      payload: bytes("HTTP/1.1 404 Not Found\r\n\r\n"),
    },
  ];
  const blind = scene();
  blind.pipeline.take([exec(), ...firstBytes]);
  assert.deepEqual(blind.rows("http_events"), []);
  assert.deepEqual(blind.pipeline.watchedCgroups(), new Set());
  const { pipeline, rows, visibility } = scene();
  see(visibility, { match: { workload: "shop.*" }, http: true });
  pipeline.take([exec(), ...firstBytes]);
  const [row] = rows("http_events");
  assert.deepEqual(
    [row?.reporter, row?.method, row?.host, row?.path, row?.status, row?.latencyUs, row?.workload, row?.peerAddress],
    ["source", "GET", "example.com", "/a/b", 404, 20_000, "shop.service", "192.0.2.9"],
  );
  assert.deepEqual(pipeline.watchedCgroups(), new Set([5]));
});

test("a request without an answer is told after five seconds with status 0", () => {
  const { pipeline, rows, visibility } = scene();
  see(visibility, { http: true });
  const payload = new Uint8Array(Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  pipeline.take([exec(), { ...base, ...ends, type: "first-bytes", socketId: 1, direction: "outbound", payload }]);
  pipeline.tick(14_000);
  assert.equal(rows("http_events").length, 0);
  pipeline.tick(15_000);
  assert.equal(rows("http_events")[0]?.status, 0);
});

/** RFC 1035: one question for example.com A, and its answer 192.0.2.9. */
function dnsMessage(isAnswer: boolean): Uint8Array {
  const name = [7, ...Buffer.from("example"), 3, ...Buffer.from("com"), 0];
  const header = [0x12, 0x34, isAnswer ? 0x81 : 0x01, isAnswer ? 0x80 : 0, 0, 1, 0, isAnswer ? 1 : 0, 0, 0, 0, 0];
  const answer = isAnswer ? [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 9] : [];
  return new Uint8Array([...header, ...name, 0, 1, 0, 1, ...answer]);
}

test("a DNS answer becomes a row and gives the next connection's destination its name", () => {
  const { pipeline, rows } = scene();
  const dns = {
    ...base,
    type: "dns" as const,
    localAddress: "10.0.0.1",
    localPort: 50_000,
    remoteAddress: "10.0.0.53",
    remotePort: 53,
    payloadCut: false,
  };
  pipeline.take([
    exec(),
    { ...dns, direction: "outbound", payload: dnsMessage(false) },
    { ...dns, direction: "inbound", payload: dnsMessage(true), timeMs: 10_004 },
    {
      ...base,
      ...ends,
      type: "tcp-open",
      socketId: 1,
      direction: "outbound",
      bytesSent: 0,
      bytesReceived: 0,
      packetsSent: 0,
      packetsReceived: 0,
      retransmits: 0,
      rttUs: 0,
      error: 0,
      wasReset: false,
    },
  ]);
  pipeline.drain(10_500);
  const [row] = rows("dns_events");
  assert.deepEqual(
    [row?.question, row?.questionType, row?.responseCode, row?.answers, row?.process],
    ["example.com", "A", "NOERROR", ["192.0.2.9"], "curl"],
  );
  const [flow] = rows("flows");
  assert.deepEqual(
    [flow?.destinationDomain, flow?.sourceWorkload, flow?.process, flow?.executable],
    ["example.com", "shop.service", "curl", "/usr/bin/curl"],
  );
});

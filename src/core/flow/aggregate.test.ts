import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Row } from "../../model/table.ts";
import type { TcpEvent, TcpSampleEvent, UdpEvent } from "../sense/sensor.ts";
import { createFlowAggregator } from "./aggregate.ts";
import type { FlowAggregator, FlowAggregatorOptions } from "./flow-aggregator.ts";
import { rttBucket, type FlowReporter } from "./flow-entry.ts";

function reporter(pid: number, workload = "host", process = "curl"): FlowReporter {
  return {
    key: `${workload} ${process}`,
    pid,
    process,
    executable: `/usr/bin/${process}`,
    fidelity: "kernel",
    subject: {
      namespace: "host",
      workload,
      workloadKind: workload === "host" ? "Host" : "SystemdUnit",
      service: "",
      pod: "",
      container: "",
      containerId: "",
      image: "",
      imageDigest: "",
      identityReason: "",
    },
  };
}

const base = { comm: "curl", cgroupId: 1, timeMs: 1000, process: { pid: 7, startMs: 70 } };

function tcp(type: TcpEvent["type"] | "tcp-sample", more: Partial<TcpEvent> = {}): TcpEvent | TcpSampleEvent {
  return {
    ...base,
    type: "tcp-open",
    socketId: 1,
    localAddress: "10.0.0.1",
    localPort: 40_000,
    remoteAddress: "192.0.2.9",
    remotePort: 443,
    direction: "outbound",
    bytesSent: 0,
    bytesReceived: 0,
    packetsSent: 0,
    packetsReceived: 0,
    retransmits: 0,
    rttUs: 0,
    error: 0,
    wasReset: false,
    ...more,
    ...({ type } as object),
  };
}

function udp(more: Partial<UdpEvent> = {}): UdpEvent {
  return {
    ...base,
    type: "udp",
    localAddress: "10.0.0.1",
    localPort: 40_000,
    remoteAddress: "192.0.2.53",
    remotePort: 53,
    direction: "outbound",
    bytes: 100,
    packets: 1,
    ...more,
  };
}

function aggregator(more: Partial<FlowAggregatorOptions> = {}): FlowAggregator {
  const flows = createFlowAggregator({ domainOf: () => "", ...more });
  flows.flush(0);
  return flows;
}

function only(rows: readonly Row<"flows">[]): Row<"flows"> {
  assert.equal(rows.length, 1, JSON.stringify(rows.map((row) => row.flowId)));
  return rows[0] as Row<"flows">;
}

test("a new connection is told about a second after it began, its end in the window's row; rows add up", () => {
  const flows = aggregator();
  const curl = reporter(7);
  flows.tcp(tcp("tcp-open"), () => curl);
  assert.deepEqual(flows.flush(1900), []);
  const first = only(flows.flush(2000));
  assert.deepEqual(
    [
      first.reporter,
      first.verdict,
      first.verdictBecause,
      first.protocol,
      first.connectionsOpened,
      first.connectionsClosed,
    ],
    ["source", "allow", "established", "tcp", 1, 0],
  );
  assert.deepEqual(
    [
      first.sourceAddress,
      first.sourcePort,
      first.destinationAddress,
      first.destinationPort,
      first.level,
      first.pid,
      first.process,
    ],
    ["10.0.0.1", 0, "192.0.2.9", 443, 2, 7, "curl"],
  );
  assert.deepEqual([first.sourceKind, first.destinationKind, first.time, first.merged], ["Host", "External", 1000, 1]);
  flows.tcp(
    tcp("tcp-close", { timeMs: 5000, bytesSent: 10, bytesReceived: 20, packetsSent: 1, packetsReceived: 2, rttUs: 16 }),
    () => curl,
  );
  assert.deepEqual(flows.flush(6000), []);
  const last = only(flows.flush(15_001));
  assert.deepEqual(
    [last.connectionsOpened, last.connectionsClosed, last.bytesSent, last.bytesReceived, last.time],
    [0, 1, 10, 20, 5000],
  );
  assert.deepEqual(last.rttUs, { 16: 1 });
  assert.equal(last.flowId, first.flowId);
  assert.deepEqual(flows.flush(30_100), []);
});

test("samples are deltas, the close carries totals: nothing is counted twice", () => {
  const flows = aggregator();
  const of = () => reporter(7);
  flows.tcp(tcp("tcp-open"), of);
  flows.tcp(tcp("tcp-sample", { bytesSent: 100, bytesReceived: 10, packetsSent: 3, retransmits: 1 }), of);
  flows.tcp(tcp("tcp-sample", { bytesSent: 50, bytesReceived: 5, packetsSent: 2 }), of);
  flows.tcp(tcp("tcp-close", { bytesSent: 180, bytesReceived: 15, packetsSent: 6, retransmits: 1 }), of);
  const row = only(flows.drain());
  assert.deepEqual([row.bytesSent, row.bytesReceived, row.packetsSent, row.retransmits], [180, 15, 6, 1]);
});

test("verdicts carry their reason", () => {
  const cases: readonly [string, (flows: FlowAggregator) => void, Row<"flows">["verdict"], string][] = [
    [
      "refused",
      (f) => f.tcp(tcp("tcp-failed", { error: 111 }), () => reporter(7)),
      "unknown",
      "connect failed: ECONNREFUSED",
    ],
    [
      "timeout",
      (f) => f.tcp(tcp("tcp-failed", { error: 110 }), () => reporter(7)),
      "unknown",
      "connect failed: ETIMEDOUT",
    ],
    [
      "odd errno",
      (f) => f.tcp(tcp("tcp-failed", { error: 200 }), () => reporter(7)),
      "unknown",
      "connect failed: errno 200",
    ],
    ["udp sent", (f) => f.udp(udp(), () => reporter(7)), "unknown", "UDP: sent, delivery not known"],
    [
      "udp answered",
      (f) => {
        f.udp(udp(), () => reporter(7));
        f.udp(udp({ direction: "inbound", bytes: 300 }), () => reporter(7));
      },
      "allow",
      "answered",
    ],
    [
      "udp received by a server",
      (f) => f.udp(udp({ direction: "inbound", localPort: 53, remotePort: 50_000 }), () => reporter(7)),
      "allow",
      "received",
    ],
  ];
  for (const [name, act, verdict, because] of cases) {
    const flows = aggregator();
    act(flows);
    const row = only(flows.drain());
    assert.deepEqual([row.verdict, row.verdictBecause], [verdict, because], name);
  }
});

test("sent and received are the source's, whoever reports, for both protocols", () => {
  const flows = aggregator();
  const server = reporter(8, "db.service", "postgres");
  const inbound = {
    localAddress: "10.0.0.1",
    localPort: 5432,
    remoteAddress: "10.0.0.7",
    remotePort: 50_000,
    direction: "inbound",
  } as const;
  flows.tcp(tcp("tcp-open", inbound), () => server);
  flows.tcp(tcp("tcp-close", { ...inbound, bytesSent: 1000, bytesReceived: 5 }), () => server);
  const row = only(flows.drain());
  assert.deepEqual(
    [
      row.reporter,
      row.sourceAddress,
      row.destinationAddress,
      row.destinationPort,
      row.bytesSent,
      row.bytesReceived,
      row.destinationWorkload,
    ],
    ["destination", "10.0.0.7", "10.0.0.1", 5432, 5, 1000, "db.service"],
  );
  flows.udp(udp({ direction: "inbound", localPort: 53, remotePort: 50_000, bytes: 30 }), () => server);
  flows.udp(udp({ direction: "outbound", localPort: 53, remotePort: 50_000, bytes: 300 }), () => server);
  const datagrams = only(flows.drain());
  assert.deepEqual(
    [datagrams.reporter, datagrams.bytesSent, datagrams.bytesReceived, datagrams.destinationPort],
    ["destination", 30, 300, 53],
  );
});

test("a connection within the machine gives two rows that name each other, whichever end is seen first", () => {
  const client = reporter(7, "shop.service", "node");
  const server = reporter(8, "db.service", "postgres");
  const ends = { localAddress: "127.0.0.1", localPort: 40_000, remoteAddress: "127.0.0.1", remotePort: 5432 };
  const open = tcp("tcp-open", ends);
  const accept = tcp("tcp-open", {
    ...ends,
    localPort: 5432,
    remotePort: 40_000,
    direction: "inbound",
    socketId: 2,
    process: { pid: 8, startMs: 80 },
  });
  for (const order of ["connect first", "accept first"]) {
    const flows = aggregator();
    const both = [() => flows.tcp(open, () => client), () => flows.tcp(accept, () => server)];
    if (order === "accept first") both.reverse();
    for (const act of both) act();
    const rows = flows.drain();
    assert.deepEqual(new Set(rows.map((row) => row.reporter)), new Set(["source", "destination"]), order);
    for (const row of rows) {
      assert.deepEqual(
        [row.sourceWorkload, row.destinationWorkload, row.loopback],
        ["shop.service", "db.service", true],
        order,
      );
    }
  }
});

test("a loopback end that was not seen is unknown with a reason, never External", () => {
  const flows = aggregator();
  flows.tcp(tcp("tcp-open", { localAddress: "127.0.0.1", remoteAddress: "127.0.0.1" }), () => reporter(7));
  const row = only(flows.drain());
  assert.deepEqual(
    [row.destinationKind, row.destinationReason],
    ["Unknown", "the process at the other end was not seen"],
  );
});

test("one row for many processes of one program: pid 0 and the number of connections; one process keeps its pid", () => {
  const flows = aggregator();
  for (let i = 0; i < 5; i += 1) {
    flows.tcp(tcp("tcp-open", { socketId: i, localPort: 40_000 + i, process: { pid: 10 + i, startMs: 1 } }), () =>
      reporter(10 + i),
    );
  }
  const row = only(flows.drain());
  assert.deepEqual([row.pid, row.merged, row.connectionsOpened, row.process], [0, 5, 5, "curl"]);
  flows.tcp(tcp("tcp-open", { socketId: 9, localPort: 41_000, process: { pid: 99, startMs: 1 } }), () => reporter(99));
  assert.equal(only(flows.drain()).pid, 99);
});

test("a detailed workload keeps its five-tuples", () => {
  const flows = aggregator({ isDetailed: ({ subject }) => subject.workload === "shop.service" });
  for (const port of [40_001, 40_002])
    flows.tcp(tcp("tcp-open", { socketId: port, localPort: port }), () => reporter(7, "shop.service"));
  const rows = flows.drain();
  assert.deepEqual(
    rows.map(({ level, sourcePort }) => [level, sourcePort]),
    [
      [0, 40_001],
      [0, 40_002],
    ],
  );
});

test("at the budget the noisiest climbs, others keep their detail, counts are kept and the merge is told", () => {
  const flows = aggregator({ rowsPerWindowMax: 50 });
  const quiet = reporter(1, "quiet.service", "node");
  const noisy = reporter(2, "scan.service", "nmap");
  flows.tcp(tcp("tcp-open", { socketId: 1, process: { pid: 1, startMs: 1 } }), () => quiet);
  for (let i = 0; i < 500; i += 1) {
    flows.tcp(
      tcp("tcp-open", {
        socketId: 100 + i,
        remoteAddress: `10.9.${i >> 8}.${i & 255}`,
        process: { pid: 2, startMs: 1 },
      }),
      () => noisy,
    );
  }
  const rows = flows.flush(15_001);
  assert.ok(rows.length <= 60, String(rows.length));
  assert.equal(
    rows.reduce((sum, row) => sum + row.connectionsOpened, 0),
    501,
  );
  assert.equal(
    rows.reduce((sum, row) => sum + row.merged, 0),
    501,
  );
  assert.equal(rows.find((row) => row.sourceWorkload === "quiet.service")?.level, 2);
  assert.ok(rows.some((row) => row.level >= 3 && row.destinationAddress === "::"));
  const losses = flows.takeLosses();
  assert.ok(losses !== undefined && losses.rowsMerged > 0 && losses.detail.includes("scan.service"));
  assert.equal(flows.takeLosses(), undefined);
});

test("failed connects keep level 1 until no key is left, then are counted as over the limit", () => {
  const flows = aggregator({ rowsPerWindowMax: 10, entriesMax: 100 });
  for (let i = 0; i < 1000; i += 1) {
    flows.tcp(tcp("tcp-failed", { error: 111, remotePort: i + 1 }), () => reporter(7));
  }
  const rows = flows.flush(15_001);
  assert.equal(
    rows.reduce((sum, row) => sum + row.connectionsFailed, 0),
    1000,
  );
  assert.ok(rows.length <= 101, String(rows.length));
  assert.equal(rows.filter((row) => row.level === 1).length, 100);
  assert.equal(flows.takeLosses()?.flowsOverLimit, 900);
});

test("whatever the limits, every byte and connection is in exactly one row of its reporter", () => {
  const eventOf = fc.record({
    socket: fc.nat({ max: 6 }),
    host: fc.nat({ max: 20 }),
    bytes: fc.nat({ max: 1000 }),
    stepMs: fc.nat({ max: 4000 }),
    kind: fc.constantFrom("open" as const, "sample" as const, "udp" as const, "failed" as const),
  });
  fc.assert(
    fc.property(
      fc.array(eventOf, { maxLength: 120 }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 12 }),
      (events, rowsMax, entriesMax) => {
        const flows = aggregator({ rowsPerWindowMax: rowsMax, entriesMax, conversationsMax: 10 });
        let now = 1000;
        let bytes = 0;
        let connections = 0;
        const rows: Row<"flows">[] = [];
        for (const event of events) {
          now += event.stepMs;
          const at = { timeMs: now, remoteAddress: `10.0.1.${event.host}`, socketId: event.socket };
          const of = () => reporter(event.socket, `w${event.socket % 3}.service`);
          bytes += event.kind === "udp" || event.kind === "sample" ? event.bytes : 0;
          connections += event.kind === "open" || event.kind === "failed" ? 1 : 0;
          if (event.kind === "udp") flows.udp(udp({ ...at, bytes: event.bytes }), of);
          else if (event.kind === "sample") flows.tcp(tcp("tcp-sample", { ...at, bytesSent: event.bytes }), of);
          else flows.tcp(tcp(event.kind === "open" ? "tcp-open" : "tcp-failed", at), of);
          rows.push(...flows.flush(now));
        }
        rows.push(...flows.drain());
        assert.equal(
          rows.reduce((sum, row) => sum + row.bytesSent, 0),
          bytes,
        );
        assert.equal(
          rows.reduce((sum, row) => sum + row.connectionsOpened + row.connectionsFailed, 0),
          connections,
        );
      },
    ),
    { numRuns: 300 },
  );
});

test("a forgotten flow that speaks again is told again", () => {
  const flows = aggregator();
  const of = () => reporter(7);
  flows.tcp(tcp("tcp-open", { timeMs: 1000 }), of);
  let now = 2000;
  for (; now < 200_000; now += 1000) flows.flush(now);
  assert.equal(flows.stats().entries, 0);
  flows.tcp(tcp("tcp-sample", { timeMs: now, bytesSent: 9 }), of);
  assert.equal(only(flows.flush(now + 1000)).bytesSent, 9);
});

test("server names and TLS views stand in the row", () => {
  const flows = aggregator();
  flows.tcp(tcp("tcp-open"), () => reporter(7));
  flows.tls(tcp("tcp-open"), "seen", "example.com");
  const row = only(flows.drain());
  assert.deepEqual([row.tls, row.serverName], ["seen", "example.com"]);
});

test("round-trip buckets are quarter octaves", () => {
  for (const [us, bucket] of Object.entries({ 1: 0, 2: 4, 3: 6, 1000: 39, 1024: 40 }))
    assert.equal(rttBucket(Number(us)), bucket);
});

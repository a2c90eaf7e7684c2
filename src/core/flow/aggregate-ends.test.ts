// Who is at the other end of a flow: by the cluster's directory at the time when the conversation began, amended when the answer is late.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { IdentitiesMessage, IdentityEntry } from "../../model/identity-entry.ts";
import type { Row } from "../../model/table.ts";
import { createAddressBook, type AddressBook } from "../directory/address-book.ts";
import { remoteEndOf } from "../directory/remote-end.ts";
import type { TcpEvent } from "../sense/sensor.ts";
import { createFlowAggregator } from "./aggregate.ts";
import type { FlowAggregator, FlowAggregatorOptions } from "./flow-aggregator.ts";
import type { FlowReporter } from "./flow-entry.ts";

function entry(
  kind: "pod" | "service",
  name: string,
  address: string,
  more: Partial<IdentityEntry> = {},
): IdentityEntry {
  return IdentityEntry.parse({
    key: `${kind}/${name}`,
    kind,
    addresses: [address],
    namespace: "shop",
    workload: name.split("-")[0],
    workloadKind: "Deployment",
    pod: kind === "pod" ? name : "",
    podUid: kind === "pod" ? name : "",
    services: kind === "service" ? [name] : [],
    fromMs: 0,
    ...more,
  });
}

const port = { protocol: "TCP", port: 80, targetPort: 8080 };
const db1 = entry("pod", "db-1", "10.0.0.5", {
  services: ["db"],
  containers: [{ name: "db", containerId: "", image: "db:1", imageDigest: "sha256:d1", ports: [] }],
});
const web = entry("service", "web", "10.96.0.1", { ports: [port] });

function say(book: AddressBook, more: Partial<IdentitiesMessage>, nowMs: number): void {
  book.apply(
    IdentitiesMessage.parse({ type: "identities", first: false, last: false, put: [], ended: [], ...more }),
    nowMs,
  );
}

function scene(put: readonly IdentityEntry[] | undefined, more: Partial<FlowAggregatorOptions> = {}) {
  const book = createAddressBook({ createdMs: 0 });
  if (put !== undefined) say(book, { first: true, last: true, put: [...put] }, 1_000_000);
  const flows = createFlowAggregator({
    domainOf: () => "",
    directory: {
      get revision() {
        return book.revision;
      },
      remoteEnd: (question) => remoteEndOf(book, question),
      serviceAt: (subject, at) => (at.port === 9090 ? `${subject.pod}-metrics` : subject.service),
    },
    ...more,
  });
  flows.flush(0);
  return { book, flows };
}

const subject: FlowReporter["subject"] = {
  namespace: "shop",
  workload: "web",
  workloadKind: "Deployment",
  service: "web",
  pod: "web-1",
  container: "web",
  containerId: "c1",
  image: "web:1",
  imageDigest: "sha256:w1",
  identityReason: "",
};
const reporter = (more: Partial<typeof subject> = {}): FlowReporter => ({
  key: "web",
  pid: 7,
  process: "web",
  executable: "/web",
  fidelity: "kernel",
  subject: { ...subject, ...more },
});

function eventOf(more: Partial<TcpEvent>): TcpEvent {
  return {
    type: "tcp-open",
    timeMs: 1000,
    process: { pid: 7, startMs: 1 },
    comm: "web",
    cgroupId: 1,
    socketId: 1,
    localAddress: "10.0.0.1",
    localPort: 40_000,
    remoteAddress: "10.0.0.5",
    remotePort: 5432,
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
  };
}

let sockets = 0;
/** Another connection each time. */
function open(flows: FlowAggregator, more: Partial<TcpEvent>, by = reporter()): TcpEvent {
  sockets += 1;
  const event = eventOf({ socketId: sockets, localPort: 40_000 + sockets, ...more });
  flows.tcp(event, () => by);
  return event;
}

const destinationOf = (row: Row<"flows"> | undefined) =>
  row === undefined
    ? undefined
    : {
        kind: row.destinationKind,
        workload: row.destinationWorkload,
        pod: row.destinationPod,
        service: row.destinationService,
        digest: row.destinationImageDigest,
        port: row.destinationPort,
        reason: row.destinationReason,
      };

test("a pod dialled by its address: owner, service, digest; the source's own service and digest beside it", () => {
  const { flows } = scene([db1]);
  open(flows, {});
  const [row] = flows.flush(2500);
  assert.deepEqual(destinationOf(row), {
    kind: "Deployment",
    workload: "db",
    pod: "db-1",
    service: "db",
    digest: "sha256:d1",
    port: 5432,
    reason: "",
  });
  assert.deepEqual(
    [row?.sourceService, row?.sourceImageDigest, row?.destinationNamespace],
    ["web", "sha256:w1", "shop"],
  );
});

test("a dialled service: its workload and the port that pods listen on; failed connects too", () => {
  const { flows } = scene([web]);
  open(flows, { remoteAddress: "10.96.0.1", remotePort: 80 });
  open(flows, { type: "tcp-failed", error: 111, remoteAddress: "10.96.0.1", remotePort: 80 });
  const rows = flows.flush(2500);
  assert.equal(rows.length, 2);
  for (const row of rows) {
    assert.deepEqual(
      [row.destinationService, row.destinationWorkload, row.destinationPort, row.destinationAddress],
      ["web", "web", 8080, "10.96.0.1"],
    );
  }
});

test("the destination's report names the source by its address, and its own service for the port", () => {
  const { flows } = scene([db1]);
  const inbound = {
    direction: "inbound",
    localAddress: "10.0.0.1",
    remoteAddress: "10.0.0.5",
    remotePort: 50_000,
  } as const;
  open(flows, { ...inbound, localPort: 8080 });
  open(flows, { ...inbound, localPort: 9090 });
  const rows = flows.flush(2500);
  assert.deepEqual(
    rows.map((row) => [row.reporter, row.sourceWorkload, row.sourcePod, row.destinationService, row.destinationPort]),
    [
      ["destination", "db", "db-1", "web", 8080],
      ["destination", "db", "db-1", "web-1-metrics", 9090],
    ],
  );
});

test("an address that changes hands begins a new row; the old conversation keeps its pod", () => {
  const { book, flows } = scene([db1]);
  const old = open(flows, { timeMs: 1_000_000 });
  assert.equal(flows.flush(1_001_500)[0]?.destinationPod, "db-1");
  const ended = { key: db1.key, atMs: 1_002_000 };
  say(book, { put: [entry("pod", "cache-1", "10.0.0.5", { fromMs: 1_003_000 })], ended: [ended] }, 1_004_000);
  open(flows, { timeMs: 1_010_000 });
  flows.tcp({ ...old, type: "tcp-close", timeMs: 1_010_500, bytesSent: 5 }, () => reporter());
  const rows = flows.flush(1_030_000);
  assert.deepEqual(
    rows.map((row) => [row.destinationPod, row.bytesSent]),
    [
      ["db-1", 5],
      ["cache-1", 0],
    ],
  );
});

test("an identity on its way: the first row waits for it, at most two seconds; without an answer it says why", () => {
  const { book, flows } = scene(undefined);
  say(book, { first: true }, 900);
  open(flows, {});
  open(flows, { remoteAddress: "10.0.0.77" });
  assert.deepEqual(flows.flush(2500), [], "a second is over, but the snapshot is on its way");
  say(book, { put: [db1] }, 2600);
  assert.deepEqual(
    flows.flush(2700).map((row) => row.destinationPod),
    ["db-1"],
  );
  const [unknown] = flows.flush(3000);
  assert.deepEqual(
    [unknown?.destinationKind, unknown?.destinationReason],
    ["Unknown", "the inventory has not arrived yet"],
  );
});

test("a late answer amends later rows, and the next conversation shares them", () => {
  const { book, flows } = scene([entry("pod", "x-1", "10.0.0.9")]);
  const first = open(flows, { bytesSent: 0 });
  assert.equal(flows.flush(3100)[0]?.destinationReason, "not in the inventory (address 10.0.0.5)");
  say(book, { put: [db1] }, 1_000_100);
  flows.flush(3200);
  open(flows, { timeMs: 3300 });
  flows.tcp({ ...first, type: "tcp-close", timeMs: 3400, bytesSent: 7 }, () => reporter());
  const rows = flows.flush(20_000);
  assert.deepEqual(
    rows.map((row) => [row.destinationPod, row.connectionsOpened, row.connectionsClosed, row.bytesSent]),
    [["db-1", 1, 1, 7]],
  );
});

test("waiting does not lose what a window's end finds untold", () => {
  const { book, flows } = scene(undefined);
  say(book, { first: true }, 13_000);
  open(flows, { timeMs: 14_500 });
  assert.deepEqual(flows.flush(15_000), [], "the window ends, the row waits");
  const rows = flows.flush(17_000);
  assert.deepEqual([rows.length, rows[0]?.connectionsOpened], [1, 1]);
});

test("external only outside the cluster; without an inventory everything that is no process of this machine", () => {
  const { flows } = scene([db1]);
  open(flows, { remoteAddress: "93.184.216.34" });
  open(flows, { remoteAddress: "10.0.0.99" });
  assert.deepEqual(
    flows.flush(3100).map((row) => [row.destinationKind, row.destinationReason]),
    [
      ["External", ""],
      ["Unknown", "not in the inventory (address 10.0.0.99)"],
    ],
  );
  const none = scene(undefined);
  say(none.book, { first: true, last: true, inventory: "none" }, 500);
  open(none.flows, { remoteAddress: "10.0.0.99" });
  assert.equal(none.flows.flush(2500)[0]?.destinationKind, "External");
});

test("a process whose owner is not known, in a pod that is: its end goes by its address", () => {
  const { flows } = scene([db1, entry("pod", "api-1", "10.0.0.1")]);
  const nameless = reporter({ workload: "", workloadKind: "Unknown", namespace: "", pod: "", identityReason: "gone" });
  open(flows, {}, nameless);
  const [row] = flows.flush(2500);
  assert.deepEqual([row?.sourceWorkload, row?.sourcePod, row?.sourceReason], ["api", "api-1", ""]);
});

test("merged to workload pairs, other ends of different workloads stay apart and those of one add up", () => {
  const pods = Array.from({ length: 20 }, (_, index) =>
    entry("pod", `${index % 2 === 0 ? "db" : "cache"}-${index}`, `10.0.1.${index}`),
  );
  const { flows } = scene(pods, { rowsPerWindowMax: 8 });
  for (let index = 0; index < 20; index += 1) open(flows, { remoteAddress: `10.0.1.${index}` });
  const rows = flows.drain();
  const merged = rows.filter((row) => row.level === 3);
  assert.deepEqual(merged.map((row) => row.destinationWorkload).toSorted(), ["cache", "db"]);
  assert.equal(
    rows.reduce((sum, row) => sum + row.connectionsOpened, 0),
    20,
  );
  assert.ok(merged.every((row) => row.destinationPod === "" && row.destinationImageDigest === ""));
});

test("however late and in whatever order the answers come, every byte and connection is in exactly one row", () => {
  const step = fc.record({
    host: fc.nat({ max: 8 }),
    socket: fc.nat({ max: 5 }),
    bytes: fc.nat({ max: 1000 }),
    stepMs: fc.nat({ max: 3000 }),
    kind: fc.constantFrom("open" as const, "sample" as const, "failed" as const, "news" as const),
  });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 120 }),
      fc.integer({ min: 1, max: 10 }),
      fc.integer({ min: 1, max: 14 }),
      (steps, rowsPerWindowMax, entriesMax) => {
        let revision = 0;
        const remoteEnd: NonNullable<FlowAggregatorOptions["directory"]>["remoteEnd"] = ({ address, port: asked }) => {
          const host = Number(address.split(".")[3]);
          const isOnItsWay = host > revision % 10;
          const known = {
            namespace: "shop",
            pod: "",
            service: "",
            imageDigest: "",
            reason: "",
            port: asked,
            isOnItsWay,
          };
          if (isOnItsWay) return { ...known, key: "awaited", kind: "Unknown", workload: "", reason: "on its way" };
          return { ...known, key: `w${host % 2}`, kind: "Deployment", workload: `w${host % 2}` };
        };
        const directory = {
          get revision() {
            return revision;
          },
          remoteEnd,
          serviceAt: () => "",
        };
        const flows = createFlowAggregator({
          domainOf: () => "",
          directory,
          rowsPerWindowMax,
          entriesMax,
          conversationsMax: 12,
        });
        const rows: Row<"flows">[] = [];
        let now = 1000;
        let bytes = 0;
        let connections = 0;
        for (const { kind, host, socket, bytes: size, stepMs } of steps) {
          now += stepMs;
          const at = { timeMs: now, remoteAddress: `10.0.1.${host}`, localPort: 40_000 + socket, socketId: socket };
          if (kind === "news") revision += 1;
          else if (kind === "sample")
            flows.tcp({ ...eventOf(at), type: "tcp-sample", bytesSent: size }, () => reporter());
          else flows.tcp({ ...eventOf(at), type: kind === "open" ? "tcp-open" : "tcp-failed" }, () => reporter());
          if (kind === "sample") bytes += size;
          if (kind === "open" || kind === "failed") connections += 1;
          rows.push(...flows.flush(now));
        }
        rows.push(...flows.drain());
        const sum = (of: (row: Row<"flows">) => number) => rows.reduce((total, row) => total + of(row), 0);
        assert.equal(
          sum((row) => row.bytesSent),
          bytes,
        );
        assert.equal(
          sum((row) => row.connectionsOpened + row.connectionsFailed),
          connections,
        );
      },
    ),
    { numRuns: 300 },
  );
});

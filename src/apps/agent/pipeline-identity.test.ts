// The cluster's identities on the agent's rows: over the node's own guess, late, at the time of the event.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { z } from "zod";
import { createAddressBook } from "../../core/directory/address-book.ts";
import type { ContainerDirectory } from "../../core/process/container-directory.ts";
import type { SensorEvent } from "../../core/sense/sensor.ts";
import { IdentitiesMessage, IdentityEntry } from "../../model/identity-entry.ts";
import type { Row, TableName } from "../../model/table.ts";
import { createPipeline } from "./pipeline.ts";
import { createVisibilityBook } from "./visibility.ts";

const containerId = "f75aff467357c5d0ddd47cb7ad87ed38746e018992586ff66198a5c11218f634";
const podUid = "0d6bd1a4-5c3f-4f8e-9d0e-2b1a4c5d6e7f";
const cgroupText = `0::/kubepods/besteffort/pod${podUid}/${containerId}\n`;
const base = { timeMs: 10_000, process: { pid: 7, startMs: 70 }, comm: "app", cgroupId: 5 };
const ends = { localAddress: "10.0.0.1", localPort: 40_000, remoteAddress: "10.0.0.9", remotePort: 80 };

const running: SensorEvent = {
  ...base,
  type: "running",
  parent: { pid: 1, startMs: 0 },
  uid: 0,
  gid: 0,
  capabilities: 0,
  path: "/app",
  arguments: ["app"],
  argumentsCut: false,
  workingDirectory: "/",
};

function firstBytes(direction: "outbound" | "inbound", text: string, timeMs: number): SensorEvent {
  return {
    ...base,
    ...ends,
    type: "first-bytes",
    socketId: 1,
    direction,
    timeMs,
    payload: new Uint8Array(Buffer.from(text)),
  };
}

const exchange = [
  firstBytes("outbound", "GET / HTTP/1.1\r\nHost: db\r\n\r\n", 10_000),
  firstBytes("inbound", "HTTP/1.1 200 OK\r\n\r\n", 10_020),
];

/** The runtime knows the pod and guesses "shop"; the cluster knows better. */
const guessing: ContainerDirectory = {
  lookup: () => ({
    state: "known",
    container: {
      containerId,
      name: "app",
      podName: "shop-1",
      podUid,
      namespace: "shop",
      workload: "shop",
      workloadKind: "Pod",
      image: "shop:1",
      imageDigest: "",
      labels: {},
      isSandbox: false,
    },
  }),
  resolve: () => assert.fail("it is known"),
};

const own: z.input<typeof IdentityEntry> = {
  key: `Pod/${podUid}`,
  kind: "pod",
  addresses: ["10.0.0.1"],
  namespace: "shop",
  workload: "checkout",
  workloadKind: "Deployment",
  pod: "shop-1",
  podUid,
  services: ["checkout", "old-checkout"],
  containers: [{ name: "app", containerId: `containerd://${containerId}`, image: "shop:1", imageDigest: "sha256:abc" }],
  fromMs: 1,
};
const other: z.input<typeof IdentityEntry> = {
  ...own,
  key: "Pod/o",
  addresses: ["10.0.0.9"],
  workload: "db",
  pod: "db-1",
  podUid: "o",
  services: ["db"],
  containers: [],
};

function scene(containers: ContainerDirectory | undefined) {
  const pushed: { table: TableName; row: unknown }[] = [];
  const visibility = createVisibilityBook("local");
  visibility.apply([
    {
      apiVersion: "garrison/v1",
      kind: "Visibility",
      scope: "global",
      name: "v",
      spec: { http: true },
      generation: 1,
      author: "me",
      time: new Date(0).toISOString(),
      deleted: false,
    },
  ]);
  const book = createAddressBook({ createdMs: 9000 });
  const pipeline = createPipeline({
    machine: { bootId: "12345678-0000", bootTimeMs: 1000 },
    fidelity: "kernel",
    windowMs: 15_000,
    rowsPerWindowMax: 1000,
    visibility,
    containers,
    containersBecause: "runtime socket not found",
    book,
    readCgroup: () => ({ text: cgroupText }),
    outbox: { push: (table, row) => void pushed.push({ table, row }) },
  });
  const say = (more: Partial<z.input<typeof IdentitiesMessage>>, nowMs = 10_000) => {
    book.apply(
      IdentitiesMessage.parse({ type: "identities", first: false, last: false, put: [], ended: [], ...more }),
      nowMs,
    );
    pipeline.identitiesCame();
  };
  const rows = <Name extends TableName>(table: Name) =>
    pushed.filter((one) => one.table === table).map((one) => one.row as Row<Name>);
  return { pipeline, book, say, rows };
}

const columns = (row: Row<"process_events"> | Row<"http_events"> | undefined) =>
  row && [row.namespace, row.workload, row.workloadKind, row.service, row.pod, row.imageDigest, row.identityReason];
const refined = ["shop", "checkout", "Deployment", "checkout", "shop-1", "sha256:abc", ""];
const guessed = ["shop", "shop", "Pod", "", "shop-1", "", ""];

test("the cluster's owner, service and digest stand over the node's guess", () => {
  const { pipeline, say, rows } = scene(guessing);
  say({ first: true, last: true, put: [own] });
  pipeline.take([running]);
  assert.deepEqual(columns(rows("process_events")[0]), refined);
});

test("without a runtime the cgroup's pod is enough", () => {
  const { pipeline, say, rows } = scene(undefined);
  say({ first: true, last: true, put: [own] });
  pipeline.take([running]);
  const [row] = rows("process_events");
  assert.deepEqual(columns(row), refined);
  assert.deepEqual([row?.container, row?.image], ["app", "shop:1"]);
});

test("a row waits for the snapshot, goes when its pod comes, and at the latest after two seconds as the node knows it", () => {
  const { pipeline, say, rows } = scene(guessing);
  say({ first: true });
  pipeline.take([running]);
  pipeline.tick(11_000);
  assert.deepEqual(rows("process_events"), []);
  say({ put: [other] });
  assert.deepEqual(rows("process_events"), [], "another's entry is no answer");
  say({ put: [own] });
  assert.deepEqual(columns(rows("process_events")[0]), refined);

  const never = scene(guessing);
  never.say({ first: true });
  never.pipeline.take([running]);
  never.pipeline.tick(12_000);
  assert.deepEqual(columns(never.rows("process_events")[0]), guessed);
  never.pipeline.take([{ ...base, type: "exit", exitCode: 0, signal: 0, timeMs: 12_500 }]);
  assert.equal(never.rows("process_events").length, 2, "nobody waits for a pod that has been waited for");
  never.say({ put: [own] });
  never.pipeline.take([{ ...running, process: { pid: 8, startMs: 80 }, timeMs: 13_000 }]);
  assert.deepEqual(columns(never.rows("process_events")[2]), refined, "what comes late is used from then on");
});

test("nobody waits where no inventory is kept, or long after the start without a word of the server", () => {
  const none = scene(guessing);
  none.say({ first: true, last: true, inventory: "none" });
  none.pipeline.take([running]);
  assert.deepEqual(columns(none.rows("process_events")[0]), guessed);
  const away = scene(guessing);
  away.pipeline.take([{ ...running, timeMs: 20_000 }]);
  assert.deepEqual(columns(away.rows("process_events")[0]), guessed);
});

test("the other end of an exchange: who had the address, waited for when it is on its way, or why not", () => {
  const peerOf = (row: Row<"http_events"> | undefined) =>
    row && [row.peerNamespace, row.peerWorkload, row.peerKind, row.peerService, row.peerPod, row.peerReason];
  const { pipeline, say, rows } = scene(guessing);
  say({ first: true, put: [own] });
  pipeline.take([running, ...exchange]);
  assert.deepEqual(rows("http_events"), []);
  say({ put: [other], last: true });
  assert.deepEqual(peerOf(rows("http_events")[0]), ["shop", "db", "Deployment", "db", "db-1", ""]);
  assert.deepEqual(columns(rows("http_events")[0]), refined);

  const unknown = scene(guessing);
  unknown.say({ first: true, last: true, put: [own] });
  unknown.pipeline.take([running, ...exchange]);
  unknown.pipeline.tick(13_000);
  assert.deepEqual(peerOf(unknown.rows("http_events")[0])?.slice(2), [
    "Unknown",
    "",
    "",
    "not in the inventory (address 10.0.0.9)",
  ]);
});

test("an exchange with a dialled service: its workload, and the port that its pods answer on", () => {
  const { pipeline, say, rows } = scene(guessing);
  const service = {
    ...other,
    key: "Service/s",
    kind: "service" as const,
    pod: "",
    podUid: "",
    ports: [{ protocol: "TCP", port: 80, targetPort: 8080 }],
  };
  say({ first: true, last: true, put: [own, service] });
  pipeline.take([running, ...exchange]);
  const [row] = rows("http_events");
  assert.deepEqual(
    [row?.peerWorkload, row?.peerService, row?.peerPod, row?.port, row?.peerPort],
    ["db", "db", "", 8080, 80],
  );
});

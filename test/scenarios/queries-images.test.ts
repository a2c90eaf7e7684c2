// What images are asked of telemetry, against a real store process with planted rows: files in use by image, workloads reached from outside.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { manualClock } from "../../src/base/clock.ts";
import { createQueries } from "../../src/edge/store/queries/create-queries.ts";
import type { Queries } from "../../src/edge/store/queries/queries.ts";
import { minute, nowMs, subject } from "../support/queries-world.ts";
import { type ScratchStore, startScratchStore } from "../support/scratch-store.ts";

let store: ScratchStore;
let queries: Queries;

const mapped = {
  ...subject,
  time: nowMs - 30 * minute,
  ingest: 1,
  action: "mapped",
  path: "/usr/lib/libz.so.1",
  containerId: "c1",
  image: "shop.example/web:1",
  imageDigest: "sha256:a",
  namespace: "shop",
  workload: "web",
  executable: "/usr/sbin/nginx",
  process: "nginx",
  count: 1,
};
const flow = {
  ...subject,
  time: nowMs - 20 * minute,
  ingest: 2,
  reporter: "destination",
  verdict: "allow",
  protocol: "tcp",
  sourceKind: "External",
  destinationKind: "Deployment",
  destinationNamespace: "shop",
  destinationWorkload: "web",
  destinationPort: 443,
  connectionsOpened: 3,
};

before(async () => {
  store = await startScratchStore();
  await store.insert("file_events", [
    mapped,
    { ...mapped, time: nowMs - 10 * minute, containerId: "c2" },
    { ...mapped, path: "/usr/bin/curl", executable: "/usr/bin/curl" },
    // No container, another action, another day: not of an image's use.
    { ...mapped, containerId: "", path: "/host" },
    { ...mapped, action: "open", path: "/etc/passwd" },
    { ...mapped, time: nowMs - 26 * 60 * minute, path: "/old" },
  ]);
  await store.insert("flows", [
    flow,
    { ...flow, sourceKind: "Deployment", sourceNamespace: "shop", sourceWorkload: "web", destinationWorkload: "db" },
    // Denied ones reach nobody.
    { ...flow, verdict: "deny", destinationWorkload: "admin" },
  ]);
  queries = createQueries({ store: store.store, clock: manualClock(nowMs) });
});

after(() => store[Symbol.asyncDispose]());

test("files in use, by image: each path once with its containers; who was looked at and when", async () => {
  const use = await queries.imageUse({ since: "24h" });
  assert.deepEqual(
    use.files
      .map(({ path, containers, usedBy }) => [path, containers, usedBy] as const)
      .toSorted(([left], [right]) => (left < right ? -1 : 1)),
    [
      ["/usr/bin/curl", 1, "/usr/bin/curl"],
      ["/usr/lib/libz.so.1", 2, "/usr/sbin/nginx"],
    ],
  );
  assert.deepEqual(use.seen, [
    {
      digest: "sha256:a",
      name: "shop.example/web:1",
      containers: 2,
      firstMs: nowMs - 30 * minute,
      lastMs: nowMs - 10 * minute,
    },
  ]);
  assert.equal(use.partialBecause, "");
});

test("reached from outside, seen from inside only, and refused", async () => {
  const { workloads } = await queries.reachedWorkloads({ since: "24h" });
  assert.deepEqual(
    workloads
      .map(({ namespace, workload, fromOutside }) => [namespace, workload, fromOutside] as const)
      .toSorted(([, left], [, right]) => (left < right ? -1 : 1)),
    [
      ["shop", "admin", false],
      ["shop", "db", false],
      ["shop", "web", true],
    ],
  );
});

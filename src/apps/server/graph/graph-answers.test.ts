// What the graph takes from inventories: only of clusters that were asked for, and no count where pods were not looked at.
import assert from "node:assert/strict";
import { test } from "node:test";
import { flowSums } from "../../../../test/support/graph-sums.ts";
import { emptyQueries } from "../../../../test/support/test-server.ts";
import { createInventory } from "../../../core/inventory/inventory.ts";
import type { Found } from "../../../core/inventory/parse/parse-object.ts";
import type { GraphSums, InventoryAsOf, InventoryAsOfRequest } from "../../../edge/store/queries/queries.ts";
import type { Cluster } from "../../../model/cluster.ts";
import { Pod } from "../../../model/inventory.ts";
import { type DraftRequest, draftGraph, type GraphParts, inventoryLimits } from "./graph-answers.ts";
import { overviewOf, type OverviewParts } from "./overview.ts";

const nowMs = 10_000_000;

function pod(index: number, workload = "db"): Pod {
  const common = {
    cluster: "c",
    namespace: "shop",
    labels: {},
    annotations: {},
    createdAt: "2026-11-25T10:00:00.000Z",
  };
  return Pod.parse({
    ...common,
    kind: "Pod",
    uid: `u${index}`,
    name: `db-${index}`,
    workload,
    workloadKind: "StatefulSet",
    phase: "Running",
    ready: true,
  });
}

function foundOf(object: Pod): Found {
  return { object, owner: { kind: "StatefulSet", name: object.workload, uid: object.workload } };
}

function cluster(name: string): Cluster {
  const common = { simulated: false, because: "", source: "", version: "", gaps: [], objectsRefused: {} };
  const counts = { nodes: 0, namespaces: 0, workloads: 0, services: 0, pods: 0, podsNotReady: 0 };
  return { ...common, name, state: "connected", counts, coverage: { machines: 0, covered: 0 } } as unknown as Cluster;
}

interface World {
  readonly clusters?: readonly string[];
  readonly gap?: string;
  readonly untilMs?: number;
  readonly inventoryAsOf?: (request: InventoryAsOfRequest) => InventoryAsOf;
}

function partsOf({ clusters = ["c"], gap = "", untilMs = nowMs, inventoryAsOf }: World) {
  const asked: InventoryAsOfRequest[] = [];
  const viewed: string[] = [];
  const sums: GraphSums = {
    flows: [flowSums()],
    http: [],
    usual: [],
    lookedAt: { sinceMs: 0, untilMs },
    window: { since: "", until: "", partial: false, partialBecause: "", gaps: [] },
  };
  const queries = emptyQueries({
    graphSums: async () => sums,
    inventoryAsOf: async (request) => {
      asked.push(request);
      return inventoryAsOf?.(request) ?? { objects: [], total: 0, because: "" };
    },
    overviewNumbers: async () => ({ warnings: [], detections: [], events: [], notCounted: [] }),
  });
  const parts: GraphParts = {
    queries,
    clusters: {
      list: async () => clusters.map(cluster),
      view: (name) => {
        viewed.push(name);
        const inventory = createInventory(name);
        inventory.replace("Pod", [pod(1), pod(2), pod(3, "idle")].map(foundOf), nowMs);
        return inventory;
      },
      gapOf: () => gap,
    },
    clock: { nowMs: () => nowMs },
  };
  return { parts, asked, viewed };
}

const request: DraftRequest = { q: "", level: "workload", idle: "none" };

async function endpointsOf(world: World, name = "db", more: Partial<DraftRequest> = {}) {
  const { draft } = await draftGraph(partsOf(world).parts, { ...request, ...more });
  return [...draft.vertices.values()].find((vertex) => vertex.name === name)?.endpoints;
}

test("pods that are not read are not counted as none", async () => {
  assert.equal(await endpointsOf({}), 2);
  assert.equal(await endpointsOf({ gap: "it has not been listed yet" }), undefined);
  assert.equal(await endpointsOf({ gap: "pods: forbidden" }), undefined);
});

test("the overview says of which clusters readiness was not looked at", async () => {
  const look = async (gap: string) => {
    const others = {
      state: { agents: { list: async () => [] } },
      losses: { look: async () => ({ losses: [], gapsUnknown: "" }) },
    };
    const parts = { ...partsOf({ gap }).parts, ...others } as unknown as OverviewParts;
    return (await overviewOf(parts, { q: "" })).notLooked;
  };
  assert.deepEqual(await look(""), []);
  assert.deepEqual(await look("pods: forbidden"), [{ about: "workload", because: "c: pods: forbidden" }]);
});

test("idle workloads hold the filter, and inventories are asked only where the answer may need them", async () => {
  const drawn = async (q: string) => {
    const { parts, viewed } = partsOf({ clusters: ["c", "d"] });
    const { draft } = await draftGraph(parts, { ...request, q, idle: "workloads" });
    const idle = [...draft.vertices.values()].filter(({ name }) => name === "idle").map((vertex) => vertex.cluster);
    return [idle, viewed];
  };
  assert.deepEqual(await drawn(""), [
    ["c", "d"],
    ["c", "d"],
  ]);
  assert.deepEqual(await drawn("cluster:c"), [["c"], ["c"]]);
  assert.deepEqual(await drawn("namespace:bank"), [[], ["c", "d"]]);
  assert.deepEqual(await drawn("workload:idle cluster:d"), [["d"], ["c", "d"]], "c has traffic in the answer");
  const { parts, viewed } = partsOf({ clusters: ["c", "d"] });
  await draftGraph(parts, request);
  assert.deepEqual(viewed, ["c"]);
});

test("counts of a past time: by pages of rows, and none when the store could not say all", async () => {
  const untilMs = nowMs - inventoryLimits.currentMs - 1;
  const rows = inventoryLimits.pastPageRows;
  const total = rows + 5;
  const page = ({ offset }: InventoryAsOfRequest, because = ""): InventoryAsOf => ({
    // One row of the first page cannot be read.
    objects:
      offset === 0
        ? Array.from({ length: rows - 1 }, (_, index) => pod(index))
        : [0, 1, 2, 3, 4].map((index) => pod(rows + index)),
    total,
    because,
  });
  const { parts, asked } = partsOf({ clusters: ["c", "d"], untilMs, inventoryAsOf: page });
  const { draft } = await draftGraph(parts, request);
  assert.deepEqual(
    asked.map(({ cluster: of, offset }) => [of, offset]),
    [
      ["c", 0],
      ["c", rows],
    ],
  );
  assert.equal([...draft.vertices.values()].find(({ name }) => name === "db")?.endpoints, total - 1);
  const because = "the inventory is not whole";
  assert.equal(await endpointsOf({ untilMs, inventoryAsOf: (one) => page(one, because) }), undefined);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cluster } from "../../model/cluster.ts";
import { Attention } from "../../model/graph.ts";
import { parseFilter } from "../filter/parse.ts";
import { counts, end, flowSums } from "../../../test/support/graph-sums.ts";
import { attention, attentionLimits, type AttentionInput } from "./attention.ts";
import type { EventSum } from "./attention-workloads.ts";
import { noInventory } from "./project.ts";
import { reconcile } from "./reconcile.ts";
import { serviceGraph } from "./service-graph.ts";

const wide = { verticesMax: 2000, open: new Set<string>(), openedMax: 2000 };
const graphOf = (rows: Parameters<typeof reconcile>[0]) =>
  serviceGraph(reconcile(rows, []), { level: "service", inventory: noInventory, idle: "none", ...wide });

const calm: AttentionInput = {
  graph: graphOf([flowSums()]),
  workloads: [],
  warnings: [],
  detections: [],
  clusters: [],
  nodes: [],
  losses: [],
};

const event: EventSum = {
  cluster: "c",
  namespace: "shop",
  workload: "web",
  workloadKind: "Deployment",
  reason: "BackOff",
  severity: "",
  text: "Back-off restarting failed container",
  count: 4,
  firstMs: 0,
  lastMs: 1000,
};

const cluster: Cluster = {
  name: "prod",
  simulated: false,
  state: "connected",
  because: "",
  source: "kubeconfig",
  version: "v1.36.3",
  gaps: [],
  objectsRefused: {},
  counts: { nodes: 3, namespaces: 1, workloads: 1, services: 1, pods: 3, podsNotReady: 0 },
  coverage: { nodesWithAgent: 3, nodesSeeing: 3 },
};

const web = { cluster: "c", namespace: "shop", kind: "Deployment", name: "web", services: [] } as const;
const failing = flowSums({ atSource: counts({ failed: 10 }) });
const gap = { resource: "pods", state: "forbidden", because: "forbidden", since: "2026-11-25T10:00:00Z" } as const;
const node = { cluster: "prod", name: "n1", state: "connected", fidelity: "kernel", fidelityBecause: "" } as const;

const cases: readonly (readonly [string, Partial<AttentionInput>, readonly string[]])[] = [
  ["nothing is wrong", {}, []],
  ["an edge", { graph: graphOf([failing]) }, ["high: web to db: 100 % of connections failed (10 of 10)"]],
  [
    "two callers of one destination are one thing",
    { graph: graphOf([failing, flowSums({ source: end({ workload: "cron" }), atSource: counts({ failed: 8 }) })]) },
    ["high: web and 1 more caller to db: 100 % of connections failed (10 of 10)"],
  ],
  [
    "pods and warnings of one workload are one thing",
    {
      workloads: [{ ...web, endpoints: 3, endpointsNotReady: 1 }],
      warnings: [event, { ...event, reason: "Unhealthy", count: 1 }],
    },
    ["medium: web: 1 of 3 pods not ready, BackOff (4 times), Unhealthy"],
  ],
  ["all pods", { workloads: [{ ...web, endpoints: 1, endpointsNotReady: 1 }] }, ["high: web: 1 of 1 pods not ready"]],
  [
    "a reason that somebody made up",
    { warnings: [{ ...event, workload: "", reason: "Odd" }] },
    ["low: c: Odd (4 times)"],
  ],
  [
    "a detection comes first",
    { graph: graphOf([failing]), detections: [{ ...event, reason: "shell", severity: "critical", text: "A shell" }] },
    ["critical: A shell", "high: web to db: 100 % of connections failed (10 of 10)"],
  ],
  ["a cluster as it should be", { clusters: [cluster], nodes: [node] }, []],
  ["only agents", { clusters: [{ ...cluster, state: "agents-only", because: "no API" }] }, []],
  ["stale", { clusters: [{ ...cluster, state: "stale", because: "no answer" }] }, ["high: cluster prod is stale"]],
  ["forbidden", { clusters: [{ ...cluster, gaps: [gap] }] }, ["medium: cluster prod: pods cannot be read"]],
  ["an API that is not there", { clusters: [{ ...cluster, gaps: [{ ...gap, state: "absent" }] }] }, []],
  [
    "nodes without agent",
    { clusters: [{ ...cluster, coverage: { nodesWithAgent: 1, nodesSeeing: 1 } }] },
    ["medium: cluster prod: 2 of 3 nodes have no agent"],
  ],
  [
    "a silent agent",
    { clusters: [cluster], nodes: [{ ...node, state: "stale" }] },
    ["high: cluster prod: 1 agent silent"],
  ],
  [
    "polling",
    { clusters: [cluster], nodes: [{ ...node, fidelity: "polled" }] },
    ["low: cluster prod: 1 agent without the kernel's view"],
  ],
  [
    "a clock",
    { clusters: [{ ...cluster, clockAheadMs: -3_600_000 }] },
    ["medium: cluster prod: its clock is 60 minutes behind ours"],
  ],
  ["losses", { losses: ["agent a lost 5 rows in the last hour"] }, ["medium: agent a lost 5 rows in the last hour"]],
];

for (const [name, input, expected] of cases) {
  test(`attention: ${name}`, () => {
    const { items } = attention({ ...calm, ...input });
    assert.deepEqual(
      items.map(({ severity, title }) => `${severity}: ${title}`),
      expected,
    );
    for (const item of items) {
      Attention.parse(item);
      assert.match(item.link.screen, /^\/(graph|events|detections|health|clusters\/|workloads\/)/);
      parseFilter(item.link.search["q"] ?? "");
    }
    assert.equal(new Set(items.map(({ id }) => id)).size, items.length, "each thing once");
  });
}

test("names of any kind are safe in a link", () => {
  const odd = 'a "b" \\ c:d';
  const { items } = attention({
    ...calm,
    detections: [{ ...event, workload: odd, reason: odd }],
    warnings: [{ ...event, workload: odd }],
  });
  for (const { link } of items) parseFilter(link.search["q"] ?? "");
  assert.ok(items.some(({ link }) => link.screen === `/workloads/c/shop/Deployment/${encodeURIComponent(odd)}`));
});

test("beyond the cap the rest is counted", () => {
  const detections = Array.from({ length: 70 }, (_, index) => ({ ...event, reason: `rule-${index}`, severity: "low" }));
  const { items, omitted } = attention({ ...calm, detections });
  assert.deepEqual([items.length, omitted], [attentionLimits.itemsMax, 70 - attentionLimits.itemsMax]);
});

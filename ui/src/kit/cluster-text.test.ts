import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cluster } from "../../../src/model/cluster.ts";
import { clockText, coverageOf, isClockOff, partOf, shortSource, shortVersion } from "./cluster-text.ts";

test("a clock is compared in words; unknown stays unknown", () => {
  for (const [ms, text, off] of [
    [undefined, undefined, false],
    [0, "agrees", false],
    [-1999, "agrees", false],
    [3_612_000, "1 h ahead", true],
    [-3000, "3 s behind", true],
  ] as const)
    assert.deepEqual([clockText(ms), isClockOff(ms)], [text, off]);
});

function cluster(given: Partial<Cluster>): Cluster {
  return {
    name: "a",
    simulated: false,
    state: "connected",
    because: "",
    source: "",
    version: "",
    gaps: [],
    objectsRefused: {},
    coverage: { nodesWithAgent: 0, nodesSeeing: 0 },
    ...given,
  };
}

const counts = { nodes: 3, namespaces: 1, workloads: 2, services: 1, pods: 10, podsNotReady: 2 };

test("coverage adds up what is known and names what is not", () => {
  const gap = { resource: "pods", state: "forbidden", because: "x", since: "2026-11-25T00:00:00.000Z" } as const;
  const sums = coverageOf([
    cluster({ counts, coverage: { nodesWithAgent: 2, nodesSeeing: 2, podsCovered: 7 } }),
    cluster({ name: "b", state: "refused", gaps: [gap] }),
    cluster({ name: "d", state: "agents-only" }),
    cluster({ name: "c", counts, coverage: { nodesWithAgent: 5, nodesSeeing: 5, podsCovered: 10 } }),
  ]);
  assert.deepEqual(sums, {
    clusters: 3,
    clustersCurrent: 2,
    nodes: 6,
    nodesSeeing: 5,
    pods: 20,
    podsCovered: 17,
    podsNotReady: 4,
    gaps: 1,
    unknown: ["b", "d"],
  });
  assert.deepEqual(partOf(5, 6), { text: "5 of 6", isWhole: false });
  assert.deepEqual(partOf(6, 6), { text: "6 of 6", isWhole: true });
});

test("sources and versions are short in a list", () => {
  assert.deepEqual(["in-cluster", "kubeconfig /a/b/ops.yaml", "kubeconfig ops.yaml", ""].map(shortSource), [
    "in-cluster",
    "kubeconfig ops.yaml",
    "kubeconfig ops.yaml",
    "",
  ]);
  assert.deepEqual(["v1.36.3+garrison.simulated", "v1.36.3", ""].map(shortVersion), ["v1.36.3", "v1.36.3", ""]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { ResourceStatus } from "../../../model/resource.ts";
import { judgingIn } from "./baseline-kept.ts";

const held = { scope: "cluster/c", name: "web" };

function said(cluster: string, node: string, over: object = {}) {
  const status = { kind: "Baseline", ...held, generation: 1, state: "applied", because: "", ...over };
  return { ...ResourceStatus.parse(status), cluster, node };
}

test("a node judges by a baseline when it took it: not one that refused, nor one of another cluster", async () => {
  const all = [
    said("c", "a"),
    said("c", "b"),
    said("c", "refuses", { state: "refused" }),
    said("c", "a", { name: "other" }),
    said("d", "a"),
  ];
  const statusesIn = async (kind: string, cluster: string) =>
    all.filter((each) => each.kind === kind && each.cluster === cluster);
  const judging = await judgingIn({ resources: { statusesIn } }, ["c", "c", "e"]);
  assert.deepEqual([judging("c", held), judging("d", held), judging("e", held), judging("c", undefined)], [2, 0, 0, 0]);
});

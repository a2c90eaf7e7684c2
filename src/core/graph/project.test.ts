// Workloads that nobody talked to: which are drawn, and that nothing is counted twice.
import assert from "node:assert/strict";
import { test } from "node:test";
import { end, flowSums } from "../../../test/support/graph-sums.ts";
import { type GraphInventory, type InventoryWorkload, project } from "./project.ts";
import { reconcile } from "./reconcile.ts";

function workload(name: string, over: Partial<InventoryWorkload> = {}): InventoryWorkload {
  const base = { cluster: "c", namespace: "shop", kind: "Deployment", services: [], endpointsNotReady: 0 } as const;
  return { ...base, name, endpoints: 2, ...over };
}

function inventory(...workloads: InventoryWorkload[]): GraphInventory {
  return { known: new Set(["c"]), simulated: new Set(), workloads };
}

const named = { source: end({ pod: "web-1" }), destination: end({ workload: "db", kind: "StatefulSet", pod: "" }) };

test("idle workloads are those that were asked for, and what is drawn still counts all that is in it", () => {
  const known = inventory(workload("web"), workload("idle"), workload("other", { namespace: "bank" }));
  const options = {
    inventory: known,
    idle: "workloads",
    isIdleAsked: ({ name }: InventoryWorkload) => name === "idle",
  } as const;
  const { vertices } = project([], { ...options, level: "workload" });
  assert.deepEqual(
    [...vertices.values()].map(({ name }) => name),
    ["idle"],
  );
  const spaces = [...project([], { ...options, level: "namespace" }).vertices.values()];
  assert.deepEqual(
    spaces.map(({ name, workloads, endpoints }) => [name, workloads, endpoints]),
    [["shop", 2, 4]],
  );
});

test("a workload whose pods are drawn is not drawn and counted a second time", () => {
  const flows = [flowSums(named), flowSums({ ...named, source: end({ workload: "api", pod: "" }) })];
  flows.push(flowSums({ ...named, source: end({ workload: "api", pod: "api-1" }) }));
  const known = inventory(workload("web"), workload("api"), workload("db", { kind: "StatefulSet" }), workload("idle"));
  const { vertices } = project(reconcile(flows, []), { level: "endpoint", inventory: known, idle: "workloads" });
  const counted = [...vertices.values()].map(({ kind, name, endpoints }) => [kind, name, endpoints] as const);
  assert.deepEqual(
    counted.toSorted(([, one], [, other]) => (one < other ? -1 : 1)),
    [
      // Flows without a pod's name: how many pods they are of is not known.
      ["workload", "api", undefined],
      ["endpoint", "api-1", 1],
      ["workload", "db", 2],
      ["workload", "idle", 2],
      ["endpoint", "web-1", 1],
    ],
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClusterMachine } from "../../../../src/model/cluster.ts";
import { ClusterNode } from "../../../../src/model/inventory.ts";
import { isSeen, nodeProblem } from "./node-text.ts";
import { AgentCounters } from "../../../../src/model/node.ts";

function node(
  ready: ClusterNode["ready"] | undefined,
  agent: Partial<ClusterMachine["agent"]> | undefined,
): ClusterMachine {
  return {
    cluster: "c",
    name: "n",
    ...(ready === undefined
      ? {}
      : { kubernetes: ClusterNode.parse({ kind: "Node", cluster: "c", name: "n", uid: "u", ready }) }),
    ...(agent === undefined
      ? {}
      : {
          agent: {
            state: "connected",
            fidelity: "kernel",
            fidelityBecause: "",
            version: "",
            lastSeenAt: "2026-11-25T00:00:00.000Z",
            lagMs: 0,
            counters: AgentCounters.parse({}),
            notSeen: [],
            ...agent,
          },
        }),
  };
}

test("a node is seen by a connected agent with the kernel's view; trouble is either side's", () => {
  for (const [ready, agent, seen, problem] of [
    ["True", {}, true, false],
    ["True", { fidelity: "simulated" }, true, false],
    ["True", { fidelity: "polled" }, false, false],
    ["True", undefined, false, true],
    ["False", {}, true, true],
    ["Unknown", {}, true, true],
    [undefined, {}, true, false],
    [undefined, { state: "stale" }, false, true],
  ] as const) {
    const given = node(ready, agent);
    assert.deepEqual([isSeen(given), nodeProblem(given)], [seen, problem], JSON.stringify([ready, agent]));
  }
});

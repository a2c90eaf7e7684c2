import assert from "node:assert/strict";
import { test } from "node:test";
import { Pod, WorkloadObject } from "../../../../src/model/inventory.ts";
import type { Health } from "../../../../src/model/graph.ts";
import { workloadHealth } from "./workload-health.ts";

const base = { cluster: "c", name: "p", uid: "u" };

function pod(ready: boolean, restarts = 0) {
  const container = {
    name: "a",
    ready,
    restarts,
    ...(ready ? {} : { state: "waiting", stateReason: "CrashLoopBackOff" }),
  };
  return {
    pod: Pod.parse({
      ...base,
      kind: "Pod",
      workload: "w",
      workloadKind: "Deployment",
      phase: "Running",
      ready,
      containers: [container],
    }),
  };
}

const gone = { ...pod(false), endedAt: "2026-11-25T00:00:00.000Z" };
const ok: Health = { state: "ok", because: [] };
const slow: Health = { state: "degraded", because: ["slow"] };
const broken: Health = { state: "failing", because: ["refused"] };
const none: Health = { state: "unknown", because: ["no traffic of it was seen in this window"] };

test("pods and traffic together: the worse one speaks, and what is not known is said", () => {
  const crash = (bad: number, of: number): string =>
    `${bad} of ${of} pods ${bad === 1 ? "is" : "are"} not ready: CrashLoopBackOff, 14 restarts`;
  for (const [traffic, pods, expected] of [
    [ok, [], ok],
    [undefined, [], none],
    [ok, [pod(true), pod(true)], ok],
    [slow, [pod(true)], slow],
    [ok, [pod(true), pod(false, 14), gone], { state: "degraded", because: [crash(1, 2)] }],
    [slow, [pod(true), pod(false, 14)], { state: "degraded", because: [crash(1, 2), "slow"] }],
    [broken, [pod(true), pod(false, 14)], { state: "failing", because: ["refused"] }],
    [slow, [pod(false), pod(false, 14)], { state: "failing", because: [crash(2, 2)] }],
    [undefined, [pod(true)], { state: "ok", because: ["its pod is ready", ...none.because] }],
  ] as const)
    assert.deepEqual(workloadHealth(traffic, { pods: [...pods] }, ""), expected);
});

test("replicas that were never made count as not ready", () => {
  const workload = WorkloadObject.parse({ ...base, kind: "Deployment", replicasDesired: 3 });
  assert.deepEqual(workloadHealth(ok, { pods: [], workload }, ""), {
    state: "failing",
    because: ["3 of 3 pods are not ready"],
  });
  assert.deepEqual(workloadHealth(undefined, undefined, "The store is away.").because, ["The store is away."]);
});

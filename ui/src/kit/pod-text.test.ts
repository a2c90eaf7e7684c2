import assert from "node:assert/strict";
import { test } from "node:test";
import { Container, Pod } from "../../../src/model/inventory.ts";
import {
  containerStateText,
  environmentSources,
  isPodWell,
  labelsText,
  podRestarts,
  podStateText,
  shortDigest,
} from "./pod-text.ts";

function pod(given: Record<string, unknown>): Pod {
  const base = { kind: "Pod", cluster: "c", name: "p", uid: "u", workload: "w", workloadKind: "Deployment" };
  return Pod.parse({ ...base, phase: "Running", ...given });
}

test("a pod's state is its first trouble", () => {
  for (const [given, text, well] of [
    [{ ready: true }, "ready", true],
    [{ ready: true, deletingAt: "2026-11-25T00:00:00.000Z" }, "ending", false],
    [{ phase: "Succeeded" }, "done", true],
    [{ phase: "Failed", reason: "Evicted" }, "Evicted", false],
    [{ phase: "Pending" }, "pending", false],
    [{ phase: "" }, "not known", false],
    [{ containers: [{ name: "a", state: "running" }] }, "not ready", false],
    [
      {
        containers: [
          { name: "i", isInit: true, state: "terminated", stateReason: "Completed" },
          { name: "a", state: "waiting", stateReason: "CrashLoopBackOff", restarts: 3 },
        ],
      },
      "CrashLoopBackOff",
      false,
    ],
  ] as const) {
    const parsed = pod(given);
    assert.deepEqual([podStateText(parsed), isPodWell(parsed)], [text, well]);
  }
  assert.equal(
    podRestarts(
      pod({
        containers: [
          { name: "a", restarts: 3 },
          { name: "b", restarts: 2 },
        ],
      }),
    ),
    5,
  );
});

test("containers, labels, digests and sources of variables in words", () => {
  const container = (given: Record<string, unknown>): Container => Container.parse({ name: "a", ...given });
  assert.equal(containerStateText(container({ state: "running" })), "running");
  assert.equal(
    containerStateText(container({ state: "waiting", stateReason: "ImagePullBackOff" })),
    "waiting: ImagePullBackOff",
  );
  assert.equal(
    containerStateText(container({ state: "terminated", stateReason: "Error", exitCode: 2 })),
    "terminated: Error, exit 2",
  );
  assert.equal(containerStateText(container({ state: "terminated", exitCode: 0 })), "terminated: exit 0");
  assert.equal(labelsText({ app: "web", tier: "front" }), "app=web, tier=front");
  assert.equal(shortDigest(`sha256:${"0badcafe".repeat(8)}`), "sha256:0badcafe0bad");
  assert.equal(shortDigest(""), "");
  const environment = [
    { name: "A", from: "literal" },
    { name: "B", from: "secret", reference: "db" },
    { name: "C", from: "unset" },
  ];
  assert.deepEqual(environmentSources(container({ environment })), [
    { name: "A", text: "a value in the object, not read" },
    { name: "B", text: "secret db" },
    { name: "C", text: "not set" },
  ]);
});

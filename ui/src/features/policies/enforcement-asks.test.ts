// Who waits for a person: refused changes, changes that take themselves back, broken glass; nobody who was answered, or tells of older settings.
import assert from "node:assert/strict";
import { test } from "node:test";
import { asksOf } from "./enforcement-asks.ts";

type Resources = Parameters<typeof asksOf>[0];

function settings(spec: Record<string, unknown>, enforcement: Record<string, unknown>, generation = 2): Resources {
  const status = {
    kind: "Enforcement",
    scope: "cluster/c",
    name: "default",
    generation: 2,
    state: "applied",
    because: "why",
  };
  const resource = {
    apiVersion: "garrison/v1",
    kind: "Enforcement",
    scope: "cluster/c",
    name: "default",
    spec,
    generation,
    author: "a",
    time: "2026-11-25T00:00:00.000Z",
    deleted: false,
    status: [
      {
        ...status,
        cluster: "c",
        node: "n1",
        enforcement: { digest: "d1", policyGeneration: 0, endpoints: 0, problems: [], ...enforcement },
      },
    ],
  };
  return [resource] as unknown as Resources;
}

test("a refused change asks until it was confirmed", () => {
  assert.deepEqual(
    asksOf(settings({}, { state: "refused" }), "c").map(({ kind, node, digest }) => [kind, node, digest]),
    [["refused", "n1", "d1"]],
  );
  assert.deepEqual(asksOf(settings({ confirm: "d1" }, { state: "refused" }), "c"), []);
  assert.deepEqual(asksOf(settings({}, { state: "refused" }), "other"), []);
});

test("a change that takes itself back says when, and broken glass is told", () => {
  const node = { mode: "enforce", policies: 1, isConfirmed: false, takenBackAtMs: 5, connectionsCut: 0, repairs: 0 };
  const [pending] = asksOf(settings({}, { state: "enforced", node }), "c");
  assert.deepEqual([pending?.kind, pending?.kind === "pending" && pending.takenBackAtMs], ["pending", 5]);
  assert.equal(asksOf(settings({}, { state: "broken-glass" }), "c")[0]?.kind, "broken-glass");
  assert.deepEqual(asksOf(settings({}, { state: "enforced" }), "c"), []);
});

test("what a node said of older settings is no question any more", () => {
  assert.deepEqual(asksOf(settings({}, { state: "refused" }, 3), "c"), []);
});

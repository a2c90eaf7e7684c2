import assert from "node:assert/strict";
import { test } from "node:test";
import type { Resource, ResourceStatus } from "../../model/resource.ts";
import { createResourceTakers, type ResourceTaker } from "./resource-takers.ts";
import { createVisibilityBook } from "./visibility.ts";

const resource = (kind: string): Resource => ({
  apiVersion: "garrison/v1",
  kind,
  scope: "global",
  name: kind.toLowerCase(),
  spec: {},
  generation: 1,
  author: "t",
  time: "2026-11-26T10:00:00Z",
  deleted: false,
});

function taker(kind: string, heard: string[]): ResourceTaker {
  let own: readonly ResourceStatus[] = [];
  return {
    setResources(resources, nowMs) {
      heard.push(`${kind} ${resources.length} ${nowMs}`);
      own = resources
        .filter((one) => one.kind === kind)
        .map(({ scope, name, generation }) => ({ kind, scope, name, generation, state: "applied", because: "" }));
    },
    statuses: () => own,
  };
}

test("every part hears of all, in order; kinds of nobody are refused by name", () => {
  const heard: string[] = [];
  const takers = createResourceTakers(
    createVisibilityBook("n"),
    ["Policy", "Baseline"],
    [taker("Policy", heard), taker("Baseline", heard)],
  );
  takers.take(["Baseline", "Policy", "Visibility", "View"].map(resource), 7);
  assert.deepEqual(heard, ["Policy 4 7", "Baseline 4 7"]);
  assert.deepEqual(
    takers.statuses().map(({ kind, state }) => `${kind} ${state}`),
    ["Visibility applied", "View refused", "Policy applied", "Baseline applied"],
  );
});

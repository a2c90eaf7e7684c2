// Not looked is not none: what a cluster says of kinds that it never read.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createInventory } from "../../../core/inventory/inventory.ts";
import { watchedResources, type WatchedKind } from "../../../edge/kube/resources.ts";
import type { ResourceState } from "../../../edge/kube/watch-resource.ts";
import { readCluster } from "./cluster-status.ts";
import type { Feed } from "./feed.ts";
import { createOwnPolicyBook } from "./cluster-policies.ts";
import { createWatchHealth } from "./watch-health.ts";

const clock = { nowMs: () => Date.parse("2026-11-23T12:00:00Z") };

/** A settled cluster of which every kind is read but those of `states`. */
function shown(states: Partial<Record<WatchedKind, ResourceState>>) {
  const kinds = watchedResources.map(({ kind }) => kind);
  const health = createWatchHealth(kinds, clock);
  for (const kind of kinds) {
    const state = states[kind] ?? "current";
    health.report(kind, { state, resource: `${kind.toLowerCase()}s`, because: state === "current" ? "" : "why" });
  }
  const server = { state: "connected", because: "", version: "v1", clockAheadMs: undefined } as const;
  const feed: Feed = {
    inventory: createInventory("c"),
    health,
    ownPolicies: createOwnPolicyBook(),
    server,
    isSettled: true,
    currentAtMs: undefined,
    reopened: 0,
    eventsRefused: 0,
    isSimulated: false,
    dropped: 0,
    stop: async () => undefined,
  };
  const source = { cluster: "c", text: "kubeconfig c", refused: "", source: undefined };
  const { counts, coverage } = readCluster({ source, feed, nodes: [], sinceMs: undefined });
  return { pods: counts?.pods, podsCovered: coverage.podsCovered };
}

const cases: readonly (readonly [string, Partial<Record<WatchedKind, ResourceState>>, object])[] = [
  ["everything read", {}, { pods: 0, podsCovered: 0 }],
  ["pods forbidden", { Pod: "forbidden" }, { pods: undefined, podsCovered: undefined }],
  ["pods still being listed", { Pod: "listing" }, { pods: undefined, podsCovered: undefined }],
  ["workloads failing", { Deployment: "failing" }, { pods: undefined, podsCovered: 0 }],
  ["a kind that the server does not have", { CronJob: "absent" }, { pods: 0, podsCovered: 0 }],
  [
    "slices and events forbidden, which are not counted",
    { EndpointSlice: "forbidden", Event: "forbidden" },
    { pods: 0, podsCovered: 0 },
  ],
];
for (const [name, states, expected] of cases) {
  test(`counts with ${name}`, () => assert.deepEqual(shown(states), expected));
}

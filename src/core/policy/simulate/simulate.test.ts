// A preview is what enforcement would do: counted, grouped, bounded, and uncertain where it cannot be told.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { createPolicyWorld, flowsOf, place } from "../../../../test/support/policy-world.ts";
import { createPolicyEngine } from "../evaluate/create-engine.ts";
import type { PolicySet } from "../model.ts";
import { allSelector } from "../selector/build.ts";
import type { PolicyFlow, RecordedFlow } from "../world.ts";
import { simulate } from "./simulate.ts";

const shape = createPolicyWorld({ seed: 5, pods: 120, policies: 40, namespaces: 4 });

function recorded(flow: PolicyFlow, connections: number): RecordedFlow {
  const past = { bytes: connections * 100, firstMs: 0, lastMs: 1, days: 1, verdict: "allow" } as const;
  return { ...flow, ...past, connections, sourceWorkload: "", destinationWorkload: "" };
}

const flows = flowsOf(shape, 3000, 9).map((flow, index) => recorded(flow, 1 + (index % 7)));

const isolated: PolicySet = {
  ...shape.set,
  policies: [
    ...shape.set.policies,
    {
      ...(shape.set.policies[0] as PolicySet["policies"][number]),
      id: "kubernetes/NetworkPolicy/ns-0/deny-all",
      name: "deny-all",
      selector: allSelector,
      directions: ["ingress", "egress"],
      ingress: [],
      egress: [],
    },
  ],
};

test("property: the preview's totals are what evaluate says before and after the change", () => {
  const indexes = fc.uniqueArray(fc.nat(shape.set.policies.length - 1), { maxLength: 40 });
  fc.assert(
    fc.property(indexes, indexes, (before, after) => {
      const setOf = (kept: readonly number[]) => ({
        ...shape.set,
        policies: kept.flatMap((index) => shape.set.policies[index] ?? []),
      });
      const current = createPolicyEngine({ set: setOf(before), world: shape.world });
      const proposed = createPolicyEngine({ set: setOf(after), world: shape.world });
      const { totals } = simulate({ current, proposed, flows });
      // The change really made: the same engine with the new policies.
      current.setPolicies(setOf(after));
      const old = createPolicyEngine({ set: setOf(before), world: shape.world });
      const expected = { same: 0, newlyAllowed: 0, newlyDenied: 0, uncertain: 0 };
      for (const flow of flows) {
        const [was, is] = [old.evaluate(flow).verdict, current.evaluate(flow).verdict];
        if (was === "unknown" || is === "unknown") expected.uncertain += flow.connections;
        else if (was === is) expected.same += flow.connections;
        else expected[is === "allow" ? "newlyAllowed" : "newlyDenied"] += flow.connections;
      }
      const { same, newlyAllowed, newlyDenied, uncertain, keys } = totals;
      assert.deepEqual({ same, newlyAllowed, newlyDenied, uncertain }, expected);
      assert.equal(keys, flows.length);
    }),
    { numRuns: 12 },
  );
});

test("groups name workloads, count connections, and what is left out is counted", () => {
  const current = createPolicyEngine({ ...shape, set: { ...shape.set, policies: [] } });
  const proposed = createPolicyEngine({ ...shape, set: isolated });
  const all = simulate({ current, proposed, flows });
  assert.equal(all.totals.newlyAllowed, 0);
  assert.ok(all.totals.newlyDenied > 0);
  const denied = all.groups.filter((group) => group.after === "deny");
  assert.equal(
    denied.reduce((sum, group) => sum + group.connections, 0),
    all.totals.newlyDenied,
  );
  assert.match(denied[0]?.source ?? "", /^ns-\d\/Deployment\/app-\d$/);
  assert.ok(denied.every((group) => group.decidedAfter !== undefined && group.uncertain === ""));
  const few = simulate({ current, proposed, flows, groupsMax: 3 });
  assert.deepEqual(few.groups, all.groups.slice(0, 3));
  assert.deepEqual(few.totals, all.totals);
  assert.equal(few.more.groups, all.groups.length - 3);
});

test("an end that nobody knows is uncertain with its reason, before and after", () => {
  const engine = createPolicyEngine(shape);
  const gone = recorded(
    {
      source: { endpoint: "pod/ns-0/gone", address: "10.200.0.1" },
      destination: { endpoint: "", address: "192.0.2.1" },
      protocol: 6,
      sourcePort: 0,
      destinationPort: 80,
    },
    5,
  );
  const { totals, groups } = simulate({ current: engine, proposed: engine, flows: [gone] });
  assert.equal(totals.uncertain, 5);
  assert.match(groups[0]?.uncertain ?? "", /pod\/ns-0\/gone is not in the world/);
});

test("the staged lane of one engine is a preview of its staged policies", () => {
  const [deny] = isolated.policies.slice(-1);
  assert.ok(deny !== undefined);
  const staged = {
    ...deny,
    id: "calico/StagedNetworkPolicy/ns-0/deny-all",
    kind: "StagedNetworkPolicy",
    dialect: "calico",
  } as const;
  const set = { ...shape.set, policies: [{ ...staged, staged: "Set" as const, place }] };
  const engine = createPolicyEngine({ ...shape, set });
  const inside = flows.filter((flow) => flow.destination.endpoint !== "");
  const { totals } = simulate({ current: engine, proposed: engine, proposedLane: "staged", flows: inside });
  assert.equal(totals.newlyDenied, totals.connections);
  assert.equal(simulate({ current: engine, proposed: engine, flows: inside }).totals.same, totals.connections);
});

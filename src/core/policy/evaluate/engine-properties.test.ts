// The engine against a second, naive opinion, over random sets, worlds, flows and changes of both.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { naiveVerdicts } from "../../../../test/support/naive-policy.ts";
import { anyEndpoint, anyFlow, anySet, anyWorld, endpointIds } from "../../../../test/support/policy-arbitraries.ts";
import type { PolicyFlow } from "../world.ts";
import { createPolicyEngine } from "./create-engine.ts";
import type { PolicyEngine } from "./engine.ts";

const flows = fc.array(anyFlow, { minLength: 10, maxLength: 40 });
const lanes = ["enforced", "staged"] as const;

function said(engine: PolicyEngine, flow: PolicyFlow, lane: "enforced" | "staged") {
  const { verdict, egress, ingress } = engine.evaluate(flow, lane);
  return { egress: egress.verdict, ingress: ingress.verdict, verdict };
}

test("property: the engine says what the naive evaluator says, in both lanes", () => {
  fc.assert(
    fc.property(anySet, anyWorld, flows, (set, world, asked) => {
      const engine = createPolicyEngine({ set, world });
      for (const flow of asked) {
        for (const lane of lanes)
          assert.deepEqual(
            said(engine, flow, lane),
            naiveVerdicts({ set, world }, flow, lane),
            JSON.stringify({ lane, flow }),
          );
      }
    }),
    { numRuns: 150 },
  );
});

test("property: the order of policies, rules' values, endpoints and sets does not matter", () => {
  fc.assert(
    fc.property(anySet, anyWorld, flows, (set, world, asked) => {
      const one = createPolicyEngine({ set, world });
      const other = createPolicyEngine({
        set: {
          ...set,
          tiers: set.tiers.toReversed(),
          policies: set.policies.toReversed(),
          networkSets: set.networkSets.toReversed(),
          hostEndpoints: set.hostEndpoints.toReversed(),
        },
        world: { ...world, endpoints: world.endpoints.toReversed(), namespaces: world.namespaces.toReversed() },
      });
      assert.equal(one.generation, other.generation);
      for (const flow of asked) assert.deepEqual(summary(one, flow), summary(other, flow));
      for (const id of endpointIds) assert.deepEqual(one.classOf(id, "ingress"), other.classOf(id, "ingress"));
    }),
    { numRuns: 150 },
  );
});

/** What decides is of no order either, but for words that name several. */
function summary(engine: PolicyEngine, flow: PolicyFlow) {
  const { verdict, egress, ingress } = engine.evaluate(flow);
  return { verdict, egress: egress.decidedBy, ingress: ingress.decidedBy };
}

test("property: explain's verdict is evaluate's, and its last step is what decided; judge says the same", () => {
  fc.assert(
    fc.property(anySet, anyWorld, flows, (set, world, asked) => {
      const engine = createPolicyEngine({ set, world });
      for (const flow of asked) {
        const plain = engine.evaluate(flow);
        const { now, staged } = engine.explain(flow);
        for (const direction of ["egress", "ingress"] as const) {
          const { steps, ...rest } = now[direction];
          assert.deepEqual({ ...rest, steps: [] }, plain[direction]);
          // A doubt or several subjects have other steps behind the deciding one.
          const decided = steps.find((step) => step.at.ruleId === rest.decidedBy?.ruleId);
          if (rest.decidedBy !== undefined) assert.ok(decided !== undefined, JSON.stringify(rest));
        }
        assert.equal(now.verdict, plain.verdict);
        if (staged !== undefined) assert.equal(staged.verdict, engine.evaluate(flow, "staged").verdict);
        for (const lane of lanes) {
          const { verdict, because, egress, ingress } = engine.evaluate(flow, lane);
          const expected = { verdict, because, egress: egress.decidedBy, ingress: ingress.decidedBy };
          assert.deepEqual(engine.judge(flow, lane), expected, JSON.stringify(flow));
          assert.deepEqual(engine.judge(flow, lane), expected);
        }
      }
    }),
    { numRuns: 150 },
  );
});

const change = fc.record({
  put: fc.array(fc.nat({ max: endpointIds.length - 1 }).chain(anyEndpoint), { maxLength: 3 }),
  remove: fc.subarray([...endpointIds], { maxLength: 2 }),
});

test("property: after changes of endpoints, world and policies the engine is as one made anew", () => {
  const edits = fc.array(fc.oneof(change, fc.record({ world: anyWorld }), fc.record({ set: anySet })), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(anySet, anyWorld, edits, flows, (firstSet, firstWorld, list, asked) => {
      let [set, world] = [firstSet, firstWorld];
      const engine = createPolicyEngine({ set, world });
      for (const edit of list) {
        // Something is remembered before each change, so that what is stale shows.
        for (const flow of asked.slice(0, 5)) engine.judge(flow);
        if ("world" in edit) engine.setWorld((world = edit.world));
        else if ("set" in edit) engine.setPolicies((set = edit.set));
        else {
          engine.change(edit);
          const put = new Map(edit.put.map((endpoint) => [endpoint.id, endpoint]));
          const gone = new Set([...edit.remove, ...put.keys()]);
          world = { ...world, endpoints: [...world.endpoints.filter(({ id }) => !gone.has(id)), ...put.values()] };
        }
      }
      const anew = createPolicyEngine({ set, world });
      assert.equal(engine.generation, anew.generation);
      for (const flow of asked) {
        assert.deepEqual(said(engine, flow, "enforced"), said(anew, flow, "enforced"), JSON.stringify(flow));
        assert.deepEqual(summary(engine, flow), summary(anew, flow));
        assert.equal(engine.judge(flow).verdict, anew.judge(flow).verdict);
      }
      for (const policy of set.policies) assert.deepEqual(engine.endpointsOf(policy.id), anew.endpointsOf(policy.id));
    }),
    { numRuns: 80 },
  );
});

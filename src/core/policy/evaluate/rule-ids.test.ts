import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { anySet } from "../../../../test/support/policy-arbitraries.ts";
import { createPolicyWorld } from "../../../../test/support/policy-world.ts";
import { generationOf } from "./generation.ts";
import { createRuleIds, idsOf } from "./rule-ids.ts";

test("colliding keys move on in sorted order, whatever order they came in, and never to 0", () => {
  const hashes: Readonly<Record<string, number>> = { a: 7, b: 7, c: 8, d: 4_294_967_295, e: 4_294_967_295 };
  const hash = (key: string) => hashes[key] ?? 0;
  const expected = { a: 7, b: 8, c: 9, d: 4_294_967_295, e: 1 };
  for (const keys of [
    ["a", "b", "c", "d", "e"],
    ["e", "c", "b", "d", "a"],
  ])
    assert.deepEqual(Object.fromEntries(idsOf(keys, hash)), expected);
});

test("property: ids are unique, go back to their place, and a policy keeps them when others come or go", () => {
  fc.assert(
    fc.property(anySet, fc.nat(), (set, at) => {
      const ids = createRuleIds(set);
      const refs = [...ids.all()];
      assert.equal(new Set(refs.map((ref) => ref.ruleId)).size, refs.length);
      for (const ref of refs) {
        assert.ok(ref.ruleId > 0 && ref.ruleId <= 0xffffffff);
        assert.deepEqual(ids.rule(ref.ruleId), ref);
        assert.deepEqual(ids.refOf(ref), ref);
      }
      const kept = set.policies.filter((_, index) => index !== at % Math.max(1, set.policies.length));
      const fewer = createRuleIds({ ...set, policies: kept });
      for (const ref of fewer.all()) assert.equal(ids.refOf(ref).ruleId, ref.ruleId);
    }),
  );
});

test("ids are known numbers: kernel, store and console of different releases mean the same rule", () => {
  const { set } = createPolicyWorld({ seed: 1, pods: 10, policies: 4, namespaces: 2 });
  const place = {
    tier: "default",
    policy: "kubernetes/NetworkPolicy/ns-0/policy-0",
    direction: "egress",
    rule: 0,
  } as const;
  assert.equal(createRuleIds(set).refOf(place).ruleId, 542_255_076);
});

test("the generation follows content, not order or place", () => {
  const { set } = createPolicyWorld({ seed: 1, pods: 10, policies: 6, namespaces: 2 });
  const moved = set.policies.map((policy) => ({ ...policy, place: { file: "other.yaml", document: 3, line: 9 } }));
  const generation = generationOf(set);
  assert.equal(generationOf({ ...set, policies: moved.toReversed() }), generation);
  const [first, ...rest] = set.policies;
  assert.ok(first !== undefined);
  for (const change of [
    { order: 7 },
    { name: "x" },
    { endsTier: false },
    { staged: "Set" as const },
    { ingress: [], egress: [] },
  ])
    assert.notEqual(
      generationOf({ ...set, policies: [{ ...first, ...change }, ...rest] }),
      generation,
      JSON.stringify(change),
    );
  const host = {
    name: "h",
    labels: {},
    node: "n",
    interfaceName: "*",
    expectedAddresses: [],
    ports: [],
    profiles: [],
    place: first.place,
  };
  assert.notEqual(
    generationOf({ ...set, hostEndpoints: [host] }),
    generationOf({ ...set, hostEndpoints: [{ ...host, node: "m" }] }),
  );
});

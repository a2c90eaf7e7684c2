// The demo's policies are read without a complaint, select what they mean, and say of themselves that they are no real ones.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseManifests } from "../../../core/policy/parse/parse-policies.ts";
import { resourceNameOf } from "../../../core/policy/parse/resource-name.ts";
import { apps } from "./catalog.ts";
import { demoPolicies } from "./policies.ts";

const place = { file: "", document: 0, line: 0 };

test("all are taken as they are, in the order in which they are put", () => {
  for (const count of demoPolicies.keys()) {
    const parsed = parseManifests(demoPolicies.slice(0, count + 1).map((manifest) => ({ manifest, place })));
    assert.deepEqual(parsed.problems, []);
    assert.deepEqual([...new Set(parsed.objects.map(({ state }) => state))], ["taken"]);
  }
  const names = demoPolicies.map(resourceNameOf);
  assert.equal(new Set(names).size, names.length);
});

test("one is staged, one stands before all tiers, the others isolate apps of the shop that there are", () => {
  const { set } = parseManifests(demoPolicies.map((manifest) => ({ manifest, place })));
  assert.deepEqual(
    set.policies.filter(({ staged }) => staged !== undefined).map(({ name }) => name),
    ["egress-by-name"],
  );
  assert.deepEqual(
    set.policies.filter(({ tier }) => tier === "security").map(({ name }) => name),
    ["security.known-bad"],
  );
  assert.equal(set.tiers[0]?.name, "security");
  const isolating = set.policies.filter(({ dialect }) => dialect === "kubernetes");
  const known = new Set(apps.filter(({ namespace }) => namespace === "shop").map(({ name }) => name));
  assert.ok(isolating.length >= 5);
  for (const { name } of isolating) assert.ok(known.has(name), name);
});

test("each says that it is a demonstration", () => {
  for (const { metadata } of demoPolicies) {
    assert.equal((metadata["labels"] as Record<string, string>)["garrison.dev/simulated"], "true");
    assert.match(JSON.stringify(metadata["annotations"]), /demonstration/);
  }
});

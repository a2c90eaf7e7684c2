import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ResourceName } from "../../../../src/model/resource.ts";
import { View } from "../../../../src/model/view.ts";
import { nameOfTitle, savedSearch } from "./view-text.ts";

test("names are made from titles, and a taken one gets a number", () => {
  for (const [title, name] of [
    ["Checkout, slow!", "checkout-slow"],
    ["Übersicht", "ubersicht"],
    ["支払い", "view"],
    ["--", "view"],
  ] as const)
    assert.equal(nameOfTitle(title, new Set()), name);
  assert.equal(nameOfTitle("Shop", new Set(["shop", "shop-2"])), "shop-3");
});

test("every title gives a name that resources may have", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 120, unit: "binary" }), (title) => {
      assert.ok(ResourceName.safeParse(nameOfTitle(title, new Set(["view", "a"]))).success);
    }),
    { numRuns: 60 },
  );
});

test("a view keeps what shows the same picture, and nothing that was just open", () => {
  const search = savedSearch({
    q: "ns:shop",
    level: "workload",
    row: "r",
    paused: "1",
    pick: "x",
    ns: undefined,
    hide: "a/b",
  });
  assert.deepEqual(search, { q: "ns:shop", level: "workload", hide: "a/b" });
  assert.ok(View.safeParse({ title: "Shop", screen: "/graph", search }).success);
});

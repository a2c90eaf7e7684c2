import assert from "node:assert/strict";
import { test } from "node:test";
import { nearestWorkload } from "./find-workload.ts";

const rows = [
  { namespace: "shop", name: "checkout" },
  { namespace: "shop", name: "web" },
  { namespace: "bank", name: "ledger" },
  { namespace: "", name: "ledgers" },
];

test("a slip in a name finds the workload that was meant", () => {
  for (const [namespace, name, expected] of [
    ["shop", "chekout", "shop/checkout"],
    ["", "chekout", "shop/checkout"],
    ["shp", "web", "shop/web"],
    ["shop", "ledger", "bank/ledger"],
    ["", "ledgr", "bank/ledger"],
    ["shop", "something-else", undefined],
    ["", "something-else", undefined],
  ] as const)
    assert.equal(nearestWorkload({ namespace, name }, rows), expected, `${namespace}/${name}`);
});

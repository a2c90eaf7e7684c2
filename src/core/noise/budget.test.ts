import assert from "node:assert/strict";
import { test } from "node:test";
import { budgetOf, trendOf } from "./budget.ts";

test("the budget grows with the pods, and is that of a quiet cluster where they are not known", () => {
  for (const [pods, expected] of [
    [undefined, 20],
    [0, 20],
    [10, 20],
    [25, 50],
    [1000, 2000],
  ] as const)
    assert.equal(budgetOf(pods), expected);
});

test("a trend is told against the days before, and none is told without them", () => {
  for (const [perDay, last24h, expected] of [
    [[0, 0, 9], 9, "new"],
    [[], 3, "new"],
    [[10, 10, 10, 2], 10, "steady"],
    [[10, 10, 10, 30], 30, "rising"],
    [[10, 10, 10, 1], 1, "falling"],
    // Small numbers jump: they are steady.
    [[1, 1, 3], 3, "steady"],
  ] as const)
    assert.equal(trendOf(perDay, last24h), expected);
});

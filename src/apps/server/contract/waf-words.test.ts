// Which rule a line about an event names.
import assert from "node:assert/strict";
import test from "node:test";
import { mainRule } from "./waf-words.ts";

test("most points, else the deciding one, else the first", () => {
  const ruleIds = [920_350, 942_100, 949_110];
  assert.equal(mainRule({ ruleIds, scores: [3, 5, 0], decidingRule: 949_110 }), 1);
  assert.equal(mainRule({ ruleIds, scores: [0, 0, 0], decidingRule: 949_110 }), 2);
  assert.equal(mainRule({ ruleIds, scores: [], decidingRule: 1 }), 0);
  assert.equal(mainRule({ ruleIds: [], scores: [], decidingRule: 0 }), -1);
});

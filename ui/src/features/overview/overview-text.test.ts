import assert from "node:assert/strict";
import { test } from "node:test";
import type { Attention } from "../../../../src/model/graph.ts";
import { overviewHeadline, rateText, shareText } from "./overview-text.ts";

function one(severity: Attention["severity"]): Attention {
  return {
    id: severity,
    severity,
    about: "self",
    title: "t",
    detail: "",
    cluster: "",
    namespace: "",
    workload: "",
    count: 1,
    link: { screen: "/health", search: {} },
  };
}

test("the headline never gives an all-clear for what was not looked at", () => {
  for (const [severities, notLooked, isPartial, state, text] of [
    [[], 0, false, "ok", "Nothing needs you now"],
    [[], 1, false, "degraded", "Nothing was found that needs you, but not everything was looked at"],
    [[], 0, true, "degraded", "Nothing was found that needs you, but not everything was looked at"],
    [["low"], 0, false, "degraded", "1 thing needs you, none of them urgent"],
    [["critical"], 0, false, "down", "1 thing needs you, urgent"],
    [["critical", "low", "high"], 2, true, "down", "3 things need you, 2 of them urgent"],
  ] as const)
    assert.deepEqual(overviewHeadline({ attention: severities.map(one), notLooked, isPartial }), { state, text });
});

test("shares and rates stay readable at every size", () => {
  assert.deepEqual(
    [shareText(0, 0), shareText(0, 9), shareText(1, 90_000), shareText(1, 250), shareText(1, 8), shareText(3, 0)],
    ["none", "none", "< 0.1 %", "0.4 %", "13 %", "3"],
  );
  assert.deepEqual(
    [rateText(0, 60_000), rateText(5, 60_000), rateText(90, 60_000), rateText(6000, 60_000), rateText(1, 0)],
    ["0/min", "5.0/min", "1.5/s", "100/s", "–"],
  );
});

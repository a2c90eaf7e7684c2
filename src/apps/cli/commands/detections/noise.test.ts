import assert from "node:assert/strict";
import { test } from "node:test";
import { budgetLine } from "./noise.ts";

const cover = {
  nodes: 2,
  nodesDetecting: 2,
  notDetecting: [],
  rules: 90,
  rulesBlind: 0,
  rulesRefused: 0,
  suppressed: 0,
  unjudged: 0,
};
const quiet = { cluster: "home", perDay: [0, 3], last24h: 3, budget: 20, pods: 4, cover };

type Line = Parameters<typeof budgetLine>[0];
const cases: readonly (readonly [string, Partial<Line>, string])[] = [
  ["all look", {}, "home: 3 in 24 h, budget 20 (4 pods)"],
  ["too much", { last24h: 30 }, "home: 30 in 24 h, budget 20 (4 pods): over budget"],
  [
    "some look",
    { cover: { ...cover, nodesDetecting: 1 } },
    "home: 3 in 24 h, budget 20 (4 pods): 1 of 2 nodes detect with 90 rules",
  ],
  [
    "nobody looks",
    { cover: { ...cover, nodesDetecting: 0, notDetecting: ["n1: no rule is loaded"] } },
    "home: 3 in 24 h, budget 20 (4 pods): nobody looks: n1: no rule is loaded",
  ],
  [
    "no agent",
    { pods: undefined, cover: { ...cover, nodes: 0, nodesDetecting: 0 } },
    "home: 3 in 24 h, budget 20 (pods not known): no agent of it detects",
  ],
];

for (const [name, over, expected] of cases)
  test(`the line of a budget: ${name}`, () => {
    assert.equal(budgetLine({ ...quiet, ...over }), expected);
  });

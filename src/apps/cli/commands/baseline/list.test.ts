import assert from "node:assert/strict";
import { test } from "node:test";
import { driftText } from "./list.ts";

test("no drift is a figure only where a node judges", () => {
  const cases = [
    [{ step: "learning", drift: 0, nodesJudging: 0 }, "-"],
    [{ step: "monitoring", drift: 0, nodesJudging: 0 }, "-"],
    [{ step: "monitoring", drift: 0, nodesJudging: 2 }, "0"],
    [{ step: "monitoring", drift: 4, nodesJudging: 0 }, "4"],
  ] as const;
  for (const [row, expected] of cases) assert.equal(driftText(row), expected, JSON.stringify(row));
});

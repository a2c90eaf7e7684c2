import assert from "node:assert/strict";
import { test } from "node:test";
import { editDistance, nearest } from "./nearest.ts";

test("counts edits", () => {
  const cases = [
    ["", "", 0],
    ["abc", "", 3],
    ["kitten", "sitting", 3],
    ["flow", "flows", 1],
  ] as const;
  for (const [left, right, expected] of cases) assert.equal(editDistance(left, right), expected, `${left} ${right}`);
});

test("names the nearest known word, and none when nothing is near", () => {
  const known = ["windowSeconds", "ringBytes", "port"];

  assert.equal(nearest("windowSecond", known), "windowSeconds");
  assert.equal(nearest("prot", known), "port");
  assert.equal(nearest("certificate", known), undefined);
  assert.equal(nearest("a", known), undefined);
});

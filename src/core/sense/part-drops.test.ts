import assert from "node:assert/strict";
import { test } from "node:test";
import { gapCost } from "../../model/gap-class.ts";
import { partDrops } from "./part-drops.ts";

test("what was told without a part is less exact, not lost", () => {
  for (const [type, detail] of Object.entries(partDrops))
    for (const words of [detail, `12 ${detail}`])
      assert.equal(gapCost({ reason: "limit", detail: words }).class, "less-exact", type);
});

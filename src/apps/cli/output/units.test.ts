import assert from "node:assert/strict";
import { test } from "node:test";
import { csv } from "./csv.ts";
import { table, textWidth } from "./table.ts";
import { age, bytes, histogramMedianUs, micros } from "./units.ts";

test("prints numbers as people read them", () => {
  assert.deepEqual([0, 1023, 1536, 150 * 1024, 3 * 1024 ** 3].map(bytes), ["0B", "1023B", "1.5K", "150K", "3.0G"]);
  assert.deepEqual([0, 12, 3400, 1_200_000].map(micros), ["-", "12us", "3.4ms", "1.2s"]);
  assert.deepEqual(
    [5, 180, 7300, 400_000].map((seconds) => age(0, seconds * 1000)),
    ["5s", "3m", "2h", "5d"],
  );
  assert.equal(Math.round(histogramMedianUs({ "40": 3, "60": 1 })), 1117);
  assert.equal(histogramMedianUs({}), 0);
});

test("tables fit the width, cut with an ellipsis, and never let data move the cursor", () => {
  const text = table(
    [{ title: "name" }, { title: "n", align: "right" }],
    [
      ["a-very-long-name-indeed", "7"],
      ["kö日本\u001b[2Jx", "12"],
    ],
    { width: 16, header: true },
  );
  const lines = text.trimEnd().split("\n");

  assert.equal(lines[0], "NAME           N");
  assert.ok(
    lines.slice(1).every((line) => textWidth(line) <= 16),
    text,
  );
  assert.match(text, /…/);
  assert.ok(!text.includes("\u001b"));
});

test("csv quotes, and defuses formulas", () => {
  assert.equal(csv([{ a: 'x"y', b: "=1+1", c: [1] }], true), 'a,b,c\r\n"x""y",\'=1+1,[1]\r\n');
});

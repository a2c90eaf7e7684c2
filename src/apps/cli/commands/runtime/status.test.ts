import assert from "node:assert/strict";
import { test } from "node:test";
import { render } from "../../output/format.ts";
import { sheet, type RuntimeStatusRow } from "./status.ts";

const row: RuntimeStatusRow = {
  policy: "hold.shop.checkout",
  cluster: "demo",
  node: "demo-node-1",
  mode: "enforce",
  state: "failed",
  inScope: 12,
  happened: "3 killed, 4 prevented",
  proof: "",
  because: "this node is simulated: nothing is stopped on it",
  problems: [],
};

test("at 80 columns names stay whole, and reasons are folded, not cut", () => {
  const text = render([row, { ...row, node: "demo-node-2" }], sheet, { format: "table", width: 80 });
  assert.deepEqual(
    text.split("\n").filter((line) => line.length > 80),
    [],
  );
  for (const whole of ["hold.shop.checkout", "demo/demo-node-1", "demo/demo-node-2"])
    assert.ok(text.includes(whole), text);
  const wide = render([row], sheet, { format: "table", width: 200 });
  for (const whole of ["3 killed, 4 prevented", row.because, " 12 "]) assert.ok(wide.includes(whole), wide);
});

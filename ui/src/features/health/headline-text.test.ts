import assert from "node:assert/strict";
import { test } from "node:test";
import { Gap } from "../../../../src/model/gap.ts";
import { headlineOf } from "./headline-text.ts";

function gap(reason: string): Gap {
  return Gap.parse({ time: "2026-11-23T08:00:00.000Z", durationMs: 1000, reason, counted: "no", table: "*" });
}

test("nothing is missing is said only when that is known", () => {
  for (const [state, rows, more, refused, expected] of [
    ["ok", [], false, false, ["ok", /nothing is known to be missing in the last hour/]],
    ["ok", [gap("merged")], false, false, ["ok", /nothing is known to be missing/]],
    ["ok", [gap("agent-down")], false, false, ["degraded", /data is missing: 1 gap in the last hour/]],
    ["ok", [gap("agent-down"), gap("ring-full")], true, false, ["degraded", /at least 2 gaps/]],
    ["ok", undefined, false, false, ["ok", /^All parts work\.$/]],
    ["ok", undefined, false, true, ["degraded", /cannot be read/]],
    ["degraded", [gap("ring-full")], false, false, ["degraded", /\(and 1 gap in the last hour\)/]],
    ["degraded", [], false, false, ["degraded", /something is missing:/]],
    ["down", [gap("ring-full")], false, false, ["down", /does not work/]],
  ] as const) {
    const made = headlineOf(state, rows === undefined ? undefined : { rows, more }, refused);
    assert.equal(made.state, expected[0]);
    assert.match(made.text, expected[1]);
  }
});

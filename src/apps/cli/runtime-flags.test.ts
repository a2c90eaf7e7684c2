// An agent that nobody supervises keeps as little memory as one that is: in a process of its own, because flags of V8 cannot be taken back.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { runtimeFlagsOf } from "./runtime-flags.ts";

const module = new URL("./runtime-flags.ts", import.meta.url).href;

/** The largest young generation, in MiB, of a process that makes much and keeps some of it. */
function youngMib(flags: readonly string[], app: string): number {
  const script = `
    import { getHeapSpaceStatistics } from "node:v8";
    import { applyRuntimeFlags } from ${JSON.stringify(module)};
    applyRuntimeFlags(${JSON.stringify(app)});
    let kept = [];
    let most = 0;
    for (let round = 0; round < 300_000; round += 1) {
      kept.push({ round, text: "x" + round });
      if (kept.length > 60_000) kept = [];
      if (round % 10_000 !== 0) continue;
      const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
      most = Math.max(most, young.space_size);
    }
    console.log(most / 1048576);`;
  const run = spawnSync(process.execPath, [...flags, "--input-type=module", "--eval", script], { encoding: "utf8" });
  assert.equal(run.status, 0, run.stderr);
  return Number(run.stdout);
}

test("the young generation of an agent stays small, supervised or not; a server by itself is left alone", () => {
  assert.ok(youngMib(runtimeFlagsOf("agent"), "agent") <= 6);
  assert.ok(youngMib([], "agent") <= 6);
  assert.ok(youngMib([], "server") > 6);
});

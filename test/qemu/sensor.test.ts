// Debian 12's stock kernel under emulation: the sensor's programs pass its verifier, which is older than this machine's, and see.
import assert from "node:assert/strict";
import { test } from "node:test";
import { skipUnless } from "../support/skip.ts";
import { qemuMissing, runGuest } from "../support/qemu.ts";

test("the sensor on a stock kernel: programs, files, calls and packets", async (context) => {
  const missing = qemuMissing();
  if (!skipUnless(context, missing === "", missing)) return;
  const run = await runGuest({
    program: "test/qemu/sensor.guest.ts",
    files: ["bpf/objects/sensor.bpf.o", "src/edge/sensor/uring.fixture.ts", "src/edge/sensor/raw-calls.fixture.ts"],
  });
  context.diagnostic(`${run.checks.size} checks in ${run.seconds} s, boots ${run.boots}`);
  assert.ok(run.checks.size >= 5, run.output);
  for (const [name, result] of run.checks) assert.equal(result, "ok", `${name}: ${result}`);
});

// Debian 12's stock kernel under emulation, with AppArmor: the profile that Garrison writes loads, denies when enforced, and passes in log mode.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { skipUnless } from "../support/skip.ts";
import { qemuMissing, runGuest } from "../support/qemu.ts";

const parser = "/usr/sbin/apparmor_parser";

test("a learnt AppArmor profile: loaded, enforced, complaining", async (context) => {
  const missing = qemuMissing() || (existsSync(parser) ? "" : `${parser} (Debian package apparmor)`);
  if (!skipUnless(context, missing === "", missing)) return;
  const run = await runGuest({ program: "test/qemu/apparmor.guest.ts", tools: [parser] });
  context.diagnostic(`${run.checks.size} checks in ${run.seconds} s, boots ${run.boots}`);
  assert.ok(run.checks.size >= 8, run.output);
  for (const [name, result] of run.checks) assert.equal(result, "ok", `${name}: ${result}`);
});

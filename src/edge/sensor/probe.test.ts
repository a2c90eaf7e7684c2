// The probe on this machine, and what it says of machines that it cannot try.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { skipUnless } from "../../../test/support/skip.ts";
import { canUse, capabilitiesLacking, probeKernel } from "./probe.ts";
import { probeFamilies } from "./probe-families.ts";
import { kernelSensorMissing } from "./sensor.fixture.ts";

const missing = await kernelSensorMissing();

test("every family has an answer; where the kernel sensor runs, what it is made of is there", async (context) => {
  const report = await probeKernel();
  assert.deepEqual(
    report.families.map(({ family }) => family),
    probeFamilies.map(({ family }) => family),
  );
  for (const { state, because } of report.families) assert.equal(because === "", state === "yes");
  if (!skipUnless(context, missing === "", `kernel sensor: ${missing}`)) return;
  for (const family of [
    "tp_btf",
    "tracepoint",
    "loop",
    "iterator",
    "cgroup-skb",
    "cgroup-sock",
    "cgroup-address",
  ] as const)
    assert.ok(canUse(report, family), family);
});

test("without an object nothing is known of programs, and the calls are tried all the same", async () => {
  const report = await probeKernel({ objectPath: "/nowhere/probe.bpf.o" });
  const lsm = report.families.find(({ family }) => family === "lsm");
  assert.equal(lsm?.state, "unknown");
  assert.ok(report.families.some(({ family, state }) => family === "seccomp-notify" && state !== "unknown"));
  assert.equal(canUse(report, "lsm"), false);
});

const masks: readonly [mask: string, lacking: readonly string[]][] = [
  ["000001ffffffffff", []],
  ["0000000000201000", []],
  ["0000000000200000", ["CAP_NET_ADMIN"]],
  ["000000c000001000", []],
  ["0000000000000000", ["CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN"]],
];
for (const [mask, lacking] of masks) {
  test(`effective capabilities ${mask} lack ${lacking.join(", ") || "nothing"}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "garrison-probe-"));
    try {
      mkdirSync(join(folder, "self"));
      writeFileSync(join(folder, "self/status"), `Name:\tx\nCapEff:\t${mask}\n`);
      assert.deepEqual(capabilitiesLacking(folder), lacking);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

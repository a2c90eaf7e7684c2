// Environments on the real kernel: nothing while nobody asks, then the asked variables of each exec and not a byte more.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, describe, test, type TestContext } from "node:test";
import type { Sensor } from "../../core/sense/sensor.ts";
import { skipUnless } from "../../../test/support/skip.ts";
import { createKernelSensor } from "./kernel-sensor.ts";
import { createRecorder, kernelSensorMissing, run } from "./sensor.fixture.ts";

const missing = await kernelSensorMissing();
const secret = "tSb4-not-to-be-seen";

describe("environments of what is executed", () => {
  const recorder = createRecorder(() => sensor?.stats().dropsByType);
  let sensor: Sensor | undefined;

  before(async () => {
    if (missing !== "") return;
    sensor = await createKernelSensor();
    await sensor.start(recorder.onBatch);
  });
  after(async () => await sensor?.close());
  const canRun = (context: TestContext): boolean => skipUnless(context, missing === "", `kernel sensor: ${missing}`);

  async function execWith(env: Readonly<Record<string, string>>, argument: string) {
    await run("/bin/true", [argument], { env });
    return await recorder.find("exec", ({ arguments: words }) => words[1] === argument);
  }

  test("nobody asks: nothing is read", async (context) => {
    if (!canRun(context)) return;
    assert.ok(!("environment" in (await execWith({ GLIBC_TUNABLES: "x" }, "unasked"))));
  });

  test("asked ones by name in either case, as they were; no other", async (context) => {
    if (!canRun(context)) return;
    sensor?.askEnvironment?.(new Set(["HTTP_PROXY", "GLIBC_TUNABLES"]));
    const { environment, environmentCut } = await execWith(
      {
        TOKEN: secret,
        GLIBC_TUNABLES: "glibc.malloc.check=1",
        XGLIBC_TUNABLES: secret,
        GLIBC_TUNABLES_: secret,
        http_proxy: "http://ünï",
        PASSWORD: `GLIBC_TUNABLES=${secret}`,
      },
      "asked",
    );
    assert.deepEqual(environment, ["GLIBC_TUNABLES=glibc.malloc.check=1", "http_proxy=http://ünï"]);
    assert.equal(environmentCut, undefined);
    assert.deepEqual((await execWith({ TOKEN: secret }, "other")).environment, []);
    assert.ok(!JSON.stringify(recorder.events).includes(secret));
  });

  test("a variable behind more than the kernel copies is looked up while the program runs", async (context) => {
    if (!canRun(context)) return;
    sensor?.askEnvironment?.(new Set(["LAST"]));
    const env = { PADDING: secret.repeat(400), LAST: "yes" };
    const child = spawn("/bin/sleep", ["1000"], { env });
    try {
      const { environment, environmentCut } = await recorder.find("exec", ({ process: key }) => key.pid === child.pid);
      assert.deepEqual(environment, ["LAST=yes"]);
      assert.equal(environmentCut, undefined);
    } finally {
      child.kill("SIGKILL");
    }
    assert.ok(!JSON.stringify(recorder.events).includes(secret));
  });

  test("what is longer still is told as cut, and counted", async (context) => {
    if (!canRun(context)) return;
    sensor?.askEnvironment?.(new Set(["FIRST"]));
    const padding = Object.fromEntries(
      Array.from({ length: 8 }, (_, index) => [`PADDING_${index}`, "x".repeat(10_000)]),
    );
    const { environment, environmentCut } = await execWith({ FIRST: "yes", ...padding }, "too long");
    assert.deepEqual(environment, ["FIRST=yes"]);
    assert.equal(environmentCut, true);
    assert.ok((sensor?.stats().dropsByType["environment-cut"] ?? 0) >= 1);
  });

  test("nobody asks any more: nothing is read again", async (context) => {
    if (!canRun(context)) return;
    sensor?.askEnvironment?.(new Set());
    assert.ok(!("environment" in (await execWith({ FIRST: "x" }, "no longer"))));
  });
});

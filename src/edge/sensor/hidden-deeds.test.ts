// What a process might do to hide a deed behind an earlier one: the kernel tells equal ones once, so no two that differ may count as equal.
import assert from "node:assert/strict";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { skipUnless } from "../../../test/support/skip.ts";
import type { Sensor } from "../../core/sense/sensor.ts";
import { createKernelSensor } from "./kernel-sensor.ts";
import { createRecorder, kernelSensorMissing, run } from "./sensor.fixture.ts";

const missing = await kernelSensorMissing();
const calls = JSON.stringify(new URL("raw-calls.fixture.ts", import.meta.url).href);

const wordsMask = 0xffff_ffff_ffff_ffffn;
/** Two names of sixteen bytes that one multiplication and one shift a word, without a secret, cannot tell apart. */
const target = Buffer.from("removed-unseen-1");

function stepWithoutSecret(hash: bigint, word: bigint): bigint {
  const product = ((hash ^ word) * 0xff51afd7ed558ccdn) & wordsMask;
  return product ^ (product >> 32n);
}

/** A name with the same hash when nothing of it is secret: the second word undoes what the first one changed. */
function computedTwin(): Buffer {
  const start = BigInt(target.length + 1);
  for (let tried = 0; tried < 256; tried += 1) {
    const twin = Buffer.from(`twin-${String(tried).padStart(3, "0")}${"x".repeat(8)}`);
    const undone =
      stepWithoutSecret(start, target.readBigUInt64LE(0)) ^
      stepWithoutSecret(start, twin.readBigUInt64LE(0)) ^
      target.readBigUInt64LE(8);
    twin.writeBigUInt64LE(undone, 8);
    if (!twin.includes(0) && !twin.includes(0x2f)) return twin;
  }
  throw new Error("no twin without a slash");
}

/** A name with the same hash whatever the secret that such a hash begins with: the highest bit goes through the multiplication as it is. */
function flippedTwin(): Buffer {
  const twin = Buffer.from(target);
  twin.writeBigUInt64LE(target.readBigUInt64LE(0) ^ (1n << 63n), 0);
  twin.writeBigUInt64LE(target.readBigUInt64LE(8) ^ (1n << 63n) ^ (1n << 31n), 8);
  return twin;
}

describe("deeds that look like another one to a weak key", () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "garrison-hidden-")));
  const recorder = createRecorder(() => sensor?.stats().dropsByType);
  let sensor: Sensor | undefined;
  before(async () => {
    if (missing !== "") return;
    sensor = await createKernelSensor();
    await sensor.start(recorder.onBatch);
  });
  after(async () => {
    await sensor?.close();
    rmSync(folder, { recursive: true });
  });
  const canRun = (context: TestContext): boolean => skipUnless(context, missing === "", `kernel sensor: ${missing}`);
  async function runModule(script: string, before: readonly string[] = []): Promise<number> {
    const [command, ...given] = [...before, process.execPath, "--input-type=module", "-e", script];
    const { pid, status, stderr } = await run(command ?? "", given, { cwd: folder });
    assert.equal(status, 0, stderr);
    return pid;
  }

  for (const [way, twin] of [
    ["computed", computedTwin()],
    ["flipped", flippedTwin()],
  ] as const)
    test(`a file is not removed unseen behind a ${way} twin of its name`, async (context) => {
      if (!canRun(context)) return;
      const pid = await runModule(`
        import { unlinkSync, writeFileSync } from "node:fs";
        for (const hex of ["${twin.toString("hex")}", "${target.toString("hex")}"]) {
          writeFileSync(Buffer.from(hex, "hex"), "");
          unlinkSync(Buffer.from(hex, "hex"));
        }`);
      const path = join(folder, target.toString());
      await recorder.find(
        "file",
        (event) => event.process.pid === pid && event.deed === "unlink" && event.path === path,
      );
    });

  for (const [way, swap] of [
    ["another link in its place", `unlinkSync("link"); symlinkSync("other", "link");`],
    ["a link that was ready", `renameSync("ready", "link");`],
    ["a folder that was ready", `renameSync("other", "link");`],
  ] as const)
    test(`a name that leads elsewhere since is another file: ${way}`, async (context) => {
      if (!canRun(context)) return;
      const own = mkdtempSync(join(folder, "swap-"));
      const pid = await runModule(`
        import { mkdirSync, renameSync, rmdirSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
        process.chdir("${own}");
        for (const name of ["first", "other"]) {
          mkdirSync(name);
          writeFileSync(name + "/file", "");
        }
        symlinkSync("other", "ready");
        ${way === "a folder that was ready" ? `renameSync("first", "link");` : `symlinkSync("first", "link");`}
        unlinkSync("link/file");
        ${way === "a folder that was ready" ? `rmdirSync("link");` : ""}
        ${swap}
        unlinkSync("link/file");`);
      await recorder.find("exit", ({ process }) => process.pid === pid);
      const told = recorder.events.filter(
        (event) => event.type === "file" && event.process.pid === pid && event.requestedPath === "link/file",
      );
      assert.deepEqual(
        told.map((event) => event.type === "file" && event.deed),
        ["unlink", "unlink"],
      );
    });

  test("arguments are more than their sum: root that was given up and taken again is told", async (context) => {
    if (!canRun(context)) return;
    const pid = await runModule(
      `import { rawCall } from ${calls}; rawCall("setresuid", 5, 5, 0); rawCall("setresuid", 0, 0, 0);`,
    );
    const { credentials } = await recorder.find(
      "call",
      ({ process, call, arguments: [real] }) => process.pid === pid && call === "setresuid" && real === 0,
    );
    assert.deepEqual([credentials?.uidBefore, credentials?.uidAfter], [5, 0]);
  });

  test("a descriptor's number is not what it stands for", async (context) => {
    if (!canRun(context)) return;
    const pid = await runModule(`
      import { closeSync, openSync } from "node:fs";
      import { rawCall } from ${calls};
      const numbers = ["uts", "ipc"].map((name) => {
        const number = openSync("/proc/self/ns/" + name);
        rawCall("setns", number, 0);
        closeSync(number);
        return number;
      });
      if (numbers[0] !== numbers[1]) throw new Error("two numbers");`);
    await recorder.find("exit", ({ process }) => process.pid === pid);
    const told = recorder.events.filter(
      (event) => event.type === "call" && event.call === "setns" && event.process.pid === pid,
    );
    assert.equal(told.length, 2);
  });

  test("an address of one family is not one of the other", async (context) => {
    if (!canRun(context)) return;
    // As numbers beside each other, the port and address of the second are those of the first.
    const script = `
      import { createSocket } from "node:dgram";
      for (const [family, port, address] of [["udp6", 7001, "7f00:1::"], ["udp4", 7001, "127.0.0.1"]])
        await new Promise((done, refuse) => {
          const socket = createSocket(family).on("error", refuse);
          socket.connect(port, address, () => { socket.close(); done(); });
        });`;
    const prepared = `ip link set lo up && ip -6 route add 7f00::/8 dev lo && exec "$0" "$@"`;
    const pid = await runModule(script, ["unshare", "--net", "/bin/sh", "-c", prepared]);
    for (const address of ["7f00:1::", "127.0.0.1"])
      await recorder.find(
        "call",
        ({ process, call, descriptor }) =>
          process.pid === pid && call === "connect" && descriptor?.tuple?.remoteAddress === address,
      );
  });
});

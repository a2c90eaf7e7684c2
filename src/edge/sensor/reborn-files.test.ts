// A file system gives the number of a removed file to the next one: the kernel's de-duplication must not take a new file for a repeat.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { skipUnless } from "../../../test/support/skip.ts";
import { createKernelSensor } from "./kernel-sensor.ts";
import { createRecorder, kernelSensorMissing, run } from "./sensor.fixture.ts";

const missing = await kernelSensorMissing();
const names = Array.from({ length: 20 }, (_, index) => `reborn-${index}`);

test("files that are made one after the other with one number are told one by one, in a container's overlay too", async (context) => {
  if (!skipUnless(context, missing === "", `kernel sensor: ${missing}`)) return;
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "garrison-reborn-")));
  const parts = ["lower", "upper", "work", "merged"].map((name) => join(folder, name));
  const [lower = "", upper = "", work = "", merged = ""] = parts;
  for (const part of parts) mkdirSync(part);
  const sensor = await createKernelSensor();
  const recorder = createRecorder(() => sensor.stats().dropsByType);
  try {
    await sensor.start(recorder.onBatch);
    for (const name of names) {
      writeFileSync(join(folder, name), "");
      unlinkSync(join(folder, name));
    }
    const program = `for (let index = 0; index < ${names.length}; index += 1) { fs.writeFileSync("${merged}/reborn-" + index, ""); fs.unlinkSync("${merged}/reborn-" + index); }`;
    const script = `mount -t overlay overlay -o lowerdir=${lower},upperdir=${upper},workdir=${work} ${merged} && exec "$0" -e '${program}'`;
    const { status, stderr } = await run("unshare", ["--mount", "/bin/sh", "-c", script, process.execPath]);
    assert.equal(status, 0, stderr);
    for (const path of [folder, merged].flatMap((at) => names.map((name) => join(at, name))))
      await recorder.find("file", (event) => event.path === path && event.deed === "create");
  } finally {
    await sensor.close();
    rmSync(folder, { recursive: true });
  }
});

// Which rung is picked, and that the reason is said plainly.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { skipUnless } from "../../../test/support/skip.ts";
import { createSensor } from "./create-sensor.ts";
import { kernelSensorMissing } from "./sensor.fixture.ts";

const missing = await kernelSensorMissing();
const nobody = 65_534;

test("with root and BPF: the kernel", async (context) => {
  if (!skipUnless(context, missing === "", `kernel sensor: ${missing}`)) return;
  const sensor = await createSensor({ ringHighBytes: 65_536, ringLowBytes: 65_536 });
  await sensor.close();
  assert.equal(sensor.fidelity, "kernel");
});

test("as another user: polling, because not root", (context) => {
  if (!skipUnless(context, process.geteuid?.() === 0, "root, to become nobody")) return;
  const script = `
    const { createSensor } = await import(${JSON.stringify(new URL("create-sensor.ts", import.meta.url).href)});
    const sensor = await createSensor({ pollIntervalMs: 50 });
    await sensor.start((events) => {
      console.log(JSON.stringify([sensor.fidelity, sensor.fidelityBecause, events.length > 0]));
      process.exit();
    });`;
  const child = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    uid: nobody,
    gid: nobody,
    encoding: "utf8",
  });
  assert.equal(child.status, 0, child.stderr);
  const [fidelity, because, hasEvents] = JSON.parse(child.stdout) as [string, string, boolean];
  assert.equal(fidelity, "polled");
  assert.match(because, /^not root: .*(E(PERM|ACCES)|libbpf\.so\.1 not found)/);
  assert.equal(hasEvents, true);
});

test("in a process namespace of its own: polling, since the kernel's numbers would be other processes here", (context) => {
  if (!skipUnless(context, process.geteuid?.() === 0, "root, to make a process namespace")) return;
  const script = `
    const { createSensor } = await import(${JSON.stringify(new URL("create-sensor.ts", import.meta.url).href)});
    const sensor = await createSensor({ pollIntervalMs: 50 });
    console.log(JSON.stringify([sensor.fidelity, sensor.fidelityBecause]));
    process.exit();`;
  const words = ["--pid", "--fork", "--mount-proc", process.execPath, "--input-type=module", "-e", script];
  const child = spawnSync("unshare", words, { encoding: "utf8" });
  assert.equal(child.status, 0, child.stderr);
  const [fidelity, because] = JSON.parse(child.stdout) as [string, string];
  assert.equal(fidelity, "polled");
  assert.match(because, /set hostPID/);
});

test("under a profiler, whose signals come all the time: the kernel's own rung all the same", (context) => {
  if (!skipUnless(context, missing === "", `kernel sensor: ${missing}`)) return;
  const script = `
    const { createSensor } = await import(${JSON.stringify(new URL("create-sensor.ts", import.meta.url).href)});
    const sensor = await createSensor();
    await sensor.close();
    console.log(sensor.fidelity + " " + sensor.fidelityBecause);`;
  const folder = mkdtempSync(join(tmpdir(), "garrison-profiled-"));
  try {
    const words = ["--cpu-prof", `--cpu-prof-dir=${folder}`, "--input-type=module", "-e", script];
    const child = spawnSync(process.execPath, words, { encoding: "utf8" });
    assert.equal(child.stdout, "kernel \n", child.stderr);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("where the objects are missing: the kernel's notifications, and the reason names them", async (context) => {
  if (!skipUnless(context, missing === "", `kernel sensor: ${missing}`)) return;
  const sensor = await createSensor({ objectPath: "/nowhere/sensor.bpf.o" });
  await sensor.close();
  assert.deepEqual(
    [sensor.fidelity, sensor.fidelityBecause],
    ["notified", "cannot open /nowhere/sensor.bpf.o: ENOENT"],
  );
  await assert.rejects(createSensor({ objectPath: "/nowhere/sensor.bpf.o", rung: "kernel" }), { code: "sensor/load" });
});

test("a cgroup that does not exist is the caller's mistake, not a reason to poll", async (context) => {
  if (!skipUnless(context, missing === "", `kernel sensor: ${missing}`)) return;
  await assert.rejects(createSensor({ cgroupPath: "/nowhere" }), { code: "sensor/attach" });
});

test("polling can be asked for", async () => {
  const sensor = await createSensor({ rung: "polling" });
  await sensor.close();
  assert.deepEqual([sensor.fidelity, sensor.fidelityBecause], ["polled", "polling was asked for"]);
});

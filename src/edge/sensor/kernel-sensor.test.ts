// The kernel sensor against the real kernel: processes and their paths, arguments, exits; cgroups; close.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { Sensor } from "../../core/sense/sensor.ts";
import { skipUnless } from "../../../test/support/skip.ts";
import { createKernelSensor } from "./kernel-sensor.ts";
import { readStat } from "./proc.ts";
import { kernelPrograms } from "./programs.ts";
import { createRecorder, kernelSensorMissing, makePrivateCgroup, run } from "./sensor.fixture.ts";

const memoryExec = fileURLToPath(new URL("memory-exec.fixture.ts", import.meta.url));
const missing = await kernelSensorMissing();

describe("processes seen by the kernel", () => {
  const recorder = createRecorder(() => sensor?.stats().dropsByType);
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "garrison-sensor-")));
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

  test("says that it is the kernel rung, with every ability named", (context) => {
    if (!canRun(context)) return;
    assert.equal(sensor?.fidelity, "kernel");
    assert.equal(sensor.fidelityBecause, "");
    const refused = sensor.capabilities.filter((capability) => !capability.available);
    assert.deepEqual(refused, []);
    const names = new Set(sensor.capabilities.map((capability) => capability.name));
    for (const { ability } of kernelPrograms) assert.ok(names.has(ability), ability);
    assert.ok(names.has("host-pids"));
  });

  test("reports what runs already, with the key that /proc gives", async (context) => {
    if (!canRun(context)) return;
    const own = await recorder.find("running", (event) => event.process.pid === process.pid);
    assert.equal(own.process.startMs, readStat("/proc", process.pid)?.process.startMs);
    assert.equal(own.path, realpathSync(process.execPath));
    assert.equal(own.parent.pid, process.ppid);
  });

  test("exec: path, arguments, folder, ids and parent; fork before it and exit after it", async (context) => {
    if (!canRun(context)) return;
    const { pid } = await run("/bin/echo", ["one", "two words", "ünïcode", ""], { cwd: folder });
    const exec = await recorder.find("exec", (event) => event.process.pid === pid);
    assert.equal(exec.path, realpathSync("/bin/echo"));
    assert.deepEqual(exec.arguments, ["/bin/echo", "one", "two words", "ünïcode", ""]);
    assert.equal(exec.argumentsCut, false);
    assert.equal(exec.workingDirectory, folder);
    assert.equal(exec.comm, "echo");
    assert.deepEqual([exec.uid, exec.gid], [process.geteuid?.(), process.getegid?.()]);
    assert.ok(exec.capabilities > 0);
    assert.deepEqual(exec.parent, readStat("/proc", process.pid)?.process);
    const fork = await recorder.find("fork", (event) => event.process.pid === pid);
    assert.deepEqual(fork.process, exec.process);
    assert.deepEqual(fork.parent, exec.parent);
    const exit = await recorder.find("exit", (event) => event.process.pid === pid);
    assert.deepEqual([exit.process, exit.exitCode, exit.signal], [exec.process, 0, 0]);
    const order = recorder.events
      .filter((event) => event.process.pid === pid && event.type !== "file" && event.type !== "call")
      .map((event) => event.type);
    assert.deepEqual(order, ["fork", "exec", "exit"]);
  });

  test("a process key from the kernel equals the one from /proc while it runs", async (context) => {
    if (!canRun(context)) return;
    const child = spawn("/bin/sleep", ["60"]);
    try {
      const exec = await recorder.find("exec", (event) => event.process.pid === child.pid);
      assert.deepEqual(exec.process, readStat("/proc", child.pid ?? 0)?.process);
    } finally {
      child.kill("SIGKILL");
    }
    const exit = await recorder.find("exit", (event) => event.process.pid === child.pid);
    assert.deepEqual([exit.exitCode, exit.signal], [-1, 9]);
  });

  test("a symbolic link does not hide what really runs", async (context) => {
    if (!canRun(context)) return;
    const link = join(folder, "innocent");
    symlinkSync("/bin/true", link);
    const { pid } = await run(link);
    const exec = await recorder.find("exec", (event) => event.process.pid === pid);
    assert.equal(exec.path, realpathSync("/bin/true"));
    assert.deepEqual(exec.arguments, [link]);
  });

  test("paths are those of the mount tree: through a bind mount, with the folder of a chroot in front, and without a file", async (context) => {
    if (!canRun(context)) return;
    const mounted = join(folder, "mounted");
    const root = join(folder, "root");
    mkdirSync(mounted);
    const script = `mount --bind /usr/bin ${mounted} && ${mounted}/true &&
      mkdir -p ${root} && mount --rbind / ${root} && exec chroot ${root} /usr/bin/env -C /usr true`;
    const { pid, status } = await run("unshare", ["--mount", "/bin/sh", "-c", script]);
    assert.equal(status, 0);
    const bound = await recorder.find("exec", (event) => event.path === `${mounted}/true`);
    assert.equal(bound.parent.pid, pid);
    const rooted = await recorder.find("exec", (event) => event.process.pid === pid && event.comm === "true");
    assert.deepEqual([rooted.path, rooted.workingDirectory], [root + realpathSync("/usr/bin/true"), `${root}/usr`]);
    const image = await run(process.execPath, [memoryExec]);
    const nameless = await recorder.find(
      "exec",
      (event) => event.parent.pid === image.pid && event.path === "/memfd:nowhere",
    );
    assert.deepEqual(nameless.arguments, ["true-from-memory"]);
  });

  test("deep folders and long arguments: whole path, arguments cut at the limit and marked", async (context) => {
    if (!canRun(context)) return;
    let deep = folder;
    for (let level = 0; level < 40; level += 1) deep = join(deep, `level-${level}-${"x".repeat(40)}`);
    mkdirSync(deep, { recursive: true });
    const { pid } = await run("/bin/echo", ["a".repeat(5000)], { cwd: deep });
    const exec = await recorder.find("exec", (event) => event.process.pid === pid);
    assert.equal(exec.workingDirectory, deep);
    assert.equal(exec.argumentsCut, true);
    assert.equal(exec.arguments.join("\0").length, 4095);
  });

  const exits: readonly [script: string, exitCode: number, signal: number][] = [
    ["exit 0", 0, 0],
    ["exit 7", 7, 0],
    ["exit 255", 255, 0],
    ["kill -TERM $$", -1, 15],
    ["kill -SEGV $$", -1, 11],
  ];
  for (const [script, exitCode, signal] of exits) {
    test(`exit of "${script}" is code ${exitCode}, signal ${signal}`, async (context) => {
      if (!canRun(context)) return;
      const { pid } = await run("/bin/sh", ["-c", script]);
      const exit = await recorder.find("exit", (event) => event.process.pid === pid);
      assert.deepEqual([exit.exitCode, exit.signal], [exitCode, signal]);
    });
  }

  test("a child cgroup: made, used and removed, with one id", async (context) => {
    if (!canRun(context)) return;
    let id = 0;
    let pid = 0;
    {
      using cgroup = makePrivateCgroup("life");
      id = statSync(cgroup.path).ino;
      ({ pid } = await run(...cgroup.inside("exec /bin/true")));
    }
    const exec = await recorder.find("exec", (event) => event.process.pid === pid && event.comm === "true");
    assert.equal(exec.cgroupId, id);
    const made = await recorder.find("cgroup-made", (event) => event.cgroupId === id);
    assert.match(made.path, /^\/garrison-test-life-/);
    await recorder.find("cgroup-removed", (event) => event.cgroupId === id);
    for (const hierarchy of ["cpu", "memory", "pids"]) {
      const folder = `/sys/fs/cgroup/${hierarchy}/garrison-test-v1-${process.pid}`;
      if (!existsSync(dirname(folder))) continue;
      mkdirSync(folder);
      rmdirSync(folder);
    }
    await run("/bin/true");
    await recorder.find("exit", (event) => event.comm === "true" && event.process.pid !== pid);
    const others = recorder.events.filter(
      (event) => event.type === "cgroup-made" && event.path.includes("garrison-test-v1"),
    );
    assert.deepEqual(others, []);
  });

  test("records that lie across the end of the ring are whole", async (context) => {
    if (!canRun(context)) return;
    const wrapped = createRecorder();
    const small = await createKernelSensor({ ringHighBytes: 131_072, ringLowBytes: 65_536 });
    try {
      await small.start(wrapped.onBatch);
      for (let round = 0; round < 60; round += 1) {
        const long = `${round}-${"y".repeat(3900)}`;
        const { pid } = await run("/bin/true", [long]);
        const exec = await wrapped.find("exec", (event) => event.process.pid === pid);
        assert.deepEqual([exec.path, exec.arguments], [realpathSync("/bin/true"), ["/bin/true", long]]);
      }
    } finally {
      await small.close();
    }
  });

  test("counts what it delivered", (context) => {
    if (!canRun(context)) return;
    const stats = sensor?.stats();
    assert.ok((stats?.eventsByType["exec"] ?? 0) > 0);
    assert.ok((stats?.cpuMs ?? 0) > 0);
  });

  test("closing twice is safe, and nothing arrives afterwards", async (context) => {
    if (!canRun(context)) return;
    const second = createRecorder();
    const other = await createKernelSensor({ ringHighBytes: 65_536, ringLowBytes: 65_536 });
    await other.start(second.onBatch);
    await other.close();
    await other.close();
    second.events.length = 0;
    const { pid } = await run("/bin/true");
    await recorder.find("exit", (event) => event.process.pid === pid);
    assert.deepEqual(second.events, []);
    assert.ok(other.stats().cpuMs >= 0);
  });
});

test("a flood of connections does not hide what is executed", async (context) => {
  if (!skipUnless(context, missing === "", `kernel sensor: ${missing}`)) return;
  const recorder = createRecorder();
  const sensor = await createKernelSensor({ ringHighBytes: 262_144, ringLowBytes: 65_536 });
  try {
    await sensor.start(recorder.onBatch);
    // Nobody reads the ring meanwhile: 4,000 refused connections would fill it twice.
    const flood =
      "for ((i = 0; i < 4000; i++)); do : < /dev/tcp/127.0.0.1/1; done 2>/dev/null; exec /bin/true behind-the-flood";
    const { pid } = spawnSync("bash", ["-c", flood]);
    const exec = await recorder.find("exec", (event) => event.arguments[1] === "behind-the-flood");
    assert.equal(exec.process.pid, pid);
    await recorder.find("exit", (event) => event.process.pid === pid);
    assert.ok((sensor.stats().dropsByType["tcp-failed"] ?? 0) > 0);
  } finally {
    await sensor.close();
  }
});

test("the reader runs in any thread: here a worker", async (context) => {
  if (!skipUnless(context, missing === "", `kernel sensor: ${missing}`)) return;
  const script = `
    const { parentPort } = require("node:worker_threads");
    import(${JSON.stringify(new URL("kernel-sensor.ts", import.meta.url).href)}).then(async ({ createKernelSensor }) => {
      const sensor = await createKernelSensor({ ringHighBytes: 1048576, ringLowBytes: 65536 });
      await sensor.start(async (events) => {
        const exec = events.find((event) => event.type === "exec" && event.arguments[1] === "for-the-worker");
        if (exec === undefined) return;
        await sensor.close();
        parentPort.postMessage(exec.process.pid);
      });
      parentPort.postMessage("ready");
    });`;
  const worker = new Worker(script, { eval: true });
  const exited = once(worker, "exit");
  assert.deepEqual(await once(worker, "message"), ["ready"]);
  const reported = once(worker, "message");
  const { pid } = await run("/bin/true", ["for-the-worker"]);
  assert.deepEqual(await reported, [pid]);
  await exited;
});

test("a missing object file is a fault that says what to do", async (context) => {
  if (!skipUnless(context, missing === "", `kernel sensor: ${missing}`)) return;
  await assert.rejects(createKernelSensor({ objectPath: "/nowhere/sensor.bpf.o" }), { code: "sensor/load" });
});

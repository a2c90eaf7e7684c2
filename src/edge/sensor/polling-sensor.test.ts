// The polling rung against this machine's /proc, without any privilege: processes and connections come and go.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { skipUnless } from "../../../test/support/skip.ts";
import { createPollingSensor } from "./polling-sensor.ts";
import { createRecorder } from "./sensor.fixture.ts";

describe("the machine seen by polling", () => {
  const recorder = createRecorder();
  const sensor = createPollingSensor({ because: "this test wants it", intervalMs: 50 });
  before(() => sensor.start(recorder.onBatch));
  after(() => sensor.close());

  test("says that it polls, why, and what it cannot see", () => {
    assert.equal(sensor.fidelity, "polled");
    assert.equal(sensor.fidelityBecause, "this test wants it");
    const unavailable = sensor.capabilities.filter((capability) => !capability.available);
    assert.deepEqual(
      unavailable.map((capability) => capability.name),
      ["fork", "packets", "cgroups", "environment"],
    );
    for (const capability of sensor.capabilities) assert.notEqual(capability.because, "");
  });

  test("what runs already, then a process that starts and ends", async () => {
    const own = await recorder.find("running", (event) => event.process.pid === process.pid);
    assert.ok(own.arguments.length > 0);
    const child = spawn("/bin/sleep", ["60"]);
    const started = await recorder.find("exec", (event) => event.process.pid === child.pid && event.comm === "sleep");
    assert.deepEqual(started.arguments, ["/bin/sleep", "60"]);
    assert.equal(started.parent.pid, process.pid);
    child.kill();
    const ended = await recorder.find("exit", (event) => event.process.pid === child.pid);
    assert.deepEqual([ended.process, ended.exitCode, ended.signal], [started.process, -1, 0]);
  });

  test("a process that only renames itself has executed nothing", async () => {
    const script = "read a; echo renamed > /proc/$$/comm; echo; read b; exec sleep 60";
    const child = spawn("/bin/sh", ["-c", script], { stdio: ["pipe", "pipe", "ignore"] });
    try {
      await recorder.find("exec", (event) => event.process.pid === child.pid && event.comm === "sh");
      child.stdin.write("\n");
      await once(child.stdout, "data");
      // Some looks at the new name; fewer on a slow machine only make the test weaker.
      await sleep(300);
      child.stdin.write("\n");
      await recorder.find("exec", (event) => event.process.pid === child.pid && event.comm === "sleep");
      const seen = recorder.events.filter((event) => event.process.pid === child.pid);
      assert.ok(!seen.some((event) => event.comm === "renamed"), JSON.stringify(seen));
    } finally {
      child.kill();
    }
  });

  test("a connection's two ends, with their process, until they close", async () => {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const client = connect(port, "127.0.0.1");
    const [accepted] = (await once(server, "connection")) as [ReturnType<typeof connect>];
    const outbound = await recorder.find(
      "tcp-open",
      (event) => event.remotePort === port && event.direction === "outbound",
    );
    const inbound = await recorder.find(
      "tcp-open",
      (event) => event.localPort === port && event.direction === "inbound",
    );
    assert.deepEqual([outbound.process.pid, inbound.process.pid], [process.pid, process.pid]);
    assert.deepEqual([outbound.localAddress, outbound.remoteAddress], ["127.0.0.1", "127.0.0.1"]);
    client.destroy();
    accepted.destroy();
    server.close();
    const closed = await recorder.find("tcp-close", (event) => event.socketId === outbound.socketId);
    assert.deepEqual([closed.remotePort, closed.bytesSent], [port, 0]);
  });

  test("without /proc it says that it is blind", async () => {
    const blind = createPollingSensor({ because: "no kernel", procPath: "/nowhere" });
    await blind.start(() => assert.fail("nothing can be seen"));
    await blind.close();
    for (const { available, because } of blind.capabilities)
      assert.deepEqual([available, because], [false, "there is no /nowhere to look at"]);
  });

  test("counts, closes twice", async () => {
    assert.ok((sensor.stats().eventsByType["running"] ?? 0) > 0);
    await sensor.close();
    await sensor.close();
  });
});

test("as another user: a socket of a process that may not be looked at says so, an own one has its process", async (context) => {
  if (!skipUnless(context, process.geteuid?.() === 0, "root, to become nobody")) return;
  const server = createServer((socket) => socket.resume());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const rootClient = connect(port, "127.0.0.1");
  try {
    await once(rootClient, "connect");
    const script = `
      const { createPollingSensor } = await import(${JSON.stringify(new URL("polling-sensor.ts", import.meta.url).href)});
      const { connect } = await import("node:net");
      const own = connect(${port}, "127.0.0.1");
      own.once("connect", async () => {
        const sensor = createPollingSensor({ because: "test" });
        await sensor.start((events) => {
          const opened = events.filter((event) => event.type === "tcp-open" && event.remotePort === ${port});
          const told = opened.map(({ localPort, process: { pid }, isProcessHidden = false }) =>
            [localPort === own.localPort, pid === process.pid, pid === 0, isProcessHidden]);
          console.log(JSON.stringify(told.toSorted()));
          process.exit();
        });
      });`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      uid: 65_534,
      gid: 65_534,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
    await once(child, "close");
    assert.deepEqual(JSON.parse(text), [
      [false, false, true, true],
      [true, true, false, false],
    ]);
  } finally {
    rootClient.destroy();
    server.close();
  }
});

interface Fake {
  readonly comm: string;
  readonly flags?: number;
  readonly exe?: string;
  readonly commandLine?: string;
}

function writeProcess(root: string, pid: number, { comm, flags = 0x40_0000, exe, commandLine = "" }: Fake): void {
  const folder = join(root, String(pid));
  mkdirSync(folder, { recursive: true });
  rmSync(join(folder, "exe"), { force: true });
  if (exe !== undefined) symlinkSync(exe, join(folder, "exe"));
  writeFileSync(join(folder, "cmdline"), commandLine);
  writeFileSync(join(folder, "status"), "Uid:\t0\t0\t0\t0\n");
  const numbers = `S 2 0 0 0 -1 ${flags} 0 0 0 0 1 2 3 4 20 0 1 0 12345 0 0`;
  writeFileSync(join(folder, "stat"), `${pid} (${comm}) ${numbers}`);
}

test("kernel threads are told once as running; an exec is another executable or another command line", async () => {
  const root = mkdtempSync(join(tmpdir(), "garrison-polling-"));
  const kernelThread = 0x420_8060 | 0x20_0000;
  const recorder = createRecorder();
  const sensor = createPollingSensor({ because: "test", procPath: root, intervalMs: 10 });
  const shell = { exe: "/bin/busybox", commandLine: "sh\0" };
  /** Every look after this one sees what was written before it: a new process ends each step. */
  async function step(pid: number): Promise<void> {
    writeProcess(root, pid, { comm: "mark", exe: "/mark", commandLine: "mark\0" });
    await recorder.find("exec", (event) => event.process.pid === pid);
  }
  try {
    mkdirSync(join(root, "self"));
    writeProcess(root, 10, { comm: "kworker/0:1-events", flags: kernelThread });
    writeProcess(root, 20, { comm: "sh", ...shell });
    writeProcess(root, 21, { comm: "a", exe: "/a", commandLine: "a\0" });
    await sensor.start(recorder.onBatch);
    writeProcess(root, 10, { comm: "kworker/0:1-virtio_vsock", flags: kernelThread });
    writeProcess(root, 11, { comm: "kworker/1:0", flags: kernelThread });
    writeProcess(root, 20, { comm: "renamed", ...shell });
    writeProcess(root, 21, { comm: "b", exe: "/b", commandLine: "a\0" });
    await step(90);
    writeProcess(root, 10, { comm: "kworker/0:1-mm", flags: kernelThread });
    writeProcess(root, 20, { comm: "ls", ...shell, commandLine: "ls\0" });
    writeProcess(root, 21, { comm: "ending" });
    await step(91);
    const told = recorder.events.filter((event) => event.process.pid < 90);
    assert.deepEqual(told.map((event) => `${event.type} ${event.process.pid} ${event.comm}`).toSorted(), [
      "exec 20 ls",
      "exec 21 b",
      "running 10 kworker/0:1-events",
      "running 11 kworker/1:0",
      "running 20 sh",
      "running 21 a",
    ]);
  } finally {
    await sensor.close();
    rmSync(root, { recursive: true });
  }
});

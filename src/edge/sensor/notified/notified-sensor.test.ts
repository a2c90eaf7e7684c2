// The notified rung on this machine's kernel: processes with their arguments, exits with code and signal, processes that are gone at once, opens in a private folder
// and in another mount namespace, losses that are counted and healed, and nothing left open afterwards.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { skipUnless } from "../../../../test/support/skip.ts";
import { createSensor } from "../create-sensor.ts";
import { createRecorder } from "../sensor.fixture.ts";
import { createNotifiedSensor } from "./notified-sensor.ts";

function reasonNot(): string {
  try {
    void createNotifiedSensor({ because: "" }).close();
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

const missing = reasonNot();
const folder = mkdtempSync(join(tmpdir(), "garrison-notified-"));
after(() => rmSync(folder, { recursive: true, force: true }));

describe("the machine as the kernel notifies of it", { skip: missing === "" ? false : `MISSING: ${missing}` }, () => {
  const recorder = createRecorder();
  const watched = join(folder, "watched");
  mkdirSync(watched);
  const sensor = createNotifiedSensor({ because: "this test wants it", folders: [watched], pollIntervalMs: 100 });
  before(() => sensor.start(recorder.onBatch));
  after(() => sensor.close());

  test("says what it is, and what it cannot see", () => {
    assert.deepEqual([sensor.fidelity, sensor.fidelityBecause], ["notified", "this test wants it"]);
    const unavailable = sensor.capabilities.filter(({ available }) => !available).map(({ name }) => name);
    assert.deepEqual(unavailable, ["packets", "cgroups", "environment"]);
    for (const { because } of sensor.capabilities) assert.notEqual(because, "");
    assert.match(sensor.capabilities.find(({ name }) => name === "files")?.because ?? "", /^opens in 1 of 1 folders/);
  });

  test("what runs already; then a child's fork, exec with arguments, and exit by its code", async () => {
    await recorder.find("running", (event) => event.process.pid === process.pid);
    const child = spawn("/bin/sh", ["-c", "read line; exit 3"]);
    const exec = await recorder.find("exec", (event) => event.process.pid === child.pid && event.comm === "sh");
    assert.deepEqual(exec.arguments, ["/bin/sh", "-c", "read line; exit 3"]);
    assert.deepEqual([exec.parent.pid, exec.uid, exec.argumentsCut], [process.pid, process.geteuid?.(), false]);
    assert.match(exec.path, /\/(dash|sh|bash)$/);
    const fork = await recorder.find("fork", (event) => event.process.pid === child.pid);
    assert.deepEqual([fork.process, fork.parent.pid], [exec.process, process.pid]);
    child.stdin.end("\n");
    const exit = await recorder.find("exit", (event) => event.process.pid === child.pid);
    assert.deepEqual([exit.process, exit.comm, exit.exitCode, exit.signal], [exec.process, "sh", 3, 0]);
    const order = recorder.events.filter((event) => event.process.pid === child.pid).map(({ type }) => type);
    assert.deepEqual(order, ["fork", "exec", "exit"]);
  });

  test("an exit by a signal, and a changed user", async () => {
    const child = spawn("/bin/sleep", ["60"], { uid: 65_534 });
    const exec = await recorder.find("exec", (event) => event.process.pid === child.pid);
    assert.equal(exec.uid, 65_534);
    const call = await recorder.find("call", (event) => event.process.pid === child.pid && event.call === "setuid");
    assert.deepEqual([call.way, call.credentials?.uidBefore, call.credentials?.uidAfter], ["notified", 0, 65_534]);
    child.kill("SIGKILL");
    const exit = await recorder.find("exit", (event) => event.process.pid === child.pid);
    assert.deepEqual([exit.exitCode, exit.signal], [-1, 9]);
  });

  test("one that is gone before it can be looked at is told with its file, without its arguments, and counted", async () => {
    const earlier = sensor.stats().dropsByType["exec-vanished"] ?? 0;
    // The loop stands still until the child has ended.
    const { pid } = spawnSync("/bin/true", ["unseen"]);
    const exec = await recorder.find("exec", (event) => event.process.pid === pid);
    assert.match(exec.path, /\/(true|coreutils|busybox)$/);
    assert.deepEqual([exec.arguments, exec.argumentsCut, exec.parent.pid], [[], true, process.pid]);
    assert.ok(exec.process.startMs > 0);
    const exit = await recorder.find("exit", (event) => event.process.pid === pid);
    assert.deepEqual(exit.process, exec.process);
    assert.ok((sensor.stats().dropsByType["exec-vanished"] ?? 0) > earlier);
  });

  test("opens in the folder, with the process; that something was written; nothing of other folders", async () => {
    writeFileSync(join(watched, "secret"), "x");
    writeFileSync(join(folder, "elsewhere"), "x");
    const child = spawn("/bin/sh", [
      "-c",
      `read line; cat ${watched}/secret ${folder}/elsewhere; echo more >> ${watched}/written`,
    ]);
    const shell = await recorder.find("exec", (event) => event.process.pid === child.pid);
    child.stdin.end("\n");
    await once(child, "exit");
    const read = await recorder.find("file", (event) => event.path === `${watched}/secret`);
    assert.deepEqual([read.deed, read.way, read.flags, read.comm], ["open", "notified", 0, "cat"]);
    assert.ok(read.inode > 0);
    const written = await recorder.find("file", (event) => event.path === `${watched}/written` && event.flags === 1);
    assert.deepEqual(written.process, shell.process);
    assert.ok(!recorder.events.some((event) => event.type === "file" && !event.path.startsWith(`${watched}/`)));
  });

  test("the folder of another root is watched when something runs there", async () => {
    // More than once: what runs there is told when its program is known, and the folder is watched with the notice of that program's start, which may be the next one.
    const inner = `while read line; do cat ${watched}/inside; done`;
    const outer = `mount -t tmpfs tmpfs ${watched} && echo x > ${watched}/inside && exec unshare --mount sh -c '${inner}'`;
    const child = spawn("unshare", ["--mount", "sh", "-c", outer]);
    const ended = once(child, "exit");
    await recorder.find("exec", (event) => event.arguments.at(-1) === inner && event.comm === "sh");
    const asking = setInterval(() => child.stdin.write("\n"), 50);
    const opened = await recorder
      .find("file", (event) => event.path.endsWith("/inside") && event.comm === "cat")
      .finally(() => {
        clearInterval(asking);
        child.stdin.end();
      });
    assert.equal(opened.way, "notified");
    await ended;
  });

  test("a root whose namespace has the number of an ended one is watched, too", async () => {
    const numbers = new Set<number>();
    for (let attempt = 0; attempt < 200; attempt += 1) {
      const file = `${watched}/of-${attempt}`;
      const inner = `read line; while read line; do cat ${file}; done`;
      const mounts = `mount -t tmpfs tmpfs ${watched} && echo x > ${file} && exec sh -c '${inner}'`;
      const child = spawn("unshare", ["--mount", "sh", "-c", mounts]);
      const ended = once(child, "exit");
      const { process: started } = await recorder.find("exec", ({ arguments: given }) => given.at(-1) === inner);
      const number = statSync(`/proc/${started.pid}/ns/mnt`).ino;
      const isReused = numbers.has(number);
      numbers.add(number);
      const asking = isReused ? setInterval(() => child.stdin.write("\n"), 50) : undefined;
      if (isReused)
        await recorder.find("file", ({ path }) => path.endsWith(`/of-${attempt}`)).finally(() => clearInterval(asking));
      child.stdin.end();
      await ended;
      if (isReused) return;
    }
    assert.fail(`no number came again: ${[...numbers].join(" ")}`);
  });

  test("connections come from looking", async () => {
    assert.ok(sensor.capabilities.some(({ name, because }) => name === "tcp" && because.startsWith("polled")));
  });
});

test("lost notices are counted by their numbers, and what they told of is found by looking", async (context) => {
  if (!skipUnless(context, missing === "", missing)) return;
  const recorder = createRecorder();
  const sensor = createNotifiedSensor({ because: "", folders: [], pollIntervalMs: 50, receiveBytes: 4096 });
  await sensor.start(recorder.onBatch);
  const children: number[] = [];
  try {
    // The loop stands still while far more is told than there is room for; some of it keeps running.
    const script = "i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i+1)); done; sleep 300 >/dev/null 2>&1 & echo $!";
    children.push(Number(spawnSync("/bin/sh", ["-c", script], { encoding: "utf8" }).stdout));
    const found = await recorder.find("exec", (event) => event.process.pid === children[0]);
    assert.deepEqual(found.arguments, ["sleep", "300"]);
    assert.ok((sensor.stats().dropsByType["process-notices"] ?? 0) > 0, JSON.stringify(sensor.stats()));
  } finally {
    for (const pid of children) process.kill(pid);
    await sensor.close();
  }
});

test("more opens than the kernel keeps are counted as lost", async (context) => {
  if (!skipUnless(context, missing === "", missing)) return;
  const many = join(folder, "many");
  mkdirSync(many);
  const sensor = createNotifiedSensor({ because: "", folders: [many] });
  await sensor.start(() => undefined);
  try {
    // fanotify keeps 16,384 different ones; equal ones are one.
    const queueMax = Number(readFileSync("/proc/sys/fs/fanotify/max_queued_events", "utf8"));
    if (!skipUnless(context, queueMax <= 20_000, "a short queue of fanotify")) return;
    for (let number = 0; number < queueMax + 500; number += 1) writeFileSync(join(many, String(number)), "");
    while ((sensor.stats().dropsByType["file"] ?? 0) === 0) await sleep(20);
  } finally {
    await sensor.close();
  }
});

test("nothing is left open; closing twice is closing once", async (context) => {
  if (!skipUnless(context, missing === "", missing)) return;
  const earlier = new Set(readdirSync("/proc/self/fd"));
  // Only what is new: pipes of earlier tests' children may go meanwhile.
  const opened = (): readonly string[] => readdirSync("/proc/self/fd").filter((descriptor) => !earlier.has(descriptor));
  const sensor = createNotifiedSensor({ because: "" });
  await sensor.start(() => undefined);
  assert.ok(opened().length >= 3);
  await sensor.close();
  await sensor.close();
  assert.deepEqual(opened(), []);
});

test("asked for without the right: refused, with what it needs", (context) => {
  if (!skipUnless(context, process.geteuid?.() === 0, "root, to become nobody")) return;
  const script = `
    const { createSensor } = await import(${JSON.stringify(new URL("../create-sensor.ts", import.meta.url).href)});
    await createSensor({ rung: "notified" }).then(() => console.log("made"), (fault) => console.log(fault.code, fault.hint));`;
  const child = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    uid: 65_534,
    gid: 65_534,
    encoding: "utf8",
  });
  assert.match(child.stdout, /^sensor\/notify it needs root/, child.stderr);
});

test("it can be asked for", async (context) => {
  if (!skipUnless(context, missing === "", missing)) return;
  const sensor = await createSensor({ rung: "notified" });
  await sensor.close();
  assert.deepEqual([sensor.fidelity, sensor.fidelityBecause], ["notified", "the kernel's programs were not asked for"]);
});

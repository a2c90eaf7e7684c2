// The guard against this machine's kernel, in private child cgroups and mount namespaces only: whom it holds, for how long, and what is left when it is gone.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { skipUnless } from "../../../../test/support/skip.ts";
import type { CompiledPolicy, GuardScope } from "../../../core/runtime-policy/guard-port.ts";
import { makePrivateCgroup } from "../sensor.fixture.ts";
import { freeze, isFrozen, release } from "./freeze.ts";
import {
  choices,
  execRule,
  guardMissing,
  nothing,
  openScenes,
  recordsOf,
  runInside,
  type Scene,
  type Scenes,
} from "./guard.fixture.ts";
import { openGuard } from "./open-guard.ts";

const missing = guardMissing();
const id = realpathSync("/usr/bin/id");
const node = process.execPath;

describe("whom the kernel's guard holds", () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "garrison-guard-")));
  let scenes: Scenes | undefined;
  before(async () => {
    if (missing === "") scenes = await openScenes("guard-scopes");
  });
  after(() => {
    scenes?.[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });
  const canRun = (context: TestContext): boolean => skipUnless(context, missing === "", `kernel guard: ${missing}`);
  function scene(policy: CompiledPolicy, more: Partial<GuardScope> = {}): Scene {
    assert.ok(scenes);
    return scenes.scene(policy, more);
  }

  test("a mount namespace is a scope, and so is every one that is made from it", async (context) => {
    if (!canRun(context)) return;
    using made = scene(execRule(id));
    const script = `read go; ${id} >/dev/null; echo first $?; unshare --mount ${id} >/dev/null; echo second $?; unshare --mount --fork ${id} >/dev/null; echo third $?`;
    const child = spawn("unshare", ["--mount", "bash", "-c", script], { stdio: ["pipe", "pipe", "ignore"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    const ended = new Promise((done) => child.once("close", done));
    made.guard.setScopes([{ ...made.scope, kind: "mount-namespace", id: await namespaceOf(child.pid ?? 0) }]);
    child.stdin.end("go\n");
    await ended;
    // unshare itself says 1 when its child was killed.
    assert.match(output, /^first 137\nsecond 137\nthird (1|137)\n$/);
    assert.equal(spawnSync(id).status, 0);
  });

  test("a cgroup made below a scope is in it from the start; taken away with it", (context) => {
    if (!canRun(context)) return;
    using made = scene(execRule(id));
    const below = join(made.a, "below");
    mkdirSync(below);
    assert.equal(runInside(below, id).code, 137);
    const next = made.guard.addPolicy(execRule(realpathSync("/bin/true"), 2));
    made.guard.setScopes([{ ...made.scope, policy: next }]);
    made.guard.removePolicy(made.number);
    assert.deepEqual([runInside(below, id).code, runInside(below, "/bin/true").code], [0, 137]);
    made.guard.setScopes([]);
    assert.equal(runInside(below, "/bin/true").code, 0);
  });

  test("a cgroup made below a scope that is only tried is tried too, from the start", (context) => {
    if (!canRun(context)) return;
    using made = scene(
      { ...nothing, paths: [{ class: "exec", text: id, isExact: true, choices: choices(1, { action: "dry" }) }] },
      { dryPolicy: 1 },
    );
    const below = join(made.a, "below");
    mkdirSync(below);
    assert.equal(runInside(below, id).code, 0);
    assert.deepEqual(recordsOf(made.guard), [`exec would-kill kill 1 ${id}`]);
  });

  test("a container's cgroup: who is still in the host's mount namespace is the runtime's, and left alone", (context) => {
    if (!canRun(context)) return;
    using made = scene(execRule(id), { isContainer: true });
    assert.equal(runInside(made.a, id).code, 0);
    assert.equal(runInside(made.a, `unshare --mount ${id} >/dev/null`).code, 137);
  });

  test("a spared process is not held, what it starts is; and not any more when it runs another program", async (context) => {
    if (!canRun(context)) return;
    using made = scene({ ...nothing, points: [{ class: "call", call: "unshare", choices: choices(1) }] });
    const perl = `$| = 1; print "in\\n"; <STDIN>; syscall(272, 0); print "self\\n"; if (!fork) { syscall(272, 0); print "child\\n"; exit } wait; exec "unshare", "--uts", "echo", "other"`;
    const child = spawn("bash", ["-c", `echo $$ > ${made.a}/cgroup.procs; exec perl -e '${perl}'`]);
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    await new Promise((done) => child.stdout.once("data", done));
    const ended = new Promise((done) => child.once("close", done));
    made.guard.spare([child.pid ?? 0]);
    child.stdin.end("go\n");
    await ended;
    assert.equal(output, "in\nself\n");
    assert.deepEqual(recordsOf(made.guard), ["unshare killed kill 1", "unshare killed kill 1"]);
    made.guard.spare([]);
  });

  test("frozen processes stand still and go on; an isolated cgroup sends nothing", async (context) => {
    if (!canRun(context)) return;
    using made = scene(nothing);
    const child = spawn("bash", ["-c", `echo $$ > ${made.a}/cgroup.procs; echo in; while :; do sleep 0.01; done`]);
    await new Promise((done) => child.stdout.once("data", done));
    freeze(made.a);
    for (let round = 0; round < 3000 && !isFrozen(made.a); round += 1) await sleep(10);
    assert.ok(isFrozen(made.a));
    release(made.a);
    for (let round = 0; round < 3000 && isFrozen(made.a); round += 1) await sleep(10);
    assert.ok(!isFrozen(made.a));
    const ended = new Promise((done) => child.once("close", done));
    child.kill("SIGKILL");
    await ended;
    const ask = (seconds: number): string => `timeout ${seconds} bash -c ': < /dev/tcp/127.0.0.1/9' 2>&1; true`;
    using _isolated = made.guard.isolate(made.a);
    assert.doesNotMatch(runInside(made.a, ask(1)).output, /refused/);
    assert.match(runInside(made.b, ask(60)).output, /refused/);
  });

  test("this thread goes on while the kernel looks at the programs; after close nothing is stopped, and closing twice is safe", async (context) => {
    if (!canRun(context)) return;
    using outer = makePrivateCgroup("guard-closed");
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    const guard = await openGuard({ cgroupPath: outer.path, agentPid: process.pid, lsm: "never" });
    clearInterval(timer);
    assert.ok(turns > 1, `the loop turned ${turns} times`);
    const scope = { kind: "cgroup", id: statSync(outer.path).ino, dryPolicy: 0, isContainer: false } as const;
    guard.setScopes([{ ...scope, policy: guard.addPolicy(execRule(id)) }]);
    assert.equal(runInside(outer.path, id).code, 137);
    guard.close();
    guard.close();
    assert.equal(runInside(outer.path, id).code, 0);
    assert.deepEqual(guard.drain(), []);
  });

  test("a dead agent blocks nothing", async (context) => {
    if (!canRun(context)) return;
    using outer = makePrivateCgroup("guard-dead");
    const script = join(folder, "dying.mjs");
    writeFileSync(script, dyingScript(outer.path));
    const agent = spawn(node, [script], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((done) => agent.stdout.once("data", done));
    assert.equal(runInside(outer.path, id).code, 137);
    const ended = new Promise((done) => agent.once("close", done));
    agent.kill("SIGKILL");
    await ended;
    // The kernel frees the links with the process's descriptors, a moment after its end.
    for (let round = 0; round < 1500 && runInside(outer.path, id).code !== 0; round += 1) await sleep(20);
    assert.equal(runInside(outer.path, id).code, 0);
  });

  test("here the planes are told as they are: LSM refused by trying, the others there", (context) => {
    if (!canRun(context)) return;
    using made = scene(nothing);
    assert.deepEqual([made.guard.planes.kill, made.guard.planes.cgroup, made.guard.planes.killAtCall], ["", "", ""]);
    assert.match(made.guard.planes.lsm, /^$|refused program lsm_bpf: EPERM/);
    assert.deepEqual(made.guard.stats().lossesByKind, {});
  });

  test("no room in a table is a fault, and what was half written is taken out again", (context) => {
    if (!canRun(context)) return;
    using made = scene(nothing);
    const many: CompiledPolicy = {
      ...nothing,
      points: Array.from({ length: 17_000 }, (_, number) => ({ class: "capability", number, choices: choices(1) })),
    };
    assert.throws(() => made.guard.addPolicy(many), { code: "guard/full" });
    made.guard.removePolicy(made.guard.addPolicy({ ...many, points: many.points.slice(0, 16_000) }));
  });
});

async function namespaceOf(pid: number): Promise<number> {
  const own = statSync("/proc/self/ns/mnt").ino;
  for (let round = 0; round < 6000; round += 1) {
    const inode = statSync(`/proc/${pid}/ns/mnt`).ino;
    if (inode !== own) return inode;
    await sleep(10);
  }
  throw new Error("the child made no namespace");
}

function dyingScript(cgroupPath: string): string {
  const module = new URL("open-guard.ts", import.meta.url).href;
  return `
import { statSync } from "node:fs";
const { openGuard } = await import(${JSON.stringify(module)});
const guard = await openGuard({ cgroupPath: ${JSON.stringify(cgroupPath)}, agentPid: process.pid });
const choice = { rule: 1, action: "block", isWriteOnly: false, isOwnerExempt: false, directBytes: 0, sources: 0 };
const policy = guard.addPolicy({ paths: [{ class: "exec", text: ${JSON.stringify(id)}, isExact: true, choices: [choice] }], files: [], addresses: [], points: [], sources: [] });
guard.setScopes([{ kind: "cgroup", id: statSync(${JSON.stringify(cgroupPath)}).ino, policy, dryPolicy: 0, isContainer: false }]);
console.log("ready");
setInterval(() => {}, 1000);
`;
}

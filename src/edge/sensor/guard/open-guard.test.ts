// The guard against this machine's kernel, in private child cgroups and mount namespaces only. Here LSM programs are refused: kill and cgroup planes.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { skipUnless } from "../../../../test/support/skip.ts";
import type { CompiledPolicy, Guard, GuardScope } from "../../../core/runtime-policy/guard-port.ts";
import { makePrivateCgroup, type PrivateCgroup } from "../sensor.fixture.ts";
import { findFile } from "./find-file.ts";
import { freeze, isFrozen, release } from "./freeze.ts";
import { choices, guardMissing, nothing, recordsOf, runInside } from "./guard.fixture.ts";
import { openGuard } from "./open-guard.ts";

const missing = guardMissing();
const id = realpathSync("/usr/bin/id");
const node = process.execPath;

/** One guard for most tests, attached below one private cgroup: loading it reads all of the kernel's types each time. */
let shared: { readonly outer: PrivateCgroup; readonly guard: Guard } | undefined;
let scenes = 0;

/** Two private cgroups below, and a policy for the first one. */
function scene(policy: CompiledPolicy, more: Partial<GuardScope> = {}) {
  assert.ok(shared);
  const { outer, guard } = shared;
  scenes += 1;
  const [a, b] = [join(outer.path, `a${scenes}`), join(outer.path, `b${scenes}`)];
  mkdirSync(a);
  mkdirSync(b);
  const number = guard.addPolicy(policy);
  const own = more.dryPolicy === undefined ? { policy: number, dryPolicy: 0 } : { policy: 0, dryPolicy: number };
  const scope: GuardScope = { kind: "cgroup", id: statSync(a).ino, isContainer: false, ...more, ...own };
  guard.setScopes([scope]);
  return {
    ...{ a, b, guard, scope, number },
    [Symbol.dispose]: () => {
      guard.setScopes([]);
      guard.removePolicy(number);
      guard.drain();
      spawnSync("find", [a, b, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]);
    },
  };
}

const execRule = (text: string, rule = 1): CompiledPolicy => ({
  ...nothing,
  paths: [{ class: "exec", text, isExact: true, choices: choices(rule) }],
});

describe("the kernel's guard", () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "garrison-guard-")));
  before(() => {
    if (missing !== "") return;
    const outer = makePrivateCgroup("guard");
    shared = { outer, guard: openGuard({ cgroupPath: outer.path, agentPid: process.pid }) };
  });
  after(() => {
    shared?.guard.close();
    shared?.outer[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });
  const canRun = (context: TestContext): boolean => skipUnless(context, missing === "", `kernel guard: ${missing}`);

  test("kill at exec: in scope a only; the sibling and the machine are untouched", (context) => {
    if (!canRun(context)) return;
    using made = scene(execRule(id));
    assert.equal(runInside(made.a, id).code, 137);
    assert.match(runInside(made.b, id).output, /uid=/);
    assert.equal(spawnSync(id).status, 0);
    assert.deepEqual(recordsOf(made.guard), [`exec killed kill 1 ${id}`]);
  });

  test("not one instruction of the program runs, whatever the link to it is called", (context) => {
    if (!canRun(context)) return;
    using made = scene(execRule(id));
    const link = join(folder, "harmless");
    spawnSync("ln", ["-s", id, link]);
    const { code, output } = runInside(made.a, `${link} --help`);
    assert.deepEqual([code, output.includes("Usage")], [137, false]);
  });

  test("by inode: a second name of the file is the file", (context) => {
    if (!canRun(context)) return;
    const tool = join(folder, "tool");
    copyFileSync(id, tool);
    const found = findFile("", tool, "block");
    const policy: CompiledPolicy = {
      ...nothing,
      files: [{ class: "exec", device: found?.device ?? 0, inode: found?.inode ?? 0, choices: choices(4) }],
    };
    using made = scene(policy);
    spawnSync("ln", [tool, `${tool}-second`]);
    assert.equal(runInside(made.a, `${tool}-second`).code, 137);
    assert.equal(runInside(made.a, id).code, 0);
  });

  test("folders: everything below, direct children only, and the longest path wins", (context) => {
    if (!canRun(context)) return;
    for (const path of ["deep/x", "flat/x", "flat/below/x", "deep/fine/x"]) {
      mkdirSync(join(folder, path, ".."), { recursive: true });
      copyFileSync(id, join(folder, path));
    }
    const flat = `${folder}/flat/`;
    using made = scene({
      ...nothing,
      paths: [
        { class: "exec", text: `${folder}/deep/`, isExact: false, choices: choices(1) },
        {
          class: "exec",
          text: `${folder}/deep/fine/`,
          isExact: false,
          choices: [...choices(2, { action: "allow" }), ...choices(1)],
        },
        { class: "exec", text: flat, isExact: false, choices: choices(3, { directBytes: flat.length }) },
      ],
    });
    const codes = ["deep/x", "deep/fine/x", "flat/x", "flat/below/x"].map(
      (path) => runInside(made.a, join(folder, path)).code,
    );
    assert.deepEqual(codes, [137, 0, 137, 0]);
  });

  test("only these programs: the rest is killed", (context) => {
    if (!canRun(context)) return;
    const allowed = ["/bin/true", "/bin/bash"].map((path) => realpathSync(path));
    using made = scene({
      ...nothing,
      paths: allowed.map((text) => ({ class: "exec", text, isExact: true, choices: choices(1, { action: "allow" }) })),
      points: [{ class: "only", of: "exec", choices: choices(2) }],
    });
    assert.equal(runInside(made.a, "/bin/true").code, 0);
    assert.equal(runInside(made.a, id).code, 137);
    assert.equal(runInside(made.b, id).code, 0);
  });

  test("only when started by a program: sources are looked at", (context) => {
    if (!canRun(context)) return;
    const bash = realpathSync("/bin/bash");
    using made = scene({
      ...nothing,
      paths: [{ class: "exec", text: id, isExact: true, choices: choices(1, { sources: 1 }) }],
      sources: [bash],
    });
    assert.equal(runInside(made.a, `${id}; true`).code, 0);
    assert.deepEqual(recordsOf(made.guard), [`exec killed kill 1 ${id}`]);
    assert.equal(runInside(made.a, `sh -c '${id} >/dev/null; exit $?'`).code, 0);
  });

  test("dry run: the record says what it would have done, and nothing happens", (context) => {
    if (!canRun(context)) return;
    const policy: CompiledPolicy = {
      ...nothing,
      paths: [{ class: "exec", text: id, isExact: true, choices: choices(1, { action: "dry" }) }],
      addresses: [
        {
          operation: "connect",
          protocol: "tcp",
          port: 9,
          address: "",
          prefixBits: 0,
          choices: choices(2, { action: "dry" }),
        },
      ],
    };
    using made = scene(policy, { dryPolicy: 1 });
    assert.match(runInside(made.a, id).output, /uid=/);
    assert.match(runInside(made.a, ": < /dev/tcp/127.0.0.1/9").output, /refused/);
    assert.deepEqual(recordsOf(made.guard), [
      `exec would-kill kill 1 ${id}`,
      "connect would-deny cgroup 2 127.0.0.1:9 :::0",
    ]);
  });

  test("what is tried beside what is enforced: a block is a block, an allow is tried all the same", (context) => {
    if (!canRun(context)) return;
    using made = scene(execRule(id, 1));
    const dry = made.guard.addPolicy({
      ...nothing,
      paths: [
        { class: "exec", text: id, isExact: true, choices: choices(2, { action: "dry" }) },
        { class: "exec", text: realpathSync("/bin/true"), isExact: true, choices: choices(3, { action: "dry" }) },
      ],
    });
    made.guard.setScopes([{ ...made.scope, dryPolicy: dry }]);
    assert.deepEqual([runInside(made.a, id).code, runInside(made.a, "/bin/true").code], [137, 0]);
    assert.deepEqual(
      recordsOf(made.guard).map((words) => words.split(" ").slice(0, 4).join(" ")),
      ["exec killed kill 1", "exec would-kill kill 3"],
    );
  });

  test("connections, binds, sends and sockets: denied by cgroup hooks with EPERM", (context) => {
    if (!canRun(context)) return;
    const network = (operation: "connect" | "bind" | "send", protocol: "tcp" | "udp", rule: number) =>
      ({ operation, protocol, port: 7777, address: "", prefixBits: 0, choices: choices(rule) }) as const;
    using made = scene({
      ...nothing,
      addresses: [
        network("connect", "tcp", 1),
        network("bind", "tcp", 2),
        network("send", "udp", 3),
        { operation: "connect", protocol: "", port: 0, address: "127.0.0.99", prefixBits: 128, choices: choices(4) },
        { operation: "connect", protocol: "", port: 0, address: "127.1.0.0", prefixBits: 112, choices: choices(5) },
      ],
      points: [{ class: "socket", socket: "raw", choices: choices(6) }],
    });
    const script = join(folder, "network.mjs");
    writeFileSync(script, networkScript);
    const inside = runInside(made.a, `${node} ${script}`).output.split("\n");
    const beside = runInside(made.b, `${node} ${script}`).output.split("\n");
    assert.deepEqual(inside, [
      "tcp4 EPERM",
      "tcp6 EPERM",
      "other ECONNREFUSED",
      "address EPERM",
      "prefix EPERM",
      "bind EPERM",
      "send EPERM",
    ]);
    assert.deepEqual(beside, [
      "tcp4 ECONNREFUSED",
      "tcp6 ECONNREFUSED",
      "other ECONNREFUSED",
      "address ECONNREFUSED",
      "prefix ECONNREFUSED",
      "bind ok",
      "send ok",
    ]);
    const rules = new Set(recordsOf(made.guard).map((words) => words.split(" ").slice(0, 4).join(" ")));
    for (const expected of [
      "connect denied cgroup 1",
      "bind denied cgroup 2",
      "send denied cgroup 3",
      "connect denied cgroup 4",
      "connect denied cgroup 5",
    ])
      assert.ok(rules.has(expected), `${expected} of ${[...rules].join(", ")}`);
  });

  test("a raw and a packet socket: the one denied by its cgroup, the other's maker killed, because no LSM is there", (context) => {
    if (!canRun(context)) return;
    using made = scene({
      ...nothing,
      points: [
        { class: "socket", socket: "raw", choices: choices(1) },
        { class: "socket", socket: "packet", choices: choices(2) },
      ],
    });
    const open = (family: string, type: string, protocol: string): string =>
      `perl -e 'use Socket; socket(my $s, ${family}, ${type}, ${protocol}) or die "$!\\n"; print "made\\n"'`;
    assert.match(runInside(made.a, open("AF_INET", "SOCK_RAW", "6")).output, /not permitted/);
    assert.equal(runInside(made.b, open("AF_INET", "SOCK_RAW", "6")).output, "made");
    assert.equal(runInside(made.b, open("17", "SOCK_RAW", "0")).output, "made");
    if (made.guard.planes.lsm === "") return;
    assert.equal(runInside(made.a, open("17", "SOCK_RAW", "0")).code, 137);
  });

  test("a process of several threads is killed as a whole at a forbidden call", (context) => {
    if (!canRun(context)) return;
    using made = scene({ ...nothing, points: [{ class: "call", call: "unshare", choices: choices(1) }] });
    // Node has threads of its own; the call comes from its first one through a library.
    const script = join(folder, "threads.mjs");
    const koffi = fileURLToPath(import.meta.resolve("koffi"));
    writeFileSync(script, threadsScript.replace("KOFFI", koffi));
    const inside = runInside(made.a, `${node} ${script}`);
    assert.deepEqual(
      [inside.code, inside.output.split("\n")[0], inside.output.includes("still here")],
      [137, "threads run", false],
    );
    assert.equal(runInside(made.b, `${node} ${script}`).output, "threads run\nstill here");
    assert.deepEqual(recordsOf(made.guard), ["unshare killed kill 1"]);
  });

  test("opening a forbidden file: killed before it can read, where there is no LSM", (context) => {
    if (!canRun(context)) return;
    const file = join(folder, "secret");
    writeFileSync(file, "s3cret");
    using made = scene({ ...nothing, paths: [{ class: "file", text: file, isExact: true, choices: choices(1) }] });
    if (made.guard.planes.lsm === "") return;
    const inside = runInside(made.a, `cat ${file}`);
    assert.deepEqual([inside.code, inside.output.includes("s3cret")], [137, false]);
    assert.equal(runInside(made.b, `cat ${file}`).output, "s3cret");
  });

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

  test("a container's cgroup: who is still in the host's mount namespace is the runtime's, and left alone", (context) => {
    if (!canRun(context)) return;
    using made = scene(execRule(id), { isContainer: true });
    assert.equal(runInside(made.a, id).code, 0);
    assert.equal(runInside(made.a, `unshare --mount ${id} >/dev/null`).code, 137);
  });

  test("programs without a file are told apart", (context) => {
    if (!canRun(context)) return;
    using made = scene({ ...nothing, points: [{ class: "call", call: "fileless-exec", choices: choices(1) }] });
    const memoryExec = fileURLToPath(new URL("../memory-exec.fixture.ts", import.meta.url));
    assert.notEqual(runInside(made.a, `${node} ${memoryExec}`).code, 0);
    assert.deepEqual(recordsOf(made.guard), ["exec killed kill 1 /memfd:nowhere"]);
    assert.equal(runInside(made.b, `${node} ${memoryExec}`).code, 0);
  });

  test("frozen processes stand still and go on; an isolated cgroup sends nothing", async (context) => {
    if (!canRun(context)) return;
    using made = scene(nothing);
    const child = spawn("bash", ["-c", `echo $$ > ${made.a}/cgroup.procs; echo in; while :; do sleep 0.01; done`]);
    await new Promise((done) => child.stdout.once("data", done));
    freeze(made.a);
    for (let round = 0; round < 200 && !isFrozen(made.a); round += 1) await sleep(10);
    assert.ok(isFrozen(made.a));
    release(made.a);
    for (let round = 0; round < 200 && isFrozen(made.a); round += 1) await sleep(10);
    assert.ok(!isFrozen(made.a));
    const ended = new Promise((done) => child.once("close", done));
    child.kill("SIGKILL");
    await ended;
    const ask = `timeout 1 bash -c ': < /dev/tcp/127.0.0.1/9' 2>&1; true`;
    using _isolated = made.guard.isolate(made.a);
    assert.doesNotMatch(runInside(made.a, ask).output, /refused/);
    assert.match(runInside(made.b, ask).output, /refused/);
  });

  test("after close nothing is stopped, and closing twice is safe", (context) => {
    if (!canRun(context)) return;
    using outer = makePrivateCgroup("guard-closed");
    const guard = openGuard({ cgroupPath: outer.path, agentPid: process.pid, lsm: "never" });
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
    for (let round = 0; round < 100 && runInside(outer.path, id).code !== 0; round += 1) await sleep(20);
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
  for (let round = 0; round < 500; round += 1) {
    const inode = statSync(`/proc/${pid}/ns/mnt`).ino;
    if (inode !== own) return inode;
    await sleep(10);
  }
  throw new Error("the child made no namespace");
}

const networkScript = `
import net from "node:net";
import dgram from "node:dgram";
const connect = (name, port, host) => new Promise((done) => {
  net.connect(port, host).on("error", (error) => done(console.log(name, error.code))).on("connect", () => done(console.log(name, "open")));
});
await connect("tcp4", 7777, "127.0.0.1");
await connect("tcp6", 7777, "::1");
await connect("other", 7778, "127.0.0.1");
await connect("address", 7779, "127.0.0.99");
await connect("prefix", 7779, "127.1.2.3");
await new Promise((done) => {
  const server = net.createServer().on("error", (error) => done(console.log("bind", error.code)));
  server.listen(7777, "127.0.0.1", () => server.close(() => done(console.log("bind ok"))));
});
const socket = dgram.createSocket("udp4");
socket.send("x", 7777, "127.0.0.1", (error) => { console.log("send", error?.code ?? "ok"); socket.close(); });
`;

const threadsScript = `
import { Worker } from "node:worker_threads";
import koffi from "KOFFI";
const worker = new Worker("setInterval(() => {}, 100)", { eval: true });
await new Promise((done) => worker.once("online", done));
console.log("threads run");
koffi.load("libc.so.6").func("int unshare(int)")(0);
console.log("still here");
process.exit(0);
`;

function dyingScript(cgroupPath: string): string {
  const module = new URL("open-guard.ts", import.meta.url).href;
  return `
import { statSync } from "node:fs";
const { openGuard } = await import(${JSON.stringify(module)});
const guard = openGuard({ cgroupPath: ${JSON.stringify(cgroupPath)}, agentPid: process.pid });
const choice = { rule: 1, action: "block", isWriteOnly: false, isOwnerExempt: false, directBytes: 0, sources: 0 };
const policy = guard.addPolicy({ paths: [{ class: "exec", text: ${JSON.stringify(id)}, isExact: true, choices: [choice] }], files: [], addresses: [], points: [], sources: [] });
guard.setScopes([{ kind: "cgroup", id: statSync(${JSON.stringify(cgroupPath)}).ino, policy, dryPolicy: 0, isContainer: false }]);
console.log("ready");
setInterval(() => {}, 1000);
`;
}

// The guard against this machine's kernel, in private child cgroups only: what it stops. Here LSM programs are refused: kill and cgroup planes.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { skipUnless } from "../../../../test/support/skip.ts";
import type { CompiledPolicy, GuardScope } from "../../../core/runtime-policy/guard-port.ts";
import { findFile } from "./find-file.ts";
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

const missing = guardMissing();
const id = realpathSync("/usr/bin/id");
const node = process.execPath;

describe("what the kernel's guard stops", () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "garrison-guard-")));
  let scenes: Scenes | undefined;
  before(async () => {
    if (missing === "") scenes = await openScenes("guard");
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

  test("programs without a file are told apart", (context) => {
    if (!canRun(context)) return;
    using made = scene({ ...nothing, points: [{ class: "call", call: "fileless-exec", choices: choices(1) }] });
    const memoryExec = fileURLToPath(new URL("../memory-exec.fixture.ts", import.meta.url));
    assert.notEqual(runInside(made.a, `${node} ${memoryExec}`).code, 0);
    assert.deepEqual(recordsOf(made.guard), ["exec killed kill 1 /memfd:nowhere"]);
    assert.equal(runInside(made.b, `${node} ${memoryExec}`).code, 0);
  });
});

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

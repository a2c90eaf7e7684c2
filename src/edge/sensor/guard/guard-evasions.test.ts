// Ways around the guard that a workload would try, against this machine's kernel and in private cgroups: chroot, scripts, exec without fork, other protocols, volumes.
import assert from "node:assert/strict";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { skipUnless } from "../../../../test/support/skip.ts";
import type { CompiledPolicy } from "../../../core/runtime-policy/guard-port.ts";
import { choices, guardMissing, nothing, openScenes, recordsOf, runInside, type Scenes } from "./guard.fixture.ts";

const missing = guardMissing();
const id = realpathSync("/usr/bin/id");
const bash = realpathSync("/bin/bash");

describe("what does not lead around the guard", () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "garrison-evade-")));
  let scenes: Scenes | undefined;
  before(async () => {
    if (missing === "") scenes = await openScenes("guard-evasions");
  });
  after(() => {
    scenes?.[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });
  const canRun = (context: TestContext): boolean => skipUnless(context, missing === "", `kernel guard: ${missing}`);
  const opened = (): Scenes => {
    assert.ok(scenes);
    return scenes;
  };
  const below = (text: string): CompiledPolicy => ({
    ...nothing,
    paths: [{ class: "exec", text, isExact: false, choices: choices(1) }],
  });

  const dryBelow = (text: string): CompiledPolicy => ({
    ...nothing,
    paths: [{ class: "exec", text, isExact: false, choices: choices(1, { action: "dry" }) }],
  });

  test("chroot: the path is that of the mount tree, not of the root that a process gave itself", (context) => {
    if (!canRun(context)) return;
    const cage = join(folder, "cage");
    mkdirSync(cage);
    copyFileSync("/bin/busybox", join(cage, "sh"));
    chmodSync(join(cage, "sh"), 0o755);
    using made = opened().scene(below(`${cage}/`));
    const command = `perl -e 'chroot "${cage}"; chdir "/"; exec "/sh", "-c", "echo out"'`;
    assert.equal(runInside(made.a, command).code, 137);
    assert.deepEqual(recordsOf(made.guard), [`exec killed kill 1 ${cage}/sh`]);
    assert.equal(runInside(made.b, command).output, "out");
  });

  test("a script by its own absolute path is stopped, though the file that runs is its interpreter", (context) => {
    if (!canRun(context)) return;
    const script = join(folder, "scripts", "evil.sh");
    mkdirSync(join(folder, "scripts"));
    writeFileSync(script, "#!/bin/sh\necho ran\n", { mode: 0o755 });
    for (const policy of [
      below(`${folder}/scripts/`),
      { ...nothing, paths: [{ class: "exec", text: script, isExact: true, choices: choices(1) }] } as const,
    ]) {
      using made = opened().scene(policy);
      assert.equal(runInside(made.a, script).code, 137);
      assert.deepEqual(recordsOf(made.guard), [`exec killed kill 1 ${script}`]);
      assert.equal(runInside(made.b, script).output, "ran");
    }
  });

  test("a program that is run by reading it: scripts by any name, and what a loader is told to run", (context) => {
    if (!canRun(context)) return;
    const { programs, stopped, free } = prepareReadings(folder);
    for (const [policy, outcome] of [
      [{}, "killed"],
      [{ dryPolicy: 1 }, "would-kill"],
    ] as const) {
      using made = opened().scene(outcome === "killed" ? below(`${programs}/`) : dryBelow(`${programs}/`), policy);
      for (const [command, file] of stopped) {
        const { code, output } = runInside(made.a, command);
        const told = recordsOf(made.guard);
        assert.ok(
          told.includes(`exec ${outcome} kill 1 ${programs}/${file}`),
          `${command}: ${told.join("; ")} ${output}`,
        );
        assert.equal(code, outcome === "killed" ? 137 : 0, `${command}: ${output}`);
        if (outcome === "killed") assert.equal(runInside(made.b, command).code, 0, command);
      }
      for (const [command, output] of free) {
        assert.match(runInside(made.a, command).output, output, command);
        assert.deepEqual(recordsOf(made.guard), [], command);
      }
    }
  });

  test("an allow-list means programs, not the scripts that they read", (context) => {
    if (!canRun(context)) return;
    const script = join(folder, "listed.sh");
    writeFileSync(script, "#!/bin/sh\necho ran\n", { mode: 0o755 });
    const allow = (text: string) =>
      ({ class: "exec", text, isExact: false, choices: choices(2, { action: "allow" }) }) as const;
    using made = opened().scene({
      ...nothing,
      paths: [allow("/usr/"), allow("/bin/")],
      points: [{ class: "only", of: "exec", choices: choices(1) }],
    });
    assert.equal(runInside(made.a, `sh ${script}`).output, "ran");
    assert.equal(runInside(made.a, script).output, "ran");
  });

  test("a source that execs without a fork is still the source", (context) => {
    if (!canRun(context)) return;
    using made = opened().scene({
      ...nothing,
      paths: [{ class: "exec", text: id, isExact: true, choices: choices(1, { sources: 1 }) }],
      sources: [bash],
    });
    const by = (script: string): number =>
      runInside(made.a, `perl -e 'if (!fork) { exec "${bash}", "-c", "${script}" } wait; exit($? & 127 ? 99 : 0)'`)
        .code;
    assert.deepEqual([by(`exec ${id}`), by(`exec perl -e 1`)], [99, 0]);
    assert.deepEqual(recordsOf(made.guard), [`exec killed kill 1 ${id}`]);
  });

  test("other protocols have a kind of their own, and a list of protocols means sockets", (context) => {
    if (!canRun(context)) return;
    const open = (family: number, type: number, protocol: number): string =>
      `perl -e 'socket(my $s, ${family}, ${type}, ${protocol}) or die "$!\\n"; print "made\\n"'`;
    {
      using made = opened().scene({ ...nothing, points: [{ class: "socket", socket: "other", choices: choices(1) }] });
      assert.match(runInside(made.a, open(2, 2, 136)).output, /not permitted/);
      assert.equal(runInside(made.a, open(2, 2, 17)).output, "made");
      assert.equal(runInside(made.b, open(2, 2, 136)).output, "made");
    }
    using made = opened().scene({
      ...nothing,
      points: [
        { class: "socket", socket: "tcp", choices: choices(1, { action: "allow" }) },
        { class: "only", of: "socket", choices: choices(2) },
      ],
    });
    assert.equal(runInside(made.a, open(2, 1, 0)).output, "made");
    assert.match(runInside(made.a, open(2, 2, 0)).output, /not permitted/);
    assert.equal(runInside(made.a, open(16, 3, 0)).output, "made");
  });

  test("the unspecified address leads to the machine itself, and is judged as that", (context) => {
    if (!canRun(context)) return;
    const script = join(folder, "unspecified.mjs");
    writeFileSync(script, unspecifiedScript);
    const to = (address: string, prefixBits: number, operation: "connect" | "send" = "connect") =>
      ({ operation, protocol: "", port: 0, address, prefixBits, choices: choices(1) }) as const;
    const told = (...addresses: CompiledPolicy["addresses"]): string => {
      using made = opened().scene({ ...nothing, addresses });
      return runInside(made.a, `${node} ${script}`).output;
    };
    const asked = [
      "0.0.0.0",
      "::ffff:0.0.0.0",
      "::",
      ":: from ::ffff:127.0.0.1",
      "0.0.0.0 from 127.0.0.9",
      "udp 0.0.0.0",
    ];
    const expected = (...words: readonly string[]): string =>
      asked.map((one, index) => `${one} ${words[index] ?? ""}`).join("\n");
    const [no, free] = ["EPERM", "free"];
    assert.equal(
      told(to("127.0.0.0", 104), to("127.0.0.0", 104, "send")),
      expected(no, no, free, no, no, no),
      "127.0.0.0/8",
    );
    assert.equal(told(to("127.0.0.9", 128)), expected(free, free, free, free, no, free), "127.0.0.9");
    assert.equal(told(to("::1", 128)), expected(free, free, no, free, free, free), "::1");
    assert.equal(
      told(to("10.0.0.0", 104), to("10.0.0.0", 104, "send")),
      expected(free, free, free, free, free, free),
      "10.0.0.0/8",
    );
  });

  test("drift: a program of a volume is not of the image either", (context) => {
    if (!canRun(context)) return;
    using made = opened().scene(
      { ...nothing, points: [{ class: "call", call: "drift-exec", choices: choices(1) }] },
      { isContainer: true },
    );
    const root = join(folder, "image");
    for (const name of ["lower/bin", "lower/volume", "store", "merged"])
      mkdirSync(join(root, name), { recursive: true });
    copyFileSync("/bin/busybox", join(root, "lower/bin/busybox"));
    chmodSync(join(root, "lower/bin/busybox"), 0o755);
    const inside = "/bin/busybox true; echo image $?; /volume/busybox true; echo volume $?";
    const steps = [
      `cd ${root} && mount -t tmpfs none store && mkdir store/upper store/work`,
      "mount -t overlay none merged -o lowerdir=lower,upperdir=store/upper,workdir=store/work",
      "mount -t tmpfs none merged/volume && cp lower/bin/busybox merged/volume && cd merged && pivot_root . . && /bin/busybox umount -l .",
      `exec /bin/busybox sh -c "${inside.replaceAll("$", "\\$")}"`,
    ];
    const script = join(folder, "contain.sh");
    writeFileSync(script, steps.join(" && "));
    const { output } = runInside(made.a, `unshare --mount sh ${script}`);
    assert.match(output, /image 0\n(?:.*\n)*?volume 137/);
  });
});

/** Whether a connect reaches the kernel's routing: "free" also when nobody listens. */
const unspecifiedScript = `
import net from "node:net";
import dgram from "node:dgram";
const ways = [["0.0.0.0"], ["::ffff:0.0.0.0"], ["::"], ["::", "::ffff:127.0.0.1"], ["0.0.0.0", "127.0.0.9"]];
for (const [host, localAddress] of ways)
  await new Promise((done) => {
    const say = (word) => done(console.log(host + (localAddress ? " from " + localAddress : ""), word));
    const socket = net.connect({ port: 9, host, localAddress, autoSelectFamily: false });
    socket.on("error", ({ code }) => say(code === "EPERM" ? code : "free")).on("connect", () => say("free"));
  });
const socket = dgram.createSocket("udp4");
socket.send("x", 9, "0.0.0.0", (error) => { console.log("udp 0.0.0.0", error?.code ?? "free"); socket.close(); });
`;

interface Readings {
  readonly programs: string;
  readonly stopped: readonly (readonly [command: string, file: string])[];
  readonly free: readonly (readonly [command: string, output: RegExp])[];
}

const node = realpathSync(process.execPath);
const loader = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"].find((path) => existsSync(path));
const filler = "x".repeat(600);

/** Makes a folder that no program may be run from, one beside it, and says which commands run a program of the first one and which only read it. */
function prepareReadings(folder: string): Readings {
  const programs = join(folder, "programs");
  const beside = join(folder, "beside");
  for (const each of [programs, beside]) mkdirSync(each);
  const script = join(programs, "run.sh");
  writeFileSync(script, "#!/bin/sh\necho ran\n", { mode: 0o755 });
  writeFileSync(join(programs, "env.sh"), "#!/usr/bin/env sh\necho ran\n", { mode: 0o755 });
  for (const [name, text] of [
    ["run.pl", "print qq(ran\\n);\n"],
    ["e", "echo ran\n"],
    ["evil.js", "console.log('ran')\n"],
    ["evil.mjs", "console.log('ran')\n"],
    ["run.py", "print('ran')\n"],
    ["run.tcl", "puts ran\n"],
    ["input.json", "{}\n"],
  ] as const)
    writeFileSync(join(programs, name), text);
  writeFileSync(join(beside, "reader.sh"), 'read first < "$1"; echo "read $first"\n');
  writeFileSync(join(beside, "app.js"), "console.log('read ' + require('node:fs').readFileSync(process.argv[2]))\n");
  symlinkSync(script, join(beside, "link.sh"));
  copyFileSync(id, join(programs, "id"));
  chmodSync(join(programs, "id"), 0o755);
  return { programs, stopped: runsOf(programs, beside), free: readsOf(programs, beside) };
}

function runsOf(programs: string, beside: string): Readings["stopped"] {
  const script = join(programs, "run.sh");
  const inside = `cd ${programs} &&`;
  const byLoader = [
    [`${loader} ${programs}/id`, "id"],
    [`LD_DEBUG=all LD_DEBUG_OUTPUT=${beside}/debug ${loader} ${programs}/id`, "id"],
    [`${loader} --argv0 ${filler} ${programs}/id`, "id"],
    [`LD_DEBUG=all LD_DEBUG_OUTPUT=${beside}/debug ${loader} --argv0 ${filler} ${programs}/id`, "id"],
    // Only musl's loader lists when it is called so.
    [`(exec -a ldd ${loader} ${programs}/id)`, "id"],
  ] as const;
  return [
    [`sh ${script}`, "run.sh"],
    [`${inside} ./run.sh`, "run.sh"],
    [`${inside} sh run.sh`, "run.sh"],
    [join(beside, "link.sh"), "run.sh"],
    [`bash -o posix ${script} more`, "run.sh"],
    [`bash -o posix -o braceexpand ${script}`, "run.sh"],
    [`bash +o posix -eo pipefail ${script}`, "run.sh"],
    [`bash --norc -x ${script}`, "run.sh"],
    [`bash --rcfile /dev/null -- ${script}`, "run.sh"],
    // Names behind one dash, with letters in them that alone mean something else.
    [`bash -posix ${script}`, "run.sh"],
    [`bash -noprofile -norc -x ${script}`, "run.sh"],
    [`bash -rcfile /dev/null ${script}`, "run.sh"],
    [`busybox sh ${script}`, "run.sh"],
    [`(exec -a sh busybox -x ${script})`, "run.sh"],
    [`${inside} ./env.sh`, "env.sh"],
    // What ends in the operand's letters is opened before it: /etc/ld.so.cache, /dev/tty.
    [`${inside} sh e`, "e"],
    [`cp ${programs}/e ${beside}/e; ${inside} sh ${beside}/../programs/e`, "e"],
    [`perl ${programs}/run.pl`, "run.pl"],
    [`perl -w -I /nowhere ${programs}/run.pl`, "run.pl"],
    [`${inside} ${node} ./evil.js`, "evil.js"],
    [`${inside} ${node} --no-warnings --title name evil.js`, "evil.js"],
    [`${inside} ${node} --disable-wasm-trap-handler evil.js`, "evil.js"],
    [`${inside} ${node} --disable-warning name --dns_result_order ipv4first evil.js`, "evil.js"],
    [`cd ${beside} && ${node} -r node:fs ../programs/./evil.js`, "evil.js"],
    // Read by another thread than the one that was executed.
    [`${inside} ${node} ./evil.mjs`, "evil.mjs"],
    ...(existsSync("/usr/bin/python3") ? [[`/usr/bin/python3 -W ignore ${programs}//run.py`, "run.py"] as const] : []),
    ...(existsSync("/usr/bin/tclsh") ? [[`tclsh -encoding utf-8 ${programs}/run.tcl`, "run.tcl"] as const] : []),
    ...(loader === undefined ? [] : byLoader),
  ];
}

function readsOf(programs: string, beside: string): Readings["free"] {
  const script = join(programs, "run.sh");
  const data = join(programs, "input.json");
  return [
    [`cat ${script}`, /echo ran/],
    [`bash -norc -c 'read first < $0; echo read $first' ${data}`, /^read \{\}/],
    [`sh -c 'read first < ${script}; echo read $first'`, /^read #!/],
    [`sh -c 'read first < $0; echo read $first' ${data}`, /^read \{\}/],
    [`echo 'read first < $1; echo read $first' | sh -s ${data}`, /^read \{\}/],
    [`sh ${beside}/reader.sh ${script}`, /^read #!/],
    [`bash -o posix ${beside}/reader.sh ${script}`, /^read #!/],
    [`busybox cat ${script}`, /echo ran/],
    [`busybox sh -c 'read first < $0; echo read $first' ${data}`, /^read \{\}/],
    [`busybox sh ${beside}/reader.sh ${data}`, /^read \{\}/],
    [`(exec -a sh busybox -c 'read first < $0; echo read $first' ${data})`, /^read \{\}/],
    [`perl -e 'open my $f, "<", shift; print <$f>' ${beside}/reader.sh`, /read first/],
    [`perl -ne 'print "read $_"' ${data}`, /^read \{\}/],
    [`cd ${beside} && ${node} --no-warnings ./app.js ${data}`, /^read \{\}/],
    [`cd ${beside} && ${node} --title name app.js ${data}`, /^read \{\}/],
    [`${node} --print 'require("node:fs").readFileSync("${data}", "utf8")' ${data}`, /\{\}/],
    [`cd ${beside} && cp app.js evil.js && ${node} evil.js ${data}; echo over > ${programs}/made`, /^read \{\}/],
    ...(loader === undefined ? [] : [[`${loader} /bin/cat ${data}`, /\{\}/] as const]),
  ];
}

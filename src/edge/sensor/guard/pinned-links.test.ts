// Pinned links against this machine's kernel: in a bpffs of the test's own, mounted in a mount namespace of the test's own that ends with it.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { skipUnless } from "../../../../test/support/skip.ts";
import { makePrivateCgroup } from "../sensor.fixture.ts";
import { guardMissing, runInside } from "./guard.fixture.ts";
import { findPinPlace, pinLinks, removeFolder, removeRuns, runsIn } from "./pinned-links.ts";

const missing = guardMissing();
const id = realpathSync("/usr/bin/id");
const agentFile = fileURLToPath(new URL("pin-agent.fixture.ts", import.meta.url));
const connect = `timeout 5 bash -c ': < /dev/tcp/127.0.0.1/9' 2>&1; true`;

interface PrivateBpffs extends Disposable {
  /** As this process reaches it. */
  readonly seen: string;
  /** As processes of the namespace do. */
  readonly path: string;
  run(command: readonly string[]): ChildProcess;
}

/** The namespace, and with it the mount and all names in it, lives as long as the keeper. */
async function privateBpffs(): Promise<PrivateBpffs> {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "garrison-bpffs-")));
  const script = `mount -t bpf bpf "$0" && echo ready && exec cat`;
  const keeper = spawn("unshare", ["--mount", "--propagation", "private", "sh", "-c", script, path]);
  await said(keeper, "ready");
  const namespace = `/proc/${keeper.pid ?? 0}/ns/mnt`;
  return {
    path,
    seen: `/proc/${keeper.pid ?? 0}/root${path}`,
    run: ([command = "", ...rest]) => spawn("nsenter", [`--mount=${namespace}`, command, ...rest]),
    [Symbol.dispose]: () => {
      keeper.kill("SIGKILL");
      rmSync(path, { recursive: true });
    },
  };
}

async function said(child: ChildProcess, word: string): Promise<void> {
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => (output += text));
  const ended = new Promise<"ended">((done) => child.once("close", () => done("ended")));
  for (;;) {
    if (output.includes(word)) return;
    if ((await Promise.race([ended, sleep(20)])) === "ended" && !output.includes(word))
      assert.fail(`it ended and never said "${word}": ${output}`);
  }
}

async function stopped(child: ChildProcess, stop: () => void): Promise<void> {
  const ended = new Promise((done) => child.once("exit", done));
  stop();
  await ended;
}

/** The kernel frees what a dead process held a moment after its end. */
async function comes(isTrue: () => boolean, what: string): Promise<void> {
  for (let round = 0; round < 500; round += 1) {
    if (isTrue()) return;
    await sleep(20);
  }
  assert.fail(`never: ${what}`);
}

test("a killed agent: pinned scopes stay held, others are free; the next run takes over without a gap; unpinned, all is free", async (context) => {
  if (!skipUnless(context, missing === "", `kernel guard: ${missing}`)) return;
  const outer = makePrivateCgroup("pin");
  const [pinned, other] = [join(outer.path, "pinned"), join(outer.path, "other")];
  const bpffs = await privateBpffs();
  const place = `${bpffs.seen}/garrison/guard`;
  const agents: ChildProcess[] = [];
  const start = async (run: string): Promise<ChildProcess> => {
    const folder = `${bpffs.path}/garrison/guard/${run}`;
    const agent = bpffs.run([process.execPath, agentFile, outer.path, pinned, other, folder, id]);
    agents.push(agent);
    await said(agent, "ready");
    return agent;
  };
  const isHeld = (cgroup: string): boolean => runInside(cgroup, id).code === 137;
  try {
    mkdirSync(pinned);
    mkdirSync(other);
    const first = await start("a-1");
    assert.deepEqual([isHeld(pinned), isHeld(other)], [true, true]);
    await stopped(first, () => first.kill("SIGKILL"));
    await comes(() => !isHeld(other), "the scope that is not pinned is free");
    assert.ok(isHeld(pinned));
    // Every plane of this kernel: kill at exec, cgroup hook, kill at a call.
    assert.match(runInside(pinned, connect).output, /not permitted/);
    assert.match(runInside(other, connect).output, /refused/);
    assert.deepEqual(
      [runInside(pinned, "unshare --uts true").code, runInside(other, "unshare --uts true").code],
      [137, 0],
    );
    // What comes to life in the scope is held as well.
    mkdirSync(join(pinned, "below"));
    assert.ok(isHeld(join(pinned, "below")));
    rmdirSync(join(pinned, "below"));

    const takeover = new AbortController();
    const gaps: string[] = [];
    const watch = (async () => {
      for (; !takeover.signal.aborted; await sleep(1)) if (!isHeld(pinned)) gaps.push("not held");
    })();
    const second = await start("a-2");
    assert.deepEqual(runsIn(place, "a-").toSorted(), ["a-1", "a-2"]);
    assert.ok(removeRuns(place, ["a-1"]) > 10);
    for (let round = 0; round < 20; round += 1) assert.ok(isHeld(pinned));
    takeover.abort();
    await watch;
    assert.deepEqual(gaps, []);

    await stopped(second, () => second.stdin?.end("stop\n"));
    await comes(() => !isHeld(other), "free after a clean stop");
    assert.ok(isHeld(pinned), "a clean stop keeps what is pinned");
    assert.match(runInside(pinned, connect).output, /not permitted/);
    assert.equal(runInside(pinned, "unshare --uts true").code, 137);
    removeRuns(place, runsIn(place));
    await comes(() => !isHeld(pinned), "free without its pins");
    assert.match(runInside(pinned, connect).output, /refused/);
  } finally {
    for (const agent of agents) agent.kill("SIGKILL");
    for (const run of runsIn(place)) removeFolder(join(place, run));
    bpffs[Symbol.dispose]();
    for (const path of [join(pinned, "below"), pinned, other]) if (existsSync(path)) rmdirSync(path);
    outer[Symbol.dispose]();
  }
});

test("all links are pinned or none; the refused one is named", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "garrison-pins-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const libbpf = { pin: (descriptor: number) => (descriptor === 2 ? -1 : 0), lastError: () => "EPERM" };
  const links = [1, 2].map((descriptor) => ({ name: `link${descriptor}`, descriptor }));
  assert.throws(() => pinLinks(libbpf, join(folder, "run"), links), { code: "guard/pin", message: /link2: EPERM/ });
  assert.deepEqual(runsIn(folder), []);
  pinLinks(libbpf, join(folder, "run"), links.slice(0, 1));
  assert.deepEqual([runsIn(folder, "ru"), runsIn(folder, "other"), runsIn(join(folder, "none"))], [["run"], [], []]);
});

test("where links may be pinned: a folder that is in no bpffs is refused, with the reason", () => {
  assert.deepEqual(
    findPinPlace(join(tmpdir(), "garrison-nowhere"), () => "not asked"),
    { because: `${join(tmpdir(), "garrison-nowhere")} is in no bpffs (mount -t bpf)` },
  );
});

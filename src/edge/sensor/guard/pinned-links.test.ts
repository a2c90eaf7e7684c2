// Pinned links against this machine's kernel: in a bpffs of the test's own, mounted in a mount namespace of the test's own that ends with it.
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { skipUnless } from "../../../../test/support/skip.ts";
import { makePrivateCgroup } from "../sensor.fixture.ts";
import { guardMissing, runInside } from "./guard.fixture.ts";
import { privateBpffs, said } from "./private-bpffs.fixture.ts";
import { findPinPlace, pinLinks, removeFolder, removeRuns, runsIn } from "./pinned-links.ts";

const missing = guardMissing();
const id = realpathSync("/usr/bin/id");
const agentFile = fileURLToPath(new URL("pin-agent.fixture.ts", import.meta.url));
const connect = `timeout 60 bash -c ': < /dev/tcp/127.0.0.1/9' 2>&1; true`;

async function stopped(child: ChildProcess, stop: () => void): Promise<void> {
  const ended = new Promise((done) => child.once("exit", done));
  stop();
  await ended;
}

/** The kernel frees what a dead process held a moment after its end. */
async function comes(isTrue: () => boolean, what: string): Promise<void> {
  for (let round = 0; round < 3000; round += 1) {
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

test("a bpffs is mounted where nobody did, and found", async (context) => {
  if (!skipUnless(context, missing === "", `kernel guard: ${missing}`)) return;
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "garrison-bpffs-")));
  using bpffs = await privateBpffs();
  const url = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);
  const script = `
const { mountBpffs } = await import(${url("mount-bpffs.ts")});
const { bpffsMounts, findPinPlace, pinPlaces } = await import(${url("pinned-links.ts")});
const folder = ${JSON.stringify(folder)};
const before = pinPlaces(folder);
const answers = [mountBpffs(folder), mountBpffs(folder + "/none"), bpffsMounts().includes(folder), findPinPlace(folder + "/a/b", String).folder];
console.log(JSON.stringify([before, ...answers, pinPlaces(folder), pinPlaces("").includes(folder + "/garrison/guard")]));`;
  try {
    const child = bpffs.run([process.execPath, "--input-type=module", "-e", script]);
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (output += text));
    await said(child, "]");
    assert.deepEqual(JSON.parse(output), [[], "", "ENOENT", true, `${folder}/a/b`, [folder], true]);
  } finally {
    rmSync(folder, { recursive: true });
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

// The node's side with this machine's kernel, in private cgroups: a resource becomes a stop with a receipt; the drill proves a plane; nothing is left.
import assert from "node:assert/strict";
import { realpathSync, readdirSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import { skipUnless } from "../../../../test/support/skip.ts";
import type { RuntimeSubject } from "../../../core/runtime-policy/model.ts";
import type { GuardedEvent } from "../../../core/sense/deed-events.ts";
import { findFile } from "../../../edge/sensor/guard/find-file.ts";
import { guardMissing, runInside } from "../../../edge/sensor/guard/guard.fixture.ts";
import { openGuard } from "../../../edge/sensor/guard/open-guard.ts";
import { makePrivateCgroup } from "../../../edge/sensor/sensor.fixture.ts";
import { privateBpffs } from "../../../edge/sensor/guard/private-bpffs.fixture.ts";
import { runsIn } from "../../../edge/sensor/guard/pinned-links.ts";
import { createGuardSide } from "./guard-side.ts";
import { openPins } from "./open-pins.ts";

const missing = guardMissing();
const id = realpathSync("/usr/bin/id");

test("a policy in force: proved by a drill, then by the real thing; taken out again", async (context) => {
  if (!skipUnless(context, missing === "", `kernel guard: ${missing}`)) return;
  using cgroup = makePrivateCgroup("guard-node");
  const cgroupId = statSync(cgroup.path).ino;
  const subject: RuntimeSubject = {
    namespace: "",
    workload: "drill.service",
    container: "",
    image: "",
    labels: {},
    cgroup: "/drill",
  };
  const told: GuardedEvent[] = [];
  const state = { nowMs: Date.now() };
  const side = createGuardSide({
    openGuard: () => openGuard({ cgroupPath: cgroup.path, agentPid: process.pid }),
    processes: () => [
      { pid: process.pid, name: "node", containerId: "", subject, cgroupId, mountNamespace: 7, isCaretaker: false },
    ],
    places: { rootCgroupId: 1, hostMountNamespace: 7, agentCgroupId: 0 },
    find: (_pid, path, use) => findFile("", path, use),
    drillFolder: cgroup.path,
    stopped: () => "",
    subjectOf: () => subject,
    holds: undefined,
    cgroupMount: "",
    tell: (event) => void told.push(event),
    nowMs: () => state.nowMs,
  });
  try {
    const spec = { target: { workload: "drill.service" }, mode: "enforce", exec: [{ path: "/usr/bin/id" }] };
    const base = {
      apiVersion: "garrison/v1",
      kind: "RuntimePolicy",
      scope: "global",
      author: "t",
      time: "2026-11-26T10:00:00Z",
      deleted: false,
    } as const;
    side.setResources([{ ...base, name: "no-id", spec, generation: 1 }]);
    await side.tick();
    const [drilled] = side.statuses();
    assert.equal(drilled?.enforcement?.state, "enforced", drilled?.because ?? "no status");
    assert.equal(drilled.enforcement.runtime?.receiptKind, "drill");
    assert.match(
      drilled.enforcement.runtime.receipt,
      /exec (killed|denied) by plane (kill|lsm), connect denied by plane cgroup/,
    );
    assert.deepEqual(told, [], "a drill is nobody's event");
    assert.notEqual(runInside(cgroup.path, id).code, 0);
    await side.tick();
    const [real] = side.statuses();
    assert.equal(real?.enforcement?.runtime?.receiptKind, "event");
    assert.deepEqual(
      told.map(({ hook, path }) => [hook, path]),
      [["exec", id]],
    );
    side.setResources([]);
    state.nowMs += 6000;
    await side.tick();
    assert.equal(runInside(cgroup.path, id).code, 0);
  } finally {
    side.close();
  }
  assert.deepEqual(
    readdirSync(cgroup.path).filter((name: string) => name.startsWith("garrison-drill")),
    [],
  );
});

test("pin: after the agent's end the policy that asks for it stays in force, the other does not; the next agent takes over and, when it is deleted, frees", async (context) => {
  if (!skipUnless(context, missing === "", `kernel guard: ${missing}`)) return;
  using bpffs = await privateBpffs();
  using cgroup = makePrivateCgroup("guard-pin");
  const cgroupId = statSync(cgroup.path).ino;
  const uname = realpathSync("/usr/bin/uname");
  const workload = { namespace: "", workload: "pin.service", container: "", image: "" };
  const subject: RuntimeSubject = { ...workload, labels: {}, cgroup: "/pin" };
  const process_ = { pid: process.pid, name: "node", containerId: "", subject, cgroupId, mountNamespace: 7 };
  const state = { nowMs: Date.now() };
  const said: string[] = [];
  const pinFolder = `${bpffs.seen}/garrison/guard`;
  const config = {
    data: "/data/of/the/test",
    guard: { enforce: "allowed", cgroup: "", pinFolder, pinMount: false },
  } as const;
  const start = async () =>
    createGuardSide({
      openGuard: () => openGuard({ cgroupPath: cgroup.path, agentPid: process.pid }),
      pins: await openPins(config, {
        openGuard: () => openGuard({ cgroupPath: cgroup.path, agentPid: 0 }),
        say: (line) => void said.push(line),
      }),
      processes: () => [{ ...process_, isCaretaker: false }],
      places: { rootCgroupId: 1, hostMountNamespace: 7, agentCgroupId: 0 },
      find: (_pid, path, use) => findFile("", path, use),
      drillFolder: cgroup.path,
      stopped: () => "",
      subjectOf: () => subject,
      holds: undefined,
      cgroupMount: "",
      tell: () => undefined,
      nowMs: () => state.nowMs,
    });
  const resource = (name: string, spec: object) =>
    ({
      apiVersion: "garrison/v1",
      kind: "RuntimePolicy",
      scope: "global",
      author: "t",
      time: "2026-11-26T10:00:00Z",
      deleted: false,
      generation: 1,
      name,
      spec: { target: { workload: "pin.service" }, mode: "enforce", ...spec },
    }) as const;
  const kept = resource("kept", { exec: [{ path: id }], pin: true });
  const plain = resource("plain", { exec: [{ path: uname }] });
  const isHeld = (program: string): boolean => runInside(cgroup.path, program).code !== 0;
  const first = await start();
  let second: Awaited<ReturnType<typeof start>> | undefined;
  try {
    first.setResources([kept, plain]);
    await first.tick();
    assert.deepEqual([isHeld(id), isHeld(uname)], [true, true]);
    const [status] = first.statuses();
    assert.equal(status?.enforcement?.state, "enforced");
    assert.match(
      status.because,
      /^pinned: it stays in force without the agent; 1 in scope; drill: exec (killed|denied)/,
    );
    first.close();
    assert.match(said.join(), /1 runtime policies stay in force without the agent/);
    for (let round = 0; round < 3000 && isHeld(uname); round += 1) await sleep(20);
    assert.deepEqual([isHeld(id), isHeld(uname)], [true, false]);

    second = await start();
    second.setResources([kept]);
    await second.tick();
    assert.equal(runsIn(pinFolder).length, 2, "both hold at the same time");
    state.nowMs += 60_000;
    await second.tick();
    assert.equal(runsIn(pinFolder).length, 1);
    assert.ok(isHeld(id));
    second.setResources([]);
    state.nowMs += 6000;
    await second.tick();
    assert.deepEqual(runsIn(pinFolder), []);
    for (let round = 0; round < 3000 && isHeld(id); round += 1) await sleep(20);
    assert.ok(!isHeld(id));
  } finally {
    first.close();
    second?.close();
  }
});

// The node's side with this machine's kernel, in private cgroups: a resource becomes a stop with a receipt; the drill proves a plane; nothing is left.
import assert from "node:assert/strict";
import { realpathSync, readdirSync, statSync } from "node:fs";
import { test } from "node:test";
import { skipUnless } from "../../../../test/support/skip.ts";
import type { RuntimeSubject } from "../../../core/runtime-policy/model.ts";
import type { GuardedEvent } from "../../../core/sense/deed-events.ts";
import { findFile } from "../../../edge/sensor/guard/find-file.ts";
import { guardMissing, runInside } from "../../../edge/sensor/guard/guard.fixture.ts";
import { openGuard } from "../../../edge/sensor/guard/open-guard.ts";
import { makePrivateCgroup } from "../../../edge/sensor/sensor.fixture.ts";
import { createGuardSide } from "./guard-side.ts";

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

// The process table: ancestry, inheritance of cgroups, reused pids, grace, the hard cap with its counters.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { CgroupEvent, ExecEvent, ExitEvent, ForkEvent, ProcessKey } from "../sense/sensor.ts";
import { createProcessTable, processIdOf } from "./process-table.ts";
import type { ProcessTable } from "./process-table.ts";

const bootId = "ddaa07dc-854a-455c-9fc2-a4836faadb8c";
const containerId = "f75aff467357c5d0ddd47cb7ad87ed38746e018992586ff66198a5c11218f634";
const inDocker = `0::/system.slice/docker-${containerId}.scope\n`;
const inUnit = "0::/system.slice/shop.service\n";
const init: ProcessKey = { pid: 1, startMs: 5 };

function table(options: { processesMax?: number; exitGraceMs?: number } = {}): ProcessTable {
  return createProcessTable({ bootId, bootTimeMs: 1_000_000, ...options });
}

function exec(process: ProcessKey, parent: ProcessKey, comm = "sh", cgroupId = 0): ExecEvent {
  return {
    type: "exec",
    timeMs: 1_000_000 + process.startMs,
    process,
    parent,
    comm,
    cgroupId,
    uid: 7,
    gid: 8,
    capabilities: 9,
    path: `/bin/${comm}`,
    arguments: [comm, "--secret"],
    argumentsCut: false,
    workingDirectory: "/srv",
  };
}

function fork(process: ProcessKey, parent: ProcessKey, cgroupId = 0): ForkEvent {
  return { type: "fork", timeMs: 1_000_000 + process.startMs, process, parent, comm: "sh", cgroupId, uid: 7, gid: 8 };
}

function exit(process: ProcessKey, timeMs: number): ExitEvent {
  return { type: "exit", timeMs, process, comm: "sh", cgroupId: 0, exitCode: 0, signal: 0 };
}

function key(pid: number, startMs = pid * 10): ProcessKey {
  return { pid, startMs };
}

test("a process id has the model's form", () => {
  assert.equal(processIdOf({ pid: 42, startMs: 36 ** 3 }, bootId), "42.1000.ddaa07dc");
});

test("exec fills the record; arguments are not kept", () => {
  const record = table().observe(exec(key(42), init, "nginx"));
  assert.equal(record.id, processIdOf(key(42), bootId));
  assert.equal(record.parentId, processIdOf(init, bootId));
  assert.equal(record.startTimeMs, 1_000_420);
  assert.deepEqual(
    [record.name, record.executable, record.uid, record.gid, record.capabilities, record.workingDirectory],
    ["nginx", "/bin/nginx", 7, 8, 9, "/srv"],
  );
  assert.ok(!JSON.stringify(record).includes("--secret"));
});

test("ancestors are nearest first and at most eight", () => {
  const processes = table();
  processes.observe(exec(init, { pid: 0, startMs: 0 }, "init"));
  let parent = init;
  for (let pid = 10; pid < 22; pid++) {
    processes.observe(exec(key(pid), parent, `p${pid}`));
    parent = key(pid);
  }
  assert.deepEqual(processes.ancestors(key(12)), ["p11", "p10", "init"]);
  assert.deepEqual(processes.ancestors(key(21)), ["p20", "p19", "p18", "p17", "p16", "p15", "p14", "p13"]);
  assert.deepEqual(processes.ancestors(key(999)), []);
});

test("a child runs its parent's program with its parent's rights until it executes its own", () => {
  const processes = table();
  processes.observe(exec(key(2), init, "nginx"));
  const child = processes.observe(fork(key(3), key(2)));
  assert.deepEqual([child.executable, child.capabilities, child.workingDirectory], ["/bin/nginx", 9, "/srv"]);
  processes.observe(exec(key(3), key(2), "sh"));
  assert.equal(child.executable, "/bin/sh");
  assert.equal(processes.observe(fork(key(5), key(4))).executable, "", "the parent was never seen");
});

test("a child has its parent's cgroup until it is read itself", () => {
  const processes = table();
  processes.observe(exec(key(2), init));
  processes.cgroupRead(key(2), inUnit);
  processes.observe(fork(key(3), key(2)));
  assert.equal(processes.attribute(key(3)).because, "ancestry");
  assert.equal(processes.attribute(key(3)).cgroup.unit, "shop.service");
  processes.cgroupRead(key(3), inDocker);
  assert.equal(processes.attribute(key(3)).because, "read");
  assert.equal(processes.attribute(key(3)).cgroup.containerId, containerId);
});

test("an exec asks for another read: runtimes fork, move the child into its v1 group, then execute", () => {
  const processes = table();
  processes.observe(fork(key(3), key(2)));
  processes.cgroupRead(key(3), "4:memory:/\n");
  assert.equal(processes.needsCgroup(key(3)), false);
  processes.observe(exec(key(3), key(2)));
  assert.equal(processes.needsCgroup(key(3)), true);
  assert.equal(processes.attribute(key(3)).cgroup.kind, "host", "what was read stands until then");
  processes.cgroupRead(key(3), `4:memory:/docker/${containerId}\n`);
  assert.equal(processes.attribute(key(3)).cgroup.containerId, containerId);
  assert.equal(processes.needsCgroup(key(3)), false);
});

test("a parent that is read after the fork still lends its cgroup, and so does one that has left", () => {
  const processes = table({ exitGraceMs: 0 });
  processes.observe(exec(key(2), init));
  processes.observe(fork(key(3), key(2)));
  processes.cgroupRead(key(2), inDocker);
  assert.equal(processes.attribute(key(3)).cgroup.containerId, containerId);
  processes.observe(fork(key(4), key(2)));
  processes.observe(exit(key(2), 2_000_000));
  processes.expire(2_000_000);
  assert.equal(processes.find(key(2)), undefined);
  assert.equal(processes.attribute(key(4)).cgroup.containerId, containerId);
});

test("gone before the read: ancestry, else the reason", () => {
  const processes = table();
  processes.observe(exec(key(2), init));
  assert.equal(processes.attribute(key(2)).cgroup.reason, "not read yet");
  processes.cgroupGone(key(2));
  assert.equal(processes.attribute(key(2)).cgroup.kind, "unknown");
  assert.equal(processes.attribute(key(2)).cgroup.reason, "gone before it could be read");
  processes.observe(exec(key(5), init));
  processes.cgroupRead(key(5), inUnit);
  processes.observe(exec(key(6), key(5)));
  processes.cgroupGone(key(6));
  assert.equal(processes.attribute(key(6)).because, "ancestry");
  assert.equal(processes.attribute(key(77)).cgroup.reason, "process not seen");
});

test("another user's process says so, also after its end, and gives way to what an ancestor knows", () => {
  const processes = table();
  processes.observe(exec(key(2), init));
  processes.cgroupRefused(key(2));
  assert.equal(processes.needsCgroup(key(2)), false);
  assert.equal(processes.attribute(key(2)).cgroup.reason, "belongs to another user: may not be read");
  processes.observe(exit(key(2), 9000));
  assert.equal(processes.attribute(key(2)).cgroup.reason, "belongs to another user: may not be read");
  processes.observe(exec(key(5), init));
  processes.cgroupRead(key(5), inUnit);
  processes.observe(exec(key(6), key(5)));
  processes.cgroupRefused(key(6));
  assert.equal(processes.attribute(key(6)).because, "ancestry");
  processes.cgroupRefused(key(77));
  assert.equal(processes.attribute(key(77)).cgroup.reason, "process not seen");
});

test("the v2 kernel id names siblings that were never read; the root's id names nobody", () => {
  const processes = table();
  processes.observe(exec(key(2), init, "a", 500));
  processes.cgroupRead(key(2), inDocker);
  processes.observe(exec(key(3), init, "b", 500));
  assert.deepEqual(
    [processes.attribute(key(3)).because, processes.attribute(key(3)).cgroup.containerId],
    ["kernel-id", containerId],
  );
  processes.observe(exec(key(4), init, "c", 1));
  processes.cgroupRead(key(4), "1:memory:/\n0::/\n");
  processes.observe(exec(key(5), init, "d", 1));
  assert.equal(processes.attribute(key(5)).because, "unknown");
});

test("a process that is moved between its event and its read does not give its old group the new one's name", () => {
  const cases = [
    ["the root, read before", ["0::/\n", inDocker]],
    ["the root, read after", [inDocker, "0::/\n"]],
    ["a unit, read before", [inUnit, inDocker]],
  ] as const;
  for (const [name, reads] of cases) {
    const processes = table();
    for (const [index, text] of reads.entries()) {
      processes.observe(exec(key(10 + index), init, "runc", 1));
      processes.cgroupRead(key(10 + index), text);
    }
    processes.observe(exec(key(20), init, "git", 1));
    assert.equal(processes.attribute(key(20)).because, "unknown", name);
    // It stays so: the next one that is moved changes nothing.
    processes.observe(exec(key(21), init, "runc", 1));
    processes.cgroupRead(key(21), inDocker);
    processes.observe(exec(key(22), init, "git", 1));
    assert.equal(processes.attribute(key(22)).because, "unknown", name);
  }
});

test("a group announced by the kernel is known before any read", () => {
  const processes = table();
  const made: CgroupEvent = {
    type: "cgroup-made",
    timeMs: 1,
    process: init,
    comm: "systemd",
    cgroupId: 600,
    path: `/docker/${containerId}`,
  };
  processes.observe(made);
  processes.observe(exec(key(3), init, "b", 600));
  assert.equal(processes.attribute(key(3)).because, "kernel-id");
});

test("what a process ran before it moved into an announced group is not that group's", () => {
  const processes = table();
  const group = { timeMs: 1, process: init, comm: "sh", cgroupId: 700, path: "/drill.service" } as const;
  processes.observe({ ...group, type: "cgroup-made" });
  processes.observe(exec(key(2), init, "setsid", 1));
  // By the time it is read, it has moved.
  processes.cgroupRead(key(2), "0::/drill.service\n");
  assert.equal(processes.attribute(key(2)).because, "unknown");
  assert.equal(processes.needsCgroup(key(2)), true);
  processes.observe(exec(key(2), init, "sh", 700));
  processes.cgroupRead(key(2), "0::/drill.service\n");
  assert.deepEqual(
    [processes.attribute(key(2)).because, processes.attribute(key(2)).cgroup.unit, processes.needsCgroup(key(2))],
    ["read", "drill.service", false],
  );
  // The path alone is no group: another one may have it later, before the kernel told of it.
  processes.observe({ ...group, type: "cgroup-removed" });
  processes.observe(exec(key(3), init, "sh", 701));
  processes.cgroupRead(key(3), "0::/drill.service\n");
  assert.equal(processes.attribute(key(3)).because, "read");
});

test("a read is wanted once, and again after a move to another v2 group", () => {
  const processes = table();
  processes.observe(exec(key(2), init, "a", 500));
  assert.equal(processes.needsCgroup(key(2)), true);
  processes.cgroupRead(key(2), inUnit);
  assert.equal(processes.needsCgroup(key(2)), false);
  processes.observe(exec(key(2), init, "a", 501));
  assert.equal(processes.needsCgroup(key(2)), true);
  processes.cgroupGone(key(2));
  assert.equal(processes.needsCgroup(key(2)), false);
});

test("a reused pid is another process; the ended one stays for its grace time", () => {
  const processes = table({ exitGraceMs: 1000 });
  processes.observe(exec(key(2, 20), init, "old"));
  processes.observe(exit(key(2, 20), 5000));
  processes.observe(exec(key(2, 90), init, "new"));
  assert.equal(processes.find(key(2, 20))?.name, "old");
  assert.equal(processes.find(key(2, 90))?.name, "new");
  assert.equal(processes.find(key(2, 0)), undefined);
  processes.expire(5999);
  assert.equal(processes.find(key(2, 20))?.name, "old");
  processes.expire(6000);
  assert.equal(processes.find(key(2, 20)), undefined);
  assert.equal(processes.find(key(2, 90))?.name, "new");
});

test("the cap pushes out ended ones first, then living ones that are not in use", () => {
  const processes = table({ processesMax: 3 });
  for (const pid of [1, 2, 3]) processes.observe(exec(key(pid), init));
  processes.observe(exit(key(2), 9000));
  processes.observe(exec(key(4), init));
  assert.equal(processes.find(key(2)), undefined);
  assert.deepEqual(processes.stats(), { processes: 3, ended: 0, evictedLiving: 0, evictedEnded: 1 });
  processes.observe(exec(key(5), init));
  assert.deepEqual(processes.stats(), { processes: 3, ended: 0, evictedLiving: 1, evictedEnded: 1 });
  const survivors = [1, 3, 4].filter((pid) => processes.find(key(pid)) !== undefined);
  const used = survivors[0] ?? 0;
  processes.attribute(key(used));
  processes.observe(exec(key(6), init));
  assert.ok(processes.find(key(used)) !== undefined, "a used process was pushed out before an unused one");
});

test("never more than the cap, whatever comes; a cycle of parents ends", () => {
  const pids = fc.integer({ min: 1, max: 12 });
  const step = fc.record({
    type: fc.constantFrom("exec", "fork", "exit", "read", "gone", "expire"),
    pid: pids,
    parent: pids,
    generation: fc.integer({ min: 1, max: 2 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const processes = table({ processesMax: 6, exitGraceMs: 10 });
      let nowMs = 0;
      for (const { type, pid, parent, generation } of steps) {
        nowMs += 3;
        const self = key(pid, generation);
        if (type === "exec") processes.observe(exec(self, key(parent, generation)));
        else if (type === "fork") processes.observe(fork(self, key(parent, 1)));
        else if (type === "exit") processes.observe(exit(self, nowMs));
        else if (type === "read") processes.cgroupRead(self, inDocker);
        else if (type === "gone") processes.cgroupGone(self);
        else processes.expire(nowMs);
        assert.ok(processes.stats().processes <= 6);
        assert.ok(processes.stats().ended <= processes.stats().processes);
        assert.ok(processes.ancestors(self).length <= 8);
        const { cgroup } = processes.attribute(self);
        assert.ok(cgroup.kind !== "unknown" || cgroup.reason !== "");
      }
    }),
    { numRuns: 500 },
  );
});

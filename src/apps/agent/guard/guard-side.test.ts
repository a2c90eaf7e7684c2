// The node's side of runtime policies with a stand-in for the kernel: who is in scope, what is said of each policy, drills' and real receipts, break-glass.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CompiledPolicy, Guard, GuardPlanes, GuardScope } from "../../../core/runtime-policy/guard-port.ts";
import type { KnownRule } from "../../../core/runtime-policy/rule-book.ts";
import type { GuardedEvent } from "../../../core/sense/deed-events.ts";
import type { ExecEvent } from "../../../core/sense/sensor.ts";
import type { Resource } from "../../../model/resource.ts";
import type { Hold } from "./holds.ts";
import { createGuardSide, type GuardSideParts } from "./guard-side.ts";
import { guarded, living, places, subject } from "./guard-side.fixture.ts";
import type { GuardedProcess } from "./living.ts";

const planes: GuardPlanes = { kill: "", killAtCall: "", killAtOpen: "", cgroup: "", lsm: "EPERM", lsmMissing: {} };

function policy(name: string, spec: object): Resource {
  return {
    apiVersion: "garrison/v1",
    kind: "RuntimePolicy",
    scope: "global",
    name,
    spec: { ...spec },
    generation: 1,
    author: "t",
    time: "2026-11-26T10:00:00Z",
    deleted: false,
  };
}

function scene(over: Partial<GuardSideParts> = {}) {
  const kernel = {
    scopes: [] as readonly GuardScope[],
    spared: [] as readonly number[],
    policies: new Map<number, CompiledPolicy>(),
    events: [] as GuardedEvent[],
    opened: 0,
    isClosed: false,
  };
  const told: { readonly event: GuardedEvent; readonly known: KnownRule | undefined; readonly count: number }[] = [];
  const guard: Guard = {
    planes,
    addPolicy: (compiled) => {
      const number = kernel.policies.size + 1 + [...kernel.policies.keys()].length;
      kernel.policies.set(number, compiled);
      return number;
    },
    removePolicy: (number) => void kernel.policies.delete(number),
    setScopes: (scopes) => (kernel.scopes = scopes),
    spare: (pids) => (kernel.spared = pids),
    isolate: () => ({ [Symbol.dispose]: () => undefined }),
    drain: () => kernel.events.splice(0),
    stats: () => ({ scopes: kernel.scopes.length, policies: kernel.policies.size, lossesByKind: {} }),
    pin: () => undefined,
    unpin: () => undefined,
    close: () => (kernel.isClosed = true),
  };
  const state = { nowMs: 1_000_000, processes: [living()] as GuardedProcess[], stopped: "" };
  const side = createGuardSide({
    openGuard: async () => {
      kernel.opened += 1;
      return guard;
    },
    processes: () => state.processes,
    places,
    find: () => undefined,
    drillFolder: "",
    stopped: () => state.stopped,
    subjectOf: () => subject(),
    holds: undefined,
    cgroupMount: "/cg",
    tell: (event, known, count) => told.push({ event, known, count }),
    nowMs: () => state.nowMs,
    ...over,
  });
  const tick = async () => {
    state.nowMs += 6000;
    await side.tick();
  };
  return { kernel, guard, told, state, side, tick };
}

const list = {
  name: "b",
  namespace: "shop",
  workload: "web",
  container: "",
  image: "",
  executables: ["/app"],
  mode: "enforce",
} as const;
const netcat = { target: { workload: "web" }, exec: [{ path: "/usr/bin/nc" }] };

test("nothing to guard: the kernel's guard is not even opened", async () => {
  const { side, tick, kernel } = scene();
  side.setResources([policy("other", { mode: "off", ...netcat })]);
  await tick();
  assert.equal(kernel.opened, 0);
  assert.equal(side.statuses()[0]?.enforcement?.state, "off");
});

test("dry run is the default: a scope with rules that are only tried, and the status says so", async () => {
  const { side, tick, kernel } = scene();
  side.setResources([policy("no-nc", netcat)]);
  await tick();
  const numbers = kernel.scopes.map(({ kind, id, policy: enforced, isContainer }) => [kind, id, enforced, isContainer]);
  assert.deepEqual(numbers, [
    ["cgroup", 20, 0, true],
    ["mount-namespace", 200, 0, true],
  ]);
  assert.ok(kernel.scopes.every(({ dryPolicy }) => dryPolicy > 0));
  const [compiled] = kernel.policies.values();
  assert.equal(compiled?.paths[0]?.choices[0]?.action, "dry");
  const [status] = side.statuses();
  assert.deepEqual([status?.enforcement?.state, status?.enforcement?.endpoints], ["preview", 1]);
  assert.equal(status?.enforcement?.runtime?.rules[0]?.guarantee, "kill");
});

test("enforced is said only with a receipt: before it unproved, after a record of the kernel with its words", async () => {
  const { side, tick, kernel, told } = scene();
  side.setResources([policy("no-nc", { ...netcat, mode: "enforce" })]);
  await tick();
  assert.equal(side.statuses()[0]?.enforcement?.state, "unproved");
  kernel.events.push(guarded(), guarded());
  await side.tick();
  const [status] = side.statuses();
  assert.equal(status?.enforcement?.state, "enforced");
  assert.deepEqual(status.enforcement.runtime?.countsByOutcome, { killed: 2 });
  assert.match(status.enforcement.runtime.receipt, /killed at exec of \/usr\/bin\/nc by no-nc spec\.exec\[0\]/);
  assert.equal(status.enforcement.runtime.receiptKind, "event");
  assert.deepEqual(
    told.map(({ count, known }) => [count, known?.policy.name]),
    [[2, "no-nc"]],
  );
});

test("a rule that this kernel can only detect is never said to be enforced", async () => {
  const { side, tick } = scene();
  side.setResources([
    policy("caps", { target: { workload: "web" }, mode: "enforce", capabilities: [{ capability: "NET_RAW" }] }),
  ]);
  await tick();
  const [status] = side.statuses();
  assert.equal(status?.enforcement?.state, "unproved");
  assert.match(status.because, /cannot stop some of its rules/);
});

test("break-glass takes every scope out at the next look, and comes back when it ends", async () => {
  const { side, tick, kernel, state } = scene();
  side.setResources([policy("no-nc", { ...netcat, mode: "enforce" })]);
  await tick();
  assert.equal(kernel.scopes.length, 2);
  state.stopped = "break-glass: drill of people";
  await tick();
  assert.deepEqual([kernel.scopes.length, side.statuses()[0]?.enforcement?.state], [0, "broken-glass"]);
  state.stopped = "";
  await tick();
  assert.equal(kernel.scopes.length, 2);
});

test("scopes follow living workloads; rules that nobody needs any more are taken out", async () => {
  const { side, tick, kernel, state } = scene();
  side.setResources([policy("no-nc", { ...netcat, mode: "enforce" })]);
  await tick();
  state.processes = [
    living({ containerId: "c2", cgroupId: 21, mountNamespace: 201 }),
    living({ containerId: "c3", cgroupId: 22, mountNamespace: 202, subject: subject({ workload: "db" }) }),
  ];
  await tick();
  assert.deepEqual(
    kernel.scopes.map(({ id }) => id),
    [21, 201],
  );
  assert.equal(kernel.policies.size, 1);
  state.processes = [];
  await tick();
  assert.deepEqual([kernel.scopes.length, kernel.policies.size], [0, 0]);
});

test("without a workload in scope nothing is enforced, whatever was stopped before", async () => {
  const { side, tick, kernel, state } = scene();
  side.setResources([policy("no-nc", { ...netcat, mode: "enforce" })]);
  await tick();
  kernel.events.push(guarded());
  await tick();
  assert.equal(side.statuses()[0]?.enforcement?.state, "enforced");
  state.processes = [];
  await tick();
  const [status] = side.statuses();
  assert.deepEqual(
    [status?.enforcement?.state, status?.because],
    ["unproved", "no workload of this node is in its scope"],
  );
});

test("a process called sshd takes nobody out of a group; a care-taker is spared by itself", async () => {
  const { side, tick, kernel, state } = scene();
  const service = living({
    containerId: "",
    mountNamespace: 100,
    subject: subject({ namespace: "", workload: "shop" }),
  });
  side.setResources([policy("no-nc", { ...netcat, target: { workload: "shop" }, mode: "enforce" })]);
  state.processes = [service, { ...service, pid: 51, name: "sshd" }, { ...service, pid: 52, isCaretaker: true }];
  await tick();
  assert.deepEqual([kernel.scopes.map(({ id }) => id), kernel.spared], [[20], [52]]);
  state.processes = [living(), living({ pid: 60, containerId: "", cgroupId: 1, name: "nsenter" })];
  side.setResources([policy("no-nc", { ...netcat, mode: "enforce" })]);
  await tick();
  // The machine's process in the container's mount namespace does not make it shared.
  assert.deepEqual(
    kernel.scopes.map(({ id }) => id),
    [20, 200],
  );
});

test("an exec in a place that is not known yet: looked at with the next tick; a known one waits for its round", async () => {
  const { side, tick, kernel, state } = scene();
  const exec = (cgroupId: number) =>
    ({ type: "exec", timeMs: 1, process: { pid: 50, startMs: 1 }, comm: "x", cgroupId, path: "/x" }) as ExecEvent;
  side.setResources([policy("no-nc", { ...netcat, mode: "enforce" })]);
  side.take([exec(20)]);
  await tick();
  state.processes = [living({ containerId: "c2", cgroupId: 21, mountNamespace: 201 })];
  side.take([exec(20)]);
  state.nowMs += 200;
  await side.tick();
  assert.deepEqual(
    kernel.scopes.map(({ id }) => id),
    [20, 200],
  );
  side.take([exec(21)]);
  await side.tick();
  assert.deepEqual(
    kernel.scopes.map(({ id }) => id),
    [21, 201],
  );
});

test("a freeze is enforced when the kernel says that all stand still, and off when its time is over: whatever a drill proved", async () => {
  let isStill = false;
  let wanted: readonly Hold[] = [];
  const { side, tick, state } = scene({
    holds: {
      apply: (holds) => {
        wanted = holds;
        return [];
      },
      letGo: () => undefined,
      isHeld: () => isStill,
    },
  });
  const until = new Date(state.nowMs + 60_000).toISOString();
  side.setResources([
    policy("hold", {
      mode: "enforce",
      target: { workload: "web" },
      hold: { action: "freeze", until, reason: "incident" },
    }),
  ]);
  const word = () => {
    const [{ enforcement, because } = { enforcement: undefined, because: "" }] = side.statuses();
    return [enforcement?.state, because, enforcement?.runtime?.receiptKind, enforcement?.runtime?.receiptMs];
  };
  await tick();
  assert.equal(wanted.length, 1);
  assert.deepEqual(word(), ["unproved", "1 in scope; 0 of 1 stand still", "none", 0]);
  isStill = true;
  const sinceMs = state.nowMs;
  const still = `1 in scope; frozen: by the kernel every process of it stands still, until ${until}`;
  assert.deepEqual(word(), ["enforced", still, "event", sinceMs]);
  await tick();
  assert.deepEqual(word(), ["enforced", still, "event", sinceMs], "since when, not when it was asked");
  state.nowMs += 60_000;
  await tick();
  assert.equal(wanted.length, 0);
  assert.deepEqual(word(), ["off", `its time was over at ${until}: nothing is held by it`, "none", 0]);
});

test("a broken policy is refused by itself, with the place; the others hold", async () => {
  const { side, tick, kernel } = scene();
  side.setResources([policy("bad", { exec: [{ path: "nc" }] }), policy("good", netcat)]);
  await tick();
  assert.deepEqual(
    side.statuses().map(({ name, state }) => [name, state]),
    [
      ["bad", "refused"],
      ["good", "applied"],
    ],
  );
  assert.match(side.statuses()[0]?.because ?? "", /spec\.exec\[0\]\.path/);
  assert.equal(kernel.policies.size, 1);
});

test("a kernel that refuses the guard: every policy says why, and a list is refused by name", async () => {
  const { side, tick } = scene({
    openGuard: async () => {
      throw new Error("EPERM");
    },
  });
  side.setResources([policy("no-nc", netcat)]);
  await tick();
  assert.deepEqual([side.statuses()[0]?.enforcement?.state, side.statuses()[0]?.because], ["failed", "EPERM"]);
  assert.deepEqual([...side.setAllowLists([list])], [["b", "EPERM"]]);
  assert.deepEqual(side.listsStanding(), { failed: "EPERM" });
});

test("lists are held only when the kernel has them, not when they were handed in", async () => {
  let open: (() => void) | undefined;
  const opened = new Promise<void>((done) => (open = done));
  const { guard } = scene();
  const slow = scene({
    openGuard: async () => {
      await opened;
      return guard;
    },
  });
  assert.equal(slow.side.listsStanding(), "held");
  slow.side.setAllowLists([list]);
  const first = slow.tick();
  assert.equal(slow.side.listsStanding(), "pending");
  // Handed in while the kernel is still being asked: that answer is not about these.
  slow.side.setAllowLists([{ ...list, executables: ["/other"] }]);
  open?.();
  await first;
  assert.equal(slow.side.listsStanding(), "pending");
  await slow.tick();
  assert.equal(slow.side.listsStanding(), "held");
  slow.side.setAllowLists([]);
  assert.equal(slow.side.listsStanding(), "held");
});

test("lists of baselines are policies: only these programs; a list that would stop everything is refused", async () => {
  const { side, tick, kernel } = scene();
  assert.deepEqual([...side.setAllowLists([list, { ...list, name: "empty", executables: [] }]).keys()], ["empty"]);
  await tick();
  const [compiled] = kernel.policies.values();
  assert.deepEqual(
    compiled?.paths.map(({ text, choices }) => [text, choices[0]?.action]),
    [["/app", "allow"]],
  );
  assert.deepEqual(
    compiled.points.map((point) => [point.class, point.choices[0]?.action]),
    [["only", "block"]],
  );
});

test("a pattern beyond the kernel is told after the fact, with its rule", async () => {
  const { side, tick, told } = scene();
  side.setResources([policy("odd", { target: { workload: "web" }, exec: [{ pattern: "/home/*/x" }] })]);
  await tick();
  const exec = (path: string) =>
    ({ type: "exec", timeMs: 1, process: { pid: 50, startMs: 1 }, comm: "x", cgroupId: 20, path }) as ExecEvent;
  side.take([exec("/home/a/x"), exec("/home/a/b/x")]);
  assert.deepEqual(
    told.map(({ event, known }) => [event.path, event.outcome, known?.policy.name]),
    [["/home/a/x", "audited", "odd"]],
  );
});

test("closing hears what is left and detaches", async () => {
  const { side, tick, kernel, told } = scene();
  side.setResources([policy("no-nc", netcat)]);
  await tick();
  kernel.events.push(guarded({ outcome: "would-kill" }));
  side.close();
  assert.deepEqual([kernel.isClosed, told.length], [true, 1]);
});

test("the machine's services are only selected by name, never by a policy for everybody", async () => {
  const { side, tick, kernel, state } = scene();
  state.processes = [
    living({
      containerId: "",
      name: "shop",
      mountNamespace: 100,
      subject: subject({ namespace: "", workload: "shop.service" }),
    }),
  ];
  side.setResources([policy("all", { exec: [{ path: "/usr/bin/nc" }], mode: "enforce" })]);
  await tick();
  assert.deepEqual(kernel.scopes, []);
  side.setResources([
    policy("named", { target: { cgroup: "/kubepods/web" }, exec: [{ path: "/usr/bin/nc" }], mode: "enforce" }),
  ]);
  await tick();
  assert.deepEqual(
    kernel.scopes.map(({ kind, id, isContainer }) => [kind, id, isContainer]),
    [["cgroup", 20, false]],
  );
});

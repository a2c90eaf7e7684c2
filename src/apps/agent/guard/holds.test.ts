// Who can be scoped and held, and how a stop reads as a security event.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Subject } from "../../../model/identity.ts";
import { guardedRow } from "./guarded-row.ts";
import { holdRow } from "./hold-row.ts";
import { guarded, living, places, subject } from "./guard-side.fixture.ts";
import { createHolds, holdsOf, keptInFile, type Hold, type HoldsKept } from "./holds.ts";
import { holdersOf, type GuardedProcess } from "./living.ts";

const holders: readonly (readonly [
  name: string,
  processes: readonly GuardedProcess[],
  because: RegExp,
  scopes: readonly number[],
])[] = [
  ["a container with its own cgroup and namespace", [living()], /^$/, [20, 200]],
  [
    "a shared v2 cgroup (hybrid machines): by its mount namespace",
    [living({ cgroupId: 1 }), living({ cgroupId: 1, containerId: "c2", mountNamespace: 201 })],
    /^$/,
    [200],
  ],
  ["two containers in one cgroup and one namespace", [living(), living({ containerId: "c2" })], /shares/, []],
  ["the host's namespace and the root cgroup", [living({ cgroupId: 1, mountNamespace: 100 })], /shares/, []],
  ["the agent's own cgroup", [living({ cgroupId: 9, mountNamespace: 100 })], /shares/, []],
  ["a protected namespace", [living({ subject: subject({ namespace: "kube-system" }) })], /protected/, [20, 200]],
  [
    "a service of the machine beside a process of that name",
    [living({ containerId: "", name: "kubelet", mountNamespace: 100 })],
    /^$/,
    [20],
  ],
  [
    "a group with the first process",
    [living({ pid: 1, containerId: "", name: "x", mountNamespace: 100 })],
    /pid 1.*protected/,
    [20],
  ],
  ["a service of the machine", [living({ containerId: "", name: "shop", mountNamespace: 100 })], /^$/, [20]],
];

for (const [name, processes, because, scopes] of holders) {
  test(`who can be scoped: ${name}`, () => {
    const [holder] = holdersOf(processes, places);
    assert.match(holder?.because ?? "", because);
    assert.deepEqual([...(holder?.cgroups ?? []), ...(holder?.mountNamespaces ?? [])], scopes);
  });
}

function columns(): Subject {
  const { namespace, workload, container, image } = subject();
  return {
    namespace,
    workload,
    container,
    image,
    workloadKind: "Deployment",
    service: "",
    pod: "",
    containerId: "c1",
    imageDigest: "",
    identityReason: "",
  };
}

test("a row carries policy, action and receipt; a dry run has no receipt", () => {
  const who = {
    subject: columns(),
    processId: "p",
    process: "bash",
    executable: "/bin/bash",
    ancestors: ["sh"],
    fidelity: "kernel",
  } as const;
  const killed = guardedRow(guarded(), undefined, who, 2);
  assert.deepEqual(
    [killed.action, killed.count, killed.executable, killed.title],
    ["killed", 2, "/usr/bin/nc", "Killed: exec /usr/bin/nc"],
  );
  assert.match(killed.receipt, /killed at exec/);
  assert.equal(killed.severity, "high");
  const tried = guardedRow(
    guarded({
      outcome: "would-deny",
      hook: "connect",
      path: "",
      tuple: { localAddress: "::", localPort: 0, remoteAddress: "10.0.0.1", remotePort: 22 },
    }),
    undefined,
    who,
    1,
  );
  assert.deepEqual(
    [tried.action, tried.receipt, tried.title],
    ["would-deny", "", "Would have denied: connect 10.0.0.1:22"],
  );
});

test("holds: for a time, only of what has a cgroup of its own, let go when over", () => {
  const acts: string[] = [];
  const told: string[] = [];
  let kept: HoldsKept = { frozen: ["/cg/left-over"], told: [] };
  let [still, isGone] = ["", false];
  const holds = createHolds({
    freeze: (path) => acts.push(`freeze ${path}`),
    isFrozen: (path) => {
      if (isGone) throw new Error("no such cgroup");
      return path === still;
    },
    release: (path) => acts.push(`release ${path}`),
    isolate: (path) => {
      acts.push(`isolate ${path}`);
      return { [Symbol.dispose]: () => acts.push(`join ${path}`) };
    },
    kept: { read: () => kept, write: (now) => (kept = now) },
    tell: ({ action, policy }) => told.push(`${action} by ${policy}`),
  });
  const asked = { cgroupPath: "/cg/web", untilMs: 2000, reason: "incident 7" };
  const frozen: Hold = { policy: "f", action: "freeze", ...asked };
  const isolated: Hold = { policy: "i", action: "isolate", ...asked };
  const wanted = [frozen, isolated];
  const held = (): readonly boolean[] => wanted.map((hold) => holds.isHeld(hold));
  assert.deepEqual(held(), [false, false]);
  assert.deepEqual(holds.apply(wanted), []);
  assert.deepEqual(acts.splice(0), ["freeze /cg/web", "release /cg/left-over", "isolate /cg/web"]);
  assert.deepEqual(kept.frozen, ["/cg/web"]);
  assert.deepEqual(held(), [false, true], "asked for, and not all stand still yet");
  assert.deepEqual(told.splice(0), ["isolate by i"], "what is not so yet is not told");
  still = "/cg/web";
  assert.deepEqual(held(), [true, true]);
  holds.apply(wanted);
  holds.apply(wanted);
  assert.deepEqual([acts.splice(0).length, told.splice(0)], [2, ["freeze by f"]], "each once");
  isGone = true;
  assert.deepEqual(held(), [false, true]);
  isGone = false;
  holds.apply([]);
  assert.deepEqual(held(), [false, false]);
  assert.deepEqual(acts, ["release /cg/web", "join /cg/web"]);
  assert.deepEqual(kept, { frozen: [], told: [] });
  holds.apply(wanted);
  assert.deepEqual(told, ["freeze by f", "isolate by i"], "let go and asked for again, it is told again");
});

test("a standing hold is not told again by an agent that starts again; one that ends at another time is", () => {
  const folder = mkdtempSync(join(tmpdir(), "garrison-holds-"));
  const told: string[] = [];
  const start = () =>
    createHolds({
      freeze: () => undefined,
      isFrozen: () => true,
      release: () => undefined,
      isolate: () => ({ [Symbol.dispose]: () => undefined }),
      kept: keptInFile(join(folder, "kept.json")),
      tell: ({ action, untilMs }) => told.push(`${action} ${untilMs}`),
    });
  const asked = { cgroupPath: "/cg/web", reason: "incident 7", untilMs: 2000 };
  const frozen: Hold = { policy: "f", action: "freeze", ...asked };
  const isolated: Hold = { policy: "i", action: "isolate", ...asked };
  try {
    const first = start();
    first.apply([frozen, isolated]);
    first.letGo();
    assert.deepEqual(told.splice(0), ["freeze 2000", "isolate 2000"]);
    const second = start();
    // Before its resources are there.
    second.apply([]);
    second.apply([frozen, isolated]);
    assert.deepEqual(told, [], "stopped and started");
    start().apply([frozen, isolated]);
    assert.deepEqual(told, [], "killed and started");
    start().apply([{ ...frozen, untilMs: 3000 }]);
    assert.deepEqual(told.splice(0), ["freeze 3000"], "asked for anew while nobody was there");
    const living = start();
    living.apply([{ ...frozen, untilMs: 3000 }]);
    living.apply([]);
    start().apply([{ ...frozen, untilMs: 3000 }]);
    assert.deepEqual(told, ["freeze 3000"], "let go and asked for again");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a hold reads as an event that was wanted, with its reason, end and receipt", () => {
  const hold = { policy: "f", action: "freeze", cgroupPath: "/cg/web", untilMs: 60_000, reason: "incident 7" } as const;
  const row = holdRow(hold, { subject: columns(), fidelity: "kernel", timeMs: 1000 });
  assert.deepEqual(
    [row.action, row.severity, row.policy, row.title, row.message, row.workload],
    ["frozen", "info", "f", "Frozen: every process of it stands still", "incident 7", "web"],
  );
  assert.match(row.evidence[0] ?? "", /^1970-01-01T00:00:01.000Z freeze: .* until 1970-01-01T00:01:00.000Z$/);
  assert.match(row.receipt, /stands still \(\/cg\/web\)$/);
  assert.equal(
    holdRow({ ...hold, action: "isolate" }, { subject: columns(), fidelity: "kernel", timeMs: 1 }).action,
    "isolated",
  );
});

test("which holds are wanted: in force, within their time, of their workload", () => {
  const hold = { action: "freeze", untilMs: 2000, reason: "incident 7" } as const;
  const parsed = {
    name: "h",
    dialect: "garrison",
    target: { selector: undefined, namespace: "shop", workload: "web", container: "", image: "", cgroup: "" },
    mode: "enforce",
    rules: [],
    severity: 5,
    tags: [],
    message: "",
    isPinned: false,
    hold,
  } as const;
  const now = { nowMs: 1000, cgroupMount: "/cg" };
  const list = holdersOf([living()], places);
  assert.deepEqual(holdsOf([parsed], list, now).wanted, [{ policy: "h", ...hold, cgroupPath: "/cg/kubepods/web" }]);
  assert.deepEqual(holdsOf([parsed], list, { ...now, nowMs: 2000 }).wanted, []);
  assert.deepEqual(holdsOf([{ ...parsed, mode: "dry-run" }], list, now).wanted, []);
  const sharing = holdersOf([living({ cgroupId: 1 })], places);
  assert.match(holdsOf([parsed], sharing, now).problems[0]?.message ?? "", /no v2 cgroup of its own/);
});

// Policies that ask for pin, with stand-ins for both guards: who holds what, when an earlier run's links go, and what is said when it cannot be done.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../../base/fault.ts";
import type { Guard, GuardScope } from "../../../core/runtime-policy/guard-port.ts";
import type { Resource } from "../../../model/resource.ts";
import { createGuardSide } from "./guard-side.ts";
import { living, places, subject } from "./guard-side.fixture.ts";

interface FakeGuard {
  scopes: readonly GuardScope[];
  pinned: string;
  isClosed: boolean;
  /** Numbers of scopes at each moment, of this guard. */
  readonly guard: Guard;
}

function scene() {
  const log: string[] = [];
  const state = {
    nowMs: 1_000_000,
    stopped: "",
    place: { folder: "/pins/run" } as { readonly folder: string } | { readonly because: string },
    pinFault: undefined as Fault | undefined,
    removeFault: undefined as Fault | undefined,
    earlier: 12,
    said: [] as string[],
  };
  const made: Record<"main" | "pinned", FakeGuard[]> = { main: [], pinned: [] };
  const fake = (name: "main" | "pinned"): Guard => {
    const planes = { kill: "", killAtCall: "", killAtOpen: "", cgroup: "", lsm: "EPERM", lsmMissing: {} };
    const guard: Guard = {
      planes,
      addPolicy: () => 1,
      removePolicy: () => undefined,
      setScopes: (scopes) => {
        own.scopes = scopes;
        log.push(`${name} ${scopes.filter(({ policy }) => policy > 0).length}`);
      },
      spare: () => undefined,
      isolate: () => ({ [Symbol.dispose]: () => undefined }),
      drain: () => [],
      stats: () => ({ scopes: 0, policies: 0, lossesByKind: {} }),
      pin: (folder) => {
        if (state.pinFault !== undefined) throw state.pinFault;
        own.pinned = folder;
      },
      unpin: () => void (own.pinned = ""),
      close: () => (own.isClosed = true),
    };
    const own: FakeGuard = { scopes: [], pinned: "", isClosed: false, guard };
    made[name].push(own);
    return guard;
  };
  const side = createGuardSide({
    openGuard: async () => fake("main"),
    pins: {
      openGuard: async () => fake("pinned"),
      place: () => state.place,
      removeEarlier: (kept) => {
        if (kept > 0) return 0;
        if (state.removeFault !== undefined) throw state.removeFault;
        log.push("earlier removed");
        return state.earlier;
      },
      say: (line) => void state.said.push(line),
    },
    processes: () => [living()],
    places,
    find: () => undefined,
    drillFolder: "",
    stopped: () => state.stopped,
    subjectOf: () => subject(),
    holds: undefined,
    cgroupMount: "/cg",
    tell: () => undefined,
    nowMs: () => state.nowMs,
  });
  const tick = async (ms = 6000): Promise<readonly string[]> => {
    state.nowMs += ms;
    await side.tick();
    return log.splice(0);
  };
  return { side, state, made, tick };
}

function policy(name: string, spec: object): Resource {
  const base = { apiVersion: "garrison/v1", kind: "RuntimePolicy", scope: "global", author: "t" } as const;
  return { ...base, name, spec: { ...spec }, generation: 1, time: "2026-11-26T10:00:00Z", deleted: false };
}

const enforced = { target: { workload: "web" }, mode: "enforce", exec: [{ path: "/usr/bin/nc" }] };

test("a policy that asks for pin is held by a guard of its own, the others by the agent's; both say which", async () => {
  const { side, made, tick } = scene();
  side.setResources([policy("kept", { ...enforced, pin: true }), policy("plain", enforced)]);
  await tick();
  assert.deepEqual([made.main.length, made.pinned.length, made.pinned[0]?.pinned], [1, 1, "/pins/run"]);
  assert.deepEqual(
    [made.main, made.pinned].map(([guard]) => guard?.scopes.map(({ kind, policy: number }) => `${kind} ${number}`)),
    [
      ["cgroup 1", "mount-namespace 1"],
      ["cgroup 1", "mount-namespace 1"],
    ],
  );
  const [kept, plain] = side.statuses();
  assert.match(kept?.because ?? "", /^pinned: it stays in force without the agent; /);
  assert.doesNotMatch(plain?.because ?? "", /pin/);
  assert.deepEqual([kept?.enforcement?.endpoints, plain?.enforcement?.endpoints], [1, 1]);
});

test("nothing asks for it, or only in a dry run: no second guard", async () => {
  const { side, made, tick } = scene();
  side.setResources([policy("dry", { ...enforced, mode: "dry-run", pin: true }), policy("plain", enforced)]);
  await tick();
  assert.deepEqual([made.main.length, made.pinned.length], [1, 0]);
});

test("a policy that changes sides is held by both for a moment, never by none", async () => {
  const { side, made, tick } = scene();
  side.setResources([policy("p", enforced)]);
  assert.deepEqual(await tick(), ["main 2", "earlier removed"]);
  side.setResources([policy("p", { ...enforced, pin: true })]);
  assert.deepEqual(await tick(), ["main 2", "pinned 2", "main 0"]);
  side.setResources([policy("p", enforced)]);
  assert.deepEqual(await tick(), ["main 2"]);
  assert.deepEqual([made.pinned[0]?.pinned, made.pinned[0]?.isClosed], ["", true]);
});

test("links of an earlier run stay until the server has spoken, and until this run has held all for a while", async () => {
  const { side, state, tick } = scene();
  assert.deepEqual(await tick(), []);
  side.setResources([policy("p", { ...enforced, pin: true })]);
  assert.deepEqual((await tick()).includes("earlier removed"), false);
  assert.deepEqual((await tick(29_000)).includes("earlier removed"), false);
  assert.deepEqual((await tick(2000)).includes("earlier removed"), false, "not every tick looks");
  assert.deepEqual((await tick()).includes("earlier removed"), true);
  assert.deepEqual(state.said, ["12 pinned links of an earlier run of this agent were removed"]);
  assert.deepEqual((await tick()).includes("earlier removed"), false, "once");
});

test("links that nobody wants any more go at once: the policy went while the agent was dead", async () => {
  const { side, made, tick } = scene();
  side.setResources([]);
  assert.deepEqual(await tick(), ["earlier removed"]);
  assert.equal(made.main.length, 0);
});

test("links that cannot be removed are said, and tried again", async () => {
  const { side, state, tick } = scene();
  state.removeFault = new Fault("EACCES", { code: "guard/pin", kind: "unavailable" });
  side.setResources([policy("plain", enforced)]);
  await tick();
  const problems = (): readonly string[] => side.statuses()[0]?.enforcement?.problems ?? [];
  assert.deepEqual(problems(), ["pin: links of an earlier run cannot be removed: EACCES"]);
  state.removeFault = undefined;
  assert.ok((await tick()).includes("earlier removed"));
  assert.deepEqual(problems(), []);
});

test("break-glass takes pins out at once, those of an earlier run too, without the server", async () => {
  const { side, state, made, tick } = scene();
  state.stopped = "break-glass";
  assert.deepEqual(await tick(), ["earlier removed"]);
  const next = scene();
  next.side.setResources([policy("p", { ...enforced, pin: true })]);
  await next.tick();
  next.state.stopped = "break-glass";
  assert.ok((await next.tick()).includes("earlier removed"));
  assert.deepEqual([next.made.pinned[0]?.pinned, next.made.pinned[0]?.isClosed], ["", true]);
  assert.equal(made.pinned.length, 0);
  side.close();
});

test("what cannot be pinned is held by the agent alone, and the status says why", async () => {
  const { side, state, made, tick } = scene();
  state.place = { because: "no bpffs is mounted" };
  side.setResources([policy("p", { ...enforced, pin: true })]);
  assert.deepEqual(await tick(), ["main 2"]);
  assert.match(side.statuses()[0]?.because ?? "", /^not pinned: no bpffs is mounted; /);
  state.place = { folder: "/pins/run" };
  state.pinFault = new Fault("the kernel does not pin guard_exec: EPERM", { code: "guard/pin", kind: "unavailable" });
  assert.deepEqual(await tick(), ["main 2", "pinned 2"]);
  assert.deepEqual([made.pinned[0]?.isClosed, made.main[0]?.scopes.length], [true, 2]);
  assert.match(side.statuses()[0]?.because ?? "", /^not pinned: the kernel does not pin guard_exec: EPERM; /);
  state.pinFault = undefined;
  assert.deepEqual(await tick(), ["main 2"], "not tried again at once");
  assert.deepEqual(await tick(60_000), ["main 2", "pinned 2", "main 0"]);
});

test("a clean stop keeps what is pinned in force, and says so", async () => {
  const { side, state, made, tick } = scene();
  side.setResources([policy("p", { ...enforced, pin: true })]);
  await tick();
  side.close();
  assert.deepEqual([made.pinned[0]?.pinned, made.pinned[0]?.isClosed], ["/pins/run", true]);
  assert.match(state.said[0] ?? "", /1 runtime policies stay in force without the agent, .*release --pinned/);
});

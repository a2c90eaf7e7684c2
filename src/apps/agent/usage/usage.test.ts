// Learning on a node with a kernel that is played: who is learnt and when, what is told, what a refusal costs; postures in their rhythm.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Learner, LearntScope } from "../../../core/sense/learner.ts";
import type { SensorEvent } from "../../../core/sense/sensor.ts";
import { liveRoots, readPosture } from "../../../edge/proc/posture/read-posture.ts";
import type { Subject } from "../../../model/identity.ts";
import type { Resource } from "../../../model/resource.ts";
import type { Row } from "../../../model/table.ts";
import type { ContainerProcess } from "../used-files.ts";
import { usageLimits } from "./limits.ts";
import { createUsageSide } from "./usage-side.ts";

const hostNamespace = 1;
const minuteMs = 60_000;

function subject(id: string, over: Partial<Subject> = {}): Subject {
  return {
    namespace: "shop",
    workload: "web",
    workloadKind: "Deployment",
    service: "",
    pod: `web-${id}`,
    container: "web",
    containerId: id,
    image: "web:1",
    imageDigest: "sha256:a",
    identityReason: "",
    ...over,
  };
}

function process(pid: number, of: Subject): ContainerProcess {
  const record = { pid, startMs: pid, startTimeMs: pid, id: String(pid) };
  return { record, subject: of } as unknown as ContainerProcess;
}

/** A kernel that is played: scopes by namespace, calls as the test says. */
class PlayedKernel implements Learner {
  readonly seesCapabilities = false;
  readonly capabilities = [{ name: "learn-calls", available: true, because: "" }];
  readonly calls = new Map<number, Set<number>>();
  isLearning = false;
  learnsNew = false;
  isClosed = false;
  lostCount = 0;
  setLearning(isLearning: boolean): void {
    this.isLearning = isLearning;
  }
  setLearnNew(isWanted: boolean): void {
    this.learnsNew = isWanted;
  }
  watch(namespace: number): boolean {
    if (!this.calls.has(namespace)) this.calls.set(namespace, new Set());
    return true;
  }
  forget(namespace: number): void {
    this.calls.delete(namespace);
  }
  call(namespace: number, ...numbers: readonly number[]): void {
    for (const number of numbers) this.calls.get(namespace)?.add(number);
  }
  read(): readonly LearntScope[] {
    return [...this.calls].map(([mountNamespace, numbers]) => {
      const calls = new Uint8Array(64);
      for (const number of numbers) calls[number >> 3] = (calls[number >> 3] ?? 0) | (1 << (number & 7));
      return { mountNamespace, calls, capabilities: 0n, execs: 1, startSeen: false, hasForeignCalls: false };
    });
  }
  lost(): number {
    return this.lostCount;
  }
  close(): void {
    this.isClosed = true;
  }
}

function play(options: { readonly firstMinutes?: number; readonly refuses?: boolean } = {}) {
  const kernel = new PlayedKernel();
  const usage: Row<"workload_usage">[] = [];
  const postures: Row<"container_postures">[] = [];
  const failures: unknown[] = [];
  const world = { processes: [] as ContainerProcess[], seccomp: 0, reads: 0, opened: 0 };
  const facts = readPosture(liveRoots, globalThis.process.pid);
  assert.ok(facts);
  const side = createUsageSide({
    node: "n1",
    firstMinutes: options.firstMinutes ?? 30,
    learning: {
      architecture: "x86_64",
      open: () => {
        world.opened += 1;
        if (options.refuses === true) throw new Error("the kernel refused");
        return kernel;
      },
      // The process's number stands for its namespace: 10 and 11 are in 100 and 110.
      mountNamespaceOf: (pid) => (pid < 10 ? hostNamespace : pid * 10),
      hostMountNamespace: hostNamespace,
      tell: (row) => usage.push(row),
      subjectOf: (event) => world.processes.find(({ record }) => record.pid === event.process.pid)?.subject,
      failed: (error) => failures.push(error),
    },
    posture: {
      read: () => {
        world.reads += 1;
        return { ...facts, seccompMode: world.seccomp };
      },
      tell: (row) => postures.push(row),
    },
    processes: () => world.processes,
  });
  /** Ticks as the agent does, once a second. */
  const run = (fromMs: number, seconds: number) => {
    for (let second = 0; second <= seconds; second += 1) side.tick(fromMs + second * 1000);
    return fromMs + seconds * 1000;
  };
  return { kernel, usage, postures, failures, world, side, run };
}

function windowOf(spec: object): Resource {
  return { kind: "LearningWindow", scope: "global", name: "w", generation: 3, spec } as unknown as Resource;
}

test("a new image is learnt for its first minutes; a row tells what came, and then only that it was watched", () => {
  const { kernel, usage, world, run } = play();
  world.processes = [process(10, subject("a"))];
  let nowMs = run(0, 4);
  assert.ok(kernel.isLearning && kernel.learnsNew);
  kernel.call(100, 0, 83);
  nowMs = run(nowMs, 12);
  assert.deepEqual(
    usage.map(({ systemCalls }) => systemCalls),
    [["mkdir", "read"]],
  );
  assert.deepEqual([usage[0]?.workload, usage[0]?.containerId, usage[0]?.architecture], ["web", "a", "x86_64"]);
  kernel.call(100, 82);
  nowMs = run(nowMs, 12);
  assert.deepEqual(usage.at(-1)?.systemCalls, ["rename"]);
  const before = usage.length;
  nowMs = run(nowMs, usageLimits.quietRowMs / 1000 + 12);
  assert.deepEqual([usage.length, usage.at(-1)?.systemCalls], [before + 1, []]);
  assert.ok((usage.at(-1)?.learntSeconds ?? 0) >= 590);
  run(nowMs, 30 * 60);
  assert.deepEqual([kernel.isLearning, kernel.learnsNew], [false, false]);
  // Everything that was watched is told, to some seconds.
  const total = usage.reduce((sum, { learntSeconds }) => sum + learntSeconds, 0);
  assert.ok(total > 19 * 60 && total <= 30 * 60 + 2, String(total));
});

test("a window learns what it names, on the nodes that it names, until it ends; a broken one is refused", () => {
  const { kernel, usage, world, side, run } = play({ firstMinutes: 0 });
  world.processes = [process(10, subject("a")), process(11, subject("b", { workload: "db" }))];
  let nowMs = run(0, 15);
  assert.deepEqual([world.opened, kernel.isLearning], [0, false]);
  const until = new Date(nowMs + 5 * minuteMs).toISOString();
  side.setResources([windowOf({ match: { workload: "w*" }, until }), windowOf({ until: "soon" })], nowMs);
  assert.deepEqual(
    side.statuses().map(({ state, generation }) => [state, generation]),
    [
      ["applied", 3],
      ["refused", 3],
    ],
  );
  nowMs = run(nowMs, 4);
  assert.deepEqual([kernel.isLearning, [...kernel.calls.keys()]], [true, [100]]);
  kernel.call(100, 0);
  nowMs = run(nowMs, 12);
  assert.deepEqual(
    usage.map(({ workload }) => workload),
    ["web"],
  );
  nowMs = run(nowMs, 5 * 60);
  assert.equal(kernel.isLearning, false);
  side.setResources([windowOf({ match: { node: "other" }, until: new Date(nowMs + minuteMs).toISOString() })], nowMs);
  run(nowMs, 4);
  assert.equal(kernel.isLearning, false);
});

test("a container in the host's mounts is not learnt; a refusal is told once, as an ability, and the rest goes on", () => {
  const shared = play();
  shared.world.processes = [process(2, subject("h"))];
  shared.run(0, 30);
  assert.deepEqual([shared.kernel.isLearning, shared.usage.length], [false, 0]);
  const refused = play({ refuses: true });
  refused.world.processes = [process(10, subject("a"))];
  refused.run(0, 60);
  assert.deepEqual([refused.world.opened, refused.failures.length], [1, 1]);
  assert.deepEqual(refused.side.capabilities, [
    { name: "learn-calls", available: false, because: "the kernel refused" },
  ]);
  assert.equal(refused.postures.length, 1);
});

test("capabilities are concluded from a container's own calls, not from its runtime's", () => {
  const { kernel, usage, world, side, run } = play();
  world.processes = [process(10, subject("a")), process(3, subject("a"))];
  const nowMs = run(0, 4);
  const event = { type: "call", call: "chroot", result: 0, arguments: [], comm: "app", timeMs: 1, cgroupId: 1 };
  const at = (pid: number) => ({ ...event, process: { pid, startMs: pid } }) as unknown as SensorEvent;
  side.take([at(3)], nowMs);
  kernel.call(100, 0);
  run(nowMs, 12);
  assert.deepEqual(
    usage.map(({ capabilitiesInferred }) => capabilitiesInferred),
    [[]],
  );
  side.take([at(10)], nowMs);
  run(nowMs + 12_000, 12);
  assert.deepEqual(usage.at(-1)?.capabilitiesInferred, ["sys_chroot"]);
});

test("namespaces without room are a gap; what is learnt last is told at the end", () => {
  const { kernel, usage, world, side, run } = play();
  world.processes = [process(10, subject("a"))];
  const nowMs = run(0, 4);
  kernel.lostCount = 5;
  assert.deepEqual(
    side.takeGaps(nowMs).map(({ table, reason, rows }) => [table, reason, rows]),
    [["workload_usage", "limit", 5]],
  );
  assert.deepEqual(side.takeGaps(nowMs), []);
  kernel.call(100, 1);
  side.close(nowMs + 1000);
  assert.deepEqual([usage.at(-1)?.systemCalls, kernel.isClosed], [["write"], true]);
});

test("a posture is told when new, when it changed (not more often than every ten minutes), and again each hour", () => {
  const { postures, world, run } = play({ firstMinutes: 0 });
  world.processes = [process(12, subject("a")), process(10, subject("a"))];
  let nowMs = run(0, 10);
  assert.deepEqual(
    postures.map(({ occasion, seccomp, containerId }) => [occasion, seccomp, containerId]),
    [["first", "none", "a"]],
  );
  world.seccomp = 2;
  nowMs = run(nowMs, 120);
  assert.equal(postures.length, 1);
  nowMs = run(nowMs, 10 * 60);
  assert.deepEqual(postures.map(({ occasion, seccomp }) => [occasion, seccomp]).at(-1), ["changed", "filter"]);
  nowMs = run(nowMs, 62 * 60);
  assert.deepEqual(
    postures.map(({ occasion }) => occasion),
    ["first", "changed", "again"],
  );
  assert.ok(world.reads < 90, "once a minute, not once a tick");
  world.processes = [];
  run(nowMs, usageLimits.goneMs / 1000 + 10);
  world.processes = [process(10, subject("a"))];
  run(nowMs + 2 * usageLimits.goneMs, 10);
  assert.equal(postures.at(-1)?.occasion, "first");
});

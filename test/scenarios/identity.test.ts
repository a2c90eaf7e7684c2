// Who it was, end to end: an inventory told through the hub, the real agents' door and intake, real agents with scripted sensors, the real
// store. Rows carry the identity that was true at their time: addresses that change hands, identities that come late, clocks that are wrong.
import { deepEqual, equal } from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { runAgent } from "../../src/apps/agent/main.ts";
import { ServerConfig } from "../../src/apps/server/config.ts";
import type { AgentsSide } from "../../src/apps/server/parts.ts";
import { openAgentsSide } from "../../src/apps/server/wiring/agents.ts";
import { openForeign } from "../../src/apps/server/wiring/foreign.ts";
import type { Clock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { createIdentityHub } from "../../src/core/directory/identity-hub.ts";
import type { Sensor, SensorEvent } from "../../src/core/sense/sensor.ts";
import type { StateStore } from "../../src/core/state/ports.ts";
import { openStateStore } from "../../src/edge/store/state/open.ts";
import { formatJoinToken, hashSecret, makeJoinSecret } from "../../src/edge/trust/join-token.ts";
import { connects, container, entry, uidOf } from "../support/scripted-pods.ts";
import { startScratchStore, type ScratchStore } from "../support/scratch-store.ts";

const hourMs = 3_600_000;
const systemClock: Clock = { nowMs: Date.now };
let scratch: ScratchStore;
let state: StateStore;
let side: AgentsSide;
let data: string;
const hub = createIdentityHub();

before(async () => {
  scratch = await startScratchStore();
  // The store reads what the server's spool holds, so both live in one data folder.
  data = scratch.dataFolder;
  state = openStateStore({ url: `sqlite:${join(data, "state.sqlite")}`, clock: systemClock, logger: silentLogger });
  await state.migrate();
  side = await openAgentsSide({
    config: ServerConfig.parse({ data, agents: { port: 0 } }),
    state,
    telemetry: scratch.store,
    identities: hub,
    clock: systemClock,
    logger: silentLogger,
    insertDelayMs: 20,
  });
});
after(async () => {
  await side[Symbol.asyncDispose]();
  await state[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

interface Script extends AsyncDisposable {
  readonly clock: Clock;
  /** Does it, and resolves when the agent has heard of it. */
  heard(change: () => void): Promise<void>;
  say(events: readonly SensorEvent[]): void;
  /** A process in the pod's container, seen as running. */
  begin(pod: string): Pick<SensorEvent, "process" | "comm" | "cgroupId">;
}

let processes = 0;

/** A node with the real agent on it, whose sensor says what the test wants. Its clock is `aheadMs` ahead. */
async function node(cluster: string, name: string, aheadMs = 0): Promise<Script> {
  return await nodeWith(cluster, name, { nowMs: () => Date.now() + aheadMs });
}

async function nodeWith(cluster: string, name: string, clock: Clock): Promise<Script> {
  let messages = 0;
  const whole = Promise.withResolvers<void>();
  const secret = makeJoinSecret();
  await state.joinTokens.create({
    cluster,
    secretSha256: hashSecret(secret),
    expiresAtMs: Date.now() + hourMs,
    uses: 1,
    author: "test",
  });
  let deliver: (events: readonly SensorEvent[]) => void = () => undefined;
  const sensor: Sensor = {
    fidelity: "simulated",
    fidelityBecause: "a script",
    capabilities: [],
    start: async (onBatch) => {
      deliver = onBatch;
    },
    watchFirstBytes: () => undefined,
    stats: () => ({ eventsByType: {}, dropsByType: {}, cpuMs: 0 }),
    close: async () => undefined,
  };
  const stop = new AbortController();
  const ready = Promise.withResolvers<void>();
  const running = runAgent(
    {
      data: join(data, cluster, name),
      server: { address: `127.0.0.1:${side.port}` },
      node: name,
      join: { token: formatJoinToken({ secret, cluster, caSha256: side.caSha256 }) },
      flow: { windowSeconds: 1 },
    },
    {
      logger: silentLogger,
      signal: stop.signal,
      ready: () => ready.resolve(),
      sensor,
      clock,
      heardIdentities(book) {
        messages += 1;
        if (book === "kept" || book === "none") whole.resolve();
      },
    },
  );
  await Promise.race([Promise.all([ready.promise, whole.promise]), running]);
  return {
    clock,
    say: (events) => deliver(events),
    async heard(change) {
      const before = messages;
      change();
      await untilAsync("the agent hears of it", async () => messages > before);
    },
    begin(pod) {
      processes += 1;
      // No process of this machine has such a pid, so that only the cgroup's path says whose it is.
      const who = {
        process: { pid: 9_000_000 + processes, startMs: processes },
        comm: pod,
        cgroupId: 1000 + processes,
      };
      const path = `/kubepods/besteffort/pod${uidOf(pod)}/${container(pod).containerId}`;
      const timeMs = clock.nowMs();
      deliver([
        { ...who, type: "cgroup-made", timeMs, path },
        {
          ...who,
          type: "running",
          timeMs,
          parent: { pid: 1, startMs: 0 },
          uid: 0,
          gid: 0,
          capabilities: 0,
          path: "/main",
          arguments: ["/main"],
          argumentsCut: false,
          workingDirectory: "/",
        },
      ]);
      return who;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

type StoredFlow = Readonly<Record<string, string | number>>;

async function flowsOf(cluster: string, count: number): Promise<readonly StoredFlow[]> {
  let rows: readonly StoredFlow[] = [];
  const sql = `SELECT * FROM flows WHERE cluster = '${cluster}' AND connectionsOpened > 0 ORDER BY time, destinationPort`;
  await untilAsync(`${count} flows of ${cluster}`, async () => {
    ({ rows } = await scratch.store.query<StoredFlow>(sql, {}));
    return rows.length >= count;
  });
  return rows;
}

async function untilAsync(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 2400; tries += 1) {
    if (await holds()) return;
    await sleep(50);
  }
  throw new Error(`never: ${what}`);
}

const web = entry({ key: "Pod/web-1", addresses: ["10.7.0.1"], services: ["web"], containers: [container("web-1")] });

test("both ends of a dialled service tell one edge, with services, digests and the port behind it", async () => {
  const api = entry({ key: "Pod/api-1", addresses: ["10.7.0.2"], services: ["api"], containers: [container("api-1")] });
  const service = entry({
    key: "Service/api",
    kind: "service",
    addresses: ["10.96.0.7"],
    workload: "api",
    services: ["api"],
    ports: [{ protocol: "tcp", port: 80, targetPort: 8080 }],
  });
  hub.reset("edge", { entries: [web, api, service], because: "" }, Date.now());
  await using client = await node("edge", "n1");
  await using server = await node("edge", "n2");
  const at = Date.now();
  const seen = connects(client.begin("web-1"), at, { remoteAddress: "10.96.0.7" });
  client.say([seen]);
  const { localAddress, localPort } = seen;
  const accepted = { localAddress: "10.7.0.2", localPort: 8080, remoteAddress: localAddress, remotePort: localPort };
  server.say([connects(server.begin("api-1"), at + 1, { ...accepted, direction: "inbound" })]);
  const rows = await flowsOf("edge", 2);
  deepEqual(new Set(rows.map(({ reporter }) => reporter)), new Set(["source", "destination"]));
  for (const row of rows) {
    deepEqual(
      [row["sourceWorkload"], row["sourceService"], row["sourcePod"], row["sourceImageDigest"]],
      ["web", "web", "web-1", "sha256:web-1"],
    );
    deepEqual(
      [row["destinationNamespace"], row["destinationWorkload"], row["destinationService"], row["destinationPort"]],
      ["shop", "api", "api", 8080],
    );
  }
  const { rows: started } = await scratch.store.query<StoredFlow>(
    "SELECT workload, service, imageDigest, pod, identityReason FROM process_events WHERE cluster = 'edge' AND node = 'n1'",
    {},
  );
  deepEqual(started, [
    { workload: "web", service: "web", imageDigest: "sha256:web-1", pod: "web-1", identityReason: "" },
  ]);
});

test("an address that changes hands: each flow keeps who it was at its time, also when told afterwards", async () => {
  const old = entry({ key: "Pod/old-1", addresses: ["10.7.0.2"] });
  hub.reset("hands", { entries: [web, old], because: "" }, Date.now());
  await using client = await node("hands", "n1");
  const who = client.begin("web-1");
  const beforeMs = Date.now();
  client.say([connects(who, beforeMs, { remotePort: 1001 })]);
  await flowsOf("hands", 1);
  await sleep(50);
  const endedMs = Date.now();
  const young = entry({ key: "Pod/young-1", addresses: ["10.7.0.2"], fromMs: endedMs + 20 });
  await client.heard(() => hub.change("hands", { put: [young], ended: [{ key: old.key, atMs: endedMs }] }));
  await sleep(50);
  // The first event is late: it is of the time before the change.
  client.say([connects(who, beforeMs + 10, { remotePort: 1002 }), connects(who, Date.now(), { remotePort: 1003 })]);
  const rows = await flowsOf("hands", 3);
  deepEqual(
    rows.map((row) => [row["destinationPort"], row["destinationPod"]]),
    [
      [1001, "old-1"],
      [1002, "old-1"],
      [1003, "young-1"],
    ],
  );
});

test("an identity that comes a second late stands in the row; one that never comes has its reason", async () => {
  hub.reset("late", { entries: [entry({ key: "Pod/first-1", addresses: ["10.7.0.9"] })], because: "" }, Date.now());
  // Stands still but for what the test says, so that a slow machine waits no longer than the agent should.
  let at = Date.now();
  await using client = await nodeWith("late", "n1", { nowMs: () => at });
  const who = client.begin("web-1");
  const unknown = { remoteAddress: "10.7.0.77", remotePort: 1002 };
  client.say([connects(who, at, { remotePort: 1001 }), connects(who, at, unknown)]);
  at += 700;
  const late = entry({ key: "Pod/late-1", addresses: ["10.7.0.2"], fromMs: at - 400 });
  await client.heard(() => hub.change("late", { put: [web, late], ended: [] }));
  at += 700;
  const told = await flowsOf("late", 1);
  deepEqual(
    told.map((row) => row["destinationPort"]),
    [1001],
  );
  at += 1000;
  const rows = await flowsOf("late", 2);
  deepEqual(
    rows.map((row) => [row["sourceWorkload"], row["destinationKind"], row["destinationPod"], row["destinationReason"]]),
    [
      ["web", "Deployment", "late-1", ""],
      ["web", "Unknown", "", "not in the inventory (address 10.7.0.77)"],
    ],
  );
});

test("a machine without an inventory: other ends are external, and nothing waits", async () => {
  await using client = await node("bare", "n1");
  client.say([connects(client.begin("web-1"), Date.now(), {})]);
  const [row] = await flowsOf("bare", 1);
  deepEqual([row?.["destinationKind"], row?.["destinationReason"]], ["External", ""]);
});

test("a node whose clock is an hour behind: its rows carry who it was at their true time", async () => {
  const old = entry({ key: "Pod/old-1", addresses: ["10.7.0.2"] });
  hub.reset("behind", { entries: [web, old], because: "" }, Date.now());
  await using client = await node("behind", "n1", -hourMs);
  const who = client.begin("web-1");
  client.say([connects(who, client.clock.nowMs(), { remotePort: 1001 })]);
  await flowsOf("behind", 1);
  const endedMs = Date.now();
  const young = entry({ key: "Pod/young-1", addresses: ["10.7.0.2"], fromMs: endedMs + 20 });
  await client.heard(() => hub.change("behind", { put: [young], ended: [{ key: old.key, atMs: endedMs }] }));
  // The clocks' difference is known to a second or two.
  await sleep(3000);
  client.say([connects(who, client.clock.nowMs(), { remotePort: 1002 })]);
  const rows = await flowsOf("behind", 2);
  deepEqual(
    rows.map((row) => [row["destinationPort"], row["destinationPod"]]),
    [
      [1001, "old-1"],
      [1002, "young-1"],
    ],
  );
});

test("a node whose clock is an hour ahead: its rows are refused and the gap says so", async () => {
  hub.reset("ahead", { entries: [web], because: "" }, Date.now());
  await using client = await node("ahead", "n1", hourMs);
  client.say([connects(client.begin("web-1"), client.clock.nowMs(), {})]);
  await untilAsync("the gap", async () => {
    const { rows } = await scratch.store.query<{ reason: string }>(
      "SELECT reason FROM gaps WHERE cluster = 'ahead'",
      {},
    );
    return rows.some(({ reason }) => reason === "out-of-range");
  });
  const { rows } = await scratch.store.query("SELECT 1 FROM flows WHERE cluster = 'ahead'", {});
  equal(rows.length, 0);
});

test("an audit event names the pod's owner and the pod that asked, of the time when it happened", async () => {
  const runner = entry({ key: "Pod/runner-1", namespace: "ci", addresses: ["10.7.0.8"] });
  hub.reset("edge", { entries: [web, runner], because: "" }, Date.now());
  const foreign = openForeign({ ownCluster: "local", state, identities: hub, accept: side.accept, clock: systemClock });
  const happened = new Date().toISOString();
  hub.change("edge", { put: [], ended: [{ key: runner.key, atMs: Date.now() + 5 }] });
  const body = JSON.stringify({
    auditID: "a1",
    stage: "ResponseComplete",
    stageTimestamp: happened,
    verb: "delete",
    user: { username: "system:serviceaccount:ci:default" },
    sourceIPs: ["10.7.0.8"],
    objectRef: { resource: "pods", namespace: "shop", name: "web-1" },
  });
  const request = new Request("http://localhost/", { method: "POST", body });
  const call = { request, query: { cluster: "edge" } } as unknown as Parameters<typeof foreign.ingestAudit>[0];
  await foreign.ingestAudit(call);
  let rows: readonly StoredFlow[] = [];
  await untilAsync("the audit event", async () => {
    ({ rows } = await scratch.store.query<StoredFlow>(
      "SELECT workload, workloadKind, actorNamespace, actorWorkload, actorPod, actorReason FROM audit_events",
      {},
    ));
    return rows.length > 0;
  });
  deepEqual(rows, [
    {
      workload: "web",
      workloadKind: "Deployment",
      actorNamespace: "ci",
      actorWorkload: "runner",
      actorPod: "runner-1",
      actorReason: "",
    },
  ]);
});

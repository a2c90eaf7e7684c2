// The uplink against a real TLS door (test/support/fake-door.ts) with a spool in memory.
import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openFakeDoor, type FakeDoor } from "../../../test/support/fake-door.ts";
import { silentLogger } from "../../base/logger.ts";
import type { AgentReport, BlockHeader } from "../../model/agent-protocol.ts";
import type { IdentitiesMessage } from "../../model/identity-entry.ts";
import type { Resource } from "../../model/resource.ts";
import type { BlockSource, SpooledBlock } from "./block-sender.ts";
import { createUplink, type Uplink, type UplinkConnection, type UplinkOptions } from "./uplink.ts";

interface MemorySource extends BlockSource {
  add(sequence: number, bytes?: number): void;
  readonly waiting: Map<number, SpooledBlock>;
  readonly acknowledged: SpooledBlock[];
  readonly refused: string[];
}

function memorySource(): MemorySource {
  const waiting = new Map<number, SpooledBlock>();
  const bodies = new Map<number, Buffer>();
  const acknowledged: SpooledBlock[] = [];
  const refused: string[] = [];
  return {
    waiting,
    acknowledged,
    refused,
    add(sequence, bytes = 100) {
      const body = Buffer.alloc(bytes, sequence);
      const header: BlockHeader = {
        boot: "a".repeat(32),
        sequence,
        table: "flows",
        wireVersion: 1,
        rows: 3,
        timeMinMs: 0,
        timeMaxMs: 1,
        encoding: "none",
        sha256: createHash("sha256").update(body).digest("hex"),
        bytesInflated: bytes,
      };
      bodies.set(sequence, body);
      waiting.set(sequence, { order: sequence, header, bytes });
    },
    next: (busy) => [...waiting.values()].find((entry) => !busy.has(entry.order)),
    read: async (entry) => bodies.get(entry.order),
    acknowledge: async (entry) => {
      if (waiting.delete(entry.order)) acknowledged.push(entry);
    },
    refuse: async (entry, because) => {
      waiting.delete(entry.order);
      refused.push(because);
    },
    replayAcknowledged: async () => {
      for (const entry of acknowledged) waiting.set(entry.order, entry);
      return acknowledged.splice(0).length;
    },
  };
}

function reportOf(number: number): AgentReport {
  return {
    boot: "a".repeat(32),
    number,
    resources: [],
    fidelity: "kernel",
    fidelityBecause: "",
    capabilities: [],
    agentVersion: "0",
    kernel: "",
    operatingSystem: "",
    architecture: "",
    bootId: "",
    startedAt: new Date(0).toISOString(),
    lagMs: 0,
    counters: {
      eventsByType: {},
      ringDropsByType: {},
      queueDrops: 0,
      spoolDrops: 0,
      spoolBytes: 0,
      spoolFiles: 0,
      blocksAcknowledged: 0,
      blocksRefused: 0,
      rowsAcknowledged: 0,
      redactions: 0,
      identitiesUnknown: 0,
      residentBytes: 0,
      cpuMs: 0,
    },
  };
}

interface Scene {
  readonly door: FakeDoor;
  readonly source: MemorySource;
  readonly folder: string;
  readonly resources: (readonly Resource[])[];
  readonly open: (more?: Partial<UplinkOptions<SpooledBlock>>) => Promise<Uplink>;
}

async function scene(context: TestContext): Promise<Scene> {
  const root = mkdtempSync(join(tmpdir(), "garrison-uplink-"));
  const door = await openFakeDoor({ folder: join(root, "pki") });
  const source = memorySource();
  const resources: (readonly Resource[])[] = [];
  const opened: Uplink[] = [];
  context.after(async () => {
    await Promise.all(opened.map((uplink) => uplink.close(0)));
    await door.stop();
    rmSync(root, { recursive: true, force: true });
  });
  return {
    door,
    source,
    resources,
    folder: join(root, "agent"),
    async open(more = {}) {
      const uplink = createUplink({
        server: door.url,
        folder: join(root, "agent"),
        node: "local",
        agentVersion: "0",
        joinToken: async () => door.token,
        source,
        onResources: (given) => resources.push(given),
        report: reportOf,
        clock: { nowMs: Date.now },
        random: () => 0.1,
        logger: silentLogger,
        ...more,
      });
      opened.push(uplink);
      await uplink.start();
      return uplink;
    },
  };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, `still waiting for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function sample(name: string, generation = 1): Resource {
  const time = new Date(0).toISOString();
  return {
    apiVersion: "garrison/v1",
    kind: "Visibility",
    scope: "global",
    name,
    spec: {},
    generation,
    author: "me",
    time,
    deleted: false,
  };
}

test("joins with a local key, sends blocks once, reports, keeps key and certificate in a 0600 file", async (context) => {
  const { door, source, folder, open } = await scene(context);
  for (const sequence of [1, 2, 3]) source.add(sequence);
  const told: UplinkConnection[] = [];
  const uplink = await open({ onConnection: (connection) => told.push(connection) });
  await until(() => source.acknowledged.length === 3, "three acknowledgements");
  assert.deepEqual(told, [{ connected: true, cluster: "test", node: "local" }]);
  assert.deepEqual(new Set(door.blocks.map(({ header }) => header.sequence)), new Set([1, 2, 3]));
  assert.equal(door.joins.length, 1);
  assert.ok(!JSON.stringify(door.joins).includes("PRIVATE"));
  assert.deepEqual([uplink.state.connected, uplink.state.cluster, uplink.state.node], [true, "test", "local"]);
  assert.equal(uplink.state.rowsAcknowledged, 9);
  assert.ok(door.reports.length >= 1);
  const file = join(folder, "credentials.json");
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.ok(new X509Certificate((JSON.parse(readFileSync(file, "utf8")) as { certificatePem: string }).certificatePem));
});

test("a server with another CA never sees the secret", async (context) => {
  const { door, open } = await scene(context);
  const uplink = await open({ joinToken: async () => ({ ...door.token, caSha256: "0".repeat(64) }) });
  await until(() => uplink.state.because.includes("does not have the CA"), "the refusal");
  assert.deepEqual(door.joins, []);
  assert.equal(uplink.state.connected, false);
});

test("a wrong secret is said, and no file is written", async (context) => {
  const { door, folder, open } = await scene(context);
  const told: UplinkConnection[] = [];
  const uplink = await open({
    joinToken: async () => ({ ...door.token, secret: "x".repeat(40) }),
    onConnection: (connection) => told.push(connection),
  });
  await until(() => uplink.state.because.includes("unknown token"), "the refusal");
  await until(() => told.length > 0, "the refusal to be told");
  assert.ok(told.every((connection) => !connection.connected && connection.fault.message.includes("unknown token")));
  assert.throws(() => statSync(join(folder, "credentials.json")), { code: "ENOENT" });
});

test("a second start uses the saved certificate; a damaged file means joining again", async (context) => {
  const { door, source, folder, open } = await scene(context);
  source.add(1);
  const uplink = await open();
  await until(() => uplink.state.connected, "connected");
  await uplink.close(5000);
  source.add(2);
  const again = await open({ joinToken: async () => undefined });
  await until(() => door.blocks.length === 2, "the block of the second start");
  await again.close(0);
  assert.equal(door.joins.length, 1);
  writeFileSync(join(folder, "credentials.json"), "{ broken");
  source.add(3);
  await open();
  await until(() => door.blocks.length === 3, "the block after the third start");
  assert.equal(door.joins.length, 2);
});

test("answers lost on the way and a restarted server: every block arrives, duplicates are recognised", async (context) => {
  const { door, source, open } = await scene(context);
  const uplink = await open();
  let cuts = 0;
  door.answer = (header) => {
    if (header.sequence % 10 !== 0 || cuts >= 4) return undefined;
    cuts += 1;
    if (!door.blocks.some((block) => block.header.sequence === header.sequence))
      door.blocks.push({ header, body: Buffer.of() });
    return { status: 0, cut: true };
  };
  for (let sequence = 1; sequence <= 60; sequence += 1) source.add(sequence);
  uplink.wake();
  await until(() => source.acknowledged.length >= 30, "half of the blocks");
  await door.stop();
  await until(() => !uplink.state.connected, "the loss of the server");
  await door.start();
  await until(() => source.acknowledged.length === 60, "all blocks");
  assert.equal(new Set(door.blocks.map(({ header }) => header.sequence)).size, 60);
  assert.equal(door.blocks.length, 60);
  assert.ok(uplink.state.duplicates >= 1);
});

test("a refused block is given up with its code; 429 and 503 wait; a block the server fails on does not hold up others", async (context) => {
  const { door, source, open } = await scene(context);
  let busy = 3;
  door.answer = ({ sequence }) => {
    if (sequence === 2) return { status: 400, body: { code: "blocks/malformed", detail: "no" } };
    if (sequence === 3 && busy > 0) {
      busy -= 1;
      return { status: busy === 2 ? 429 : 503, retryAfterSeconds: 0 };
    }
    if (sequence === 4) return { status: 500 };
    return undefined;
  };
  for (let sequence = 1; sequence <= 6; sequence += 1) source.add(sequence);
  await open();
  await until(() => source.acknowledged.length === 4 && source.refused.length === 1, "four blocks and one refusal");
  assert.deepEqual(source.refused, ["blocks/malformed"]);
  assert.deepEqual([...source.waiting.keys()], [4]);
});

test("the window bounds the bytes in flight, and a block larger than it still goes", async (context) => {
  const { door, source, open } = await scene(context);
  door.windowBytes = 1000;
  for (let sequence = 1; sequence <= 30; sequence += 1) source.add(sequence, sequence === 7 ? 50_000 : 400);
  await open();
  await until(() => source.acknowledged.length === 30, "all blocks");
});

test("snapshot, deltas, a hole, and the last good copy after a restart without the server", async (context) => {
  const { door, resources, open } = await scene(context);
  const names = () => resources.at(-1)?.map(({ name }) => name);
  const uplink = await open();
  await until(() => door.controlNumbers.length === 1, "the control stream");
  await until(() => uplink.state.connected, "connected");
  door.push({ type: "snapshot", number: 7, resources: [sample("a"), sample("b")] });
  door.push({
    type: "delta",
    number: 8,
    put: [sample("c")],
    remove: [{ kind: "Visibility", scope: "global", name: "a" }],
  });
  await until(() => resources.length === 2, "two changes");
  assert.deepEqual(names(), ["b", "c"]);
  await until(() => door.reports.some(({ number }) => number === 8), "a report of number 8");
  door.push({ type: "delta", number: 10, put: [sample("z")], remove: [] });
  await until(() => door.controlNumbers.length === 2, "a new control stream");
  assert.deepEqual(door.controlNumbers, [0, 0]);
  assert.deepEqual(names(), ["b", "c"], "a delta after a hole is not applied");
  door.push({ type: "snapshot", number: 11, resources: [sample("z")] });
  await until(() => resources.length === 3, "the second snapshot");
  await uplink.close(0);
  await door.stop();
  await open({ server: new URL("https://127.0.0.1:9") });
  assert.deepEqual(names(), ["z"]);
  await door.start();
  await open();
  await until(() => door.controlNumbers.at(-1) === 11, "asking from the last good number");
});

test("a line that is no message ends the session and it begins anew", async (context) => {
  const { door, open } = await scene(context);
  await open();
  await until(() => door.controlNumbers.length === 1, "the control stream");
  door.pushRaw("not json\n");
  await until(() => door.controlNumbers.length === 2, "a new control stream");
});

test("a new epoch of the store offers the acknowledged blocks again, once", async (context) => {
  const { door, source, open } = await scene(context);
  source.add(1);
  const uplink = await open();
  await until(() => source.acknowledged.length === 1 && door.controlNumbers.length === 1, "one block");
  door.blocks.length = 0;
  door.push({ type: "epoch", epoch: "two" });
  await until(() => door.blocks.length === 1 && source.acknowledged.length === 1, "the block again");
  door.push({ type: "epoch", epoch: "two" });
  door.push({ type: "snapshot", number: 1, resources: [] });
  await until(() => door.reports.some(({ number }) => number === 1), "the snapshot taken in");
  assert.equal(uplink.state.blocksAcknowledged, 2);
});

test("the certificate is renewed at two thirds of its life and the session goes on with the new one", async (context) => {
  const { door, source, folder, open } = await scene(context);
  const offset = { ms: 0 };
  const uplink = await open({ clock: { nowMs: () => Date.now() + offset.ms } });
  await until(() => uplink.state.connected, "connected");
  const before = readFileSync(join(folder, "credentials.json"), "utf8");
  await uplink.close(0);
  offset.ms = 17 * 3600 * 1000;
  const later = await open({ clock: { nowMs: () => Date.now() + offset.ms } });
  await until(() => readFileSync(join(folder, "credentials.json"), "utf8") !== before, "a renewal");
  offset.ms = 0;
  source.add(1);
  await until(() => source.acknowledged.length === 1, "a block over the new session");
  assert.equal(door.renewals, 1);
  assert.equal(later.state.connected, true);
  assert.equal(door.joins.length, 1);
});

test("an expired certificate without a token says what to do", async (context) => {
  const { open } = await scene(context);
  const uplink = await open();
  await until(() => uplink.state.connected, "connected");
  await uplink.close(0);
  const late = await open({ clock: { nowMs: () => Date.now() + 48 * 3600 * 1000 }, joinToken: async () => undefined });
  await until(() => late.state.because.includes("expired"), "the reason");
});

test("identities are handed on in order, beside resources and without their numbers; the clock's difference is measured", async (context) => {
  const { door, open } = await scene(context);
  const told: IdentitiesMessage[] = [];
  const hourMs = 3_600_000;
  const uplink = await open({
    onIdentities: (message) => told.push(message),
    clock: { nowMs: () => Date.now() + hourMs },
  });
  await until(() => door.controlNumbers.length === 1, "the control stream");
  const identities = { type: "identities", first: true, last: false, put: [], ended: [] };
  door.pushRaw(`${JSON.stringify(identities)}\n`);
  door.pushRaw(`${JSON.stringify({ type: "snapshot", number: 4, resources: [] })}\n`);
  door.pushRaw(`${JSON.stringify({ ...identities, first: false, last: true, because: "pods: forbidden" })}\n`);
  await until(() => told.length === 2, "both messages");
  assert.deepEqual(
    told.map(({ first, last, because }) => [first, last, because]),
    [
      [true, false, ""],
      [false, true, "pods: forbidden"],
    ],
  );
  assert.equal(uplink.state.connected, true);
  assert.ok(Math.abs(uplink.state.clockAheadMs - hourMs) < 30_000, `${uplink.state.clockAheadMs} ms`);
});

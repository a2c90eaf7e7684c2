// What the store process survives: kill -9 in mid-insert, a full disk, a parent that is gone; and servers it refuses to work with.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Fault } from "../../base/fault.ts";
import { silentLogger } from "../../base/logger.ts";
import { skipUnless } from "../../../test/support/skip.ts";
import { embeddedDeployment } from "../../../test/support/store-deployments.ts";
import { flowRow, storeEntry, writeBlock } from "../../../test/support/store-world.ts";
import { connect } from "./connection.ts";
import { command } from "./run.ts";
import { startStoreProcess } from "./supervisor.ts";
import { createTelemetryStore, groupBlocksMax, type MaintainedStore } from "./telemetry-store.ts";

const startMs = Date.UTC(2026, 10, 22, 10);
const counts =
  "SELECT (SELECT count() FROM flows) AS raw, (SELECT sum(rowsAtSource + rowsAtDestination) FROM edges_1m) AS minute, " +
  "(SELECT sum(rowsAtSource + rowsAtDestination) FROM edges_1h) AS hour, (SELECT sum(rows) FROM workloads_1h) AS workloads";

test("kill -9 in mid-insert: what was acknowledged is there once, what was not is completed by its token", async () => {
  await using deployment = await embeddedDeployment();
  await using store = createTelemetryStore({ address: deployment.address });
  await store.migrate();
  const child = deployment.child;
  assert.ok(child !== undefined);
  const blocks = Array.from({ length: 8 }, (_, b) => {
    const rows = Array.from({ length: 5000 }, (_, i) => flowRow(b * 5000 + i, startMs + b * 15_000));
    return writeBlock(deployment.dataFolder, "flows", rows, `kill-${b}`);
  });
  let kills = 0;
  for (const [index, block] of blocks.entries()) {
    let isStored = false;
    while (!isStored) {
      const killer =
        kills * 3 < index * 2 && kills < 5 ? setTimeout(() => kill(child.pid), 5 + ((index * 37) % 90)) : undefined;
      if (killer !== undefined) kills += 1;
      isStored = await store.append(block).then(() => true, retryable);
      clearTimeout(killer);
      await child.ready();
    }
  }
  assert.ok(child.restarts >= 2, `only ${child.restarts} kills hit`);
  for (const block of blocks) await store.append(block);
  const rows = 40_000;
  assert.deepEqual((await store.query(counts)).rows, [{ raw: rows, minute: rows, hour: rows, workloads: rows }]);
});

test("kill -9 in the middle of a group of many blocks: the same group under the same token completes it", async () => {
  await using deployment = await embeddedDeployment();
  await using store = createTelemetryStore({ address: deployment.address });
  await store.migrate();
  const { child, dataFolder } = deployment;
  assert.ok(child !== undefined);
  const groups = [0, 1, 2].map((g) =>
    Array.from({ length: groupBlocksMax }, (_, b) => {
      const rows = Array.from({ length: 40 }, (_row, i) => flowRow(g * 1e6 + b * 40 + i, startMs + (b % 8) * 15_000));
      // Names as long as those of the server's spool, hosts as long as they may be.
      const name = `${g}-${String(b).padStart(4, "0")}${"x".repeat(120)}`;
      return { ...writeBlock(dataFolder, "flows", rows, name), node: "n".repeat(253), ingest: 1 + g * 1000 + b };
    }),
  );
  for (const [index, group] of groups.entries()) {
    for (let attempt = 0, isStored = false; !isStored; attempt += 1) {
      const killer = attempt < 2 ? setTimeout(() => kill(child.pid), 15 + index * 40 + attempt * 60) : undefined;
      isStored = await store.appendGroup(group, `group-${index}`).then(() => true, retryable);
      clearTimeout(killer);
      await child.ready();
    }
    await store.appendGroup(group, `group-${index}`);
  }
  assert.ok(child.restarts >= 2, `only ${child.restarts} kills hit`);
  const rows = 3 * groupBlocksMax * 40;
  assert.deepEqual((await store.query(counts)).rows, [{ raw: rows, minute: rows, hour: rows, workloads: rows }]);
});

function kill(pid: number | undefined): void {
  if (pid !== undefined) process.kill(pid, "SIGKILL");
}

/** False for a fault that may be retried; anything else fails the test. */
function retryable(thrown: unknown): boolean {
  if (thrown instanceof Fault && thrown.retryAfterMs !== undefined) return false;
  throw thrown;
}

test("a full disk is said as such, nothing acknowledged is lost, and it goes on when there is room", async (context) => {
  if (!skipUnless(context, process.getuid?.() === 0, "root, to mount a small disk")) return;
  const folder = mkdtempSync(join(tmpdir(), "garrison-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=48m,mode=0700", "garrison-test", folder]);
  try {
    await fillsUp(folder);
  } finally {
    execFileSync("umount", ["-l", folder]);
    rmSync(folder, { recursive: true, force: true });
  }
});

async function fillsUp(dataFolder: string): Promise<void> {
  const config = { freeDiskBytesMin: 8 * 1024 * 1024 };
  await using _child = await startStoreProcess({ dataFolder, entry: storeEntry, logger: silentLogger, config });
  await using store = createTelemetryStore({ address: { kind: "embedded", dataFolder } });
  await store.migrate();
  const block = (name: string): ReturnType<typeof writeBlock> => {
    const rows = Array.from({ length: 2000 }, (_, i) => flowRow(i, startMs + (i % 60) * 15_000));
    return writeBlock(dataFolder, "flows", rows, name);
  };
  const first = block("disk-0");
  const second = block("disk-1");
  await store.append(first);
  const filler = join(dataFolder, "filler");
  const { bavail, bsize } = await import("node:fs").then((fs) => fs.statfsSync(dataFolder));
  writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - 4 * 1024 * 1024)));
  await assert.rejects(store.append(second), (fault: Fault) => {
    assert.deepEqual([fault.code, fault.kind], ["store/disk-full", "unavailable"], fault.message);
    return (fault.retryAfterMs ?? 0) > 0;
  });
  assert.equal(await rawRows(store), 2000);
  rmSync(filler);
  await store.append(second);
  assert.equal(await rawRows(store), 4000);
}

async function rawRows(store: MaintainedStore): Promise<number | undefined> {
  return (await store.query<{ n: number }>("SELECT count() AS n FROM flows")).rows[0]?.n;
}

test("files are private, the key is new at each start, and a second owner of the folder is refused", async () => {
  await using deployment = await embeddedDeployment();
  const { dataFolder, child } = deployment;
  assert.equal(statSync(join(dataFolder, "run")).mode & 0o777, 0o700);
  for (const name of ["store.sock", "store.key", "store-engine.xml"]) {
    assert.equal(statSync(join(dataFolder, "run", name)).mode & 0o777, 0o600, name);
  }
  await assert.rejects(startStoreProcess({ dataFolder, entry: storeEntry, logger: silentLogger }), {
    code: "store/locked",
    kind: "conflict",
  });
  await using store = createTelemetryStore({ address: deployment.address });
  await store.migrate();
  const before = readFileSync(join(dataFolder, "run/store.key"), "utf8");
  const killed = child?.pid;
  kill(killed);
  // The supervisor learns of the end when it comes, not when it was asked for.
  const hasEnded = (): boolean => child?.pid !== killed;
  while (!hasEnded()) await new Promise((resolve) => setTimeout(resolve, 10));
  await child?.ready();
  assert.notEqual(readFileSync(join(dataFolder, "run/store.key"), "utf8"), before);
  assert.equal(await rawRows(store), 0, "the new key is read by itself");
});

test("the store process does not outlive its parent", async () => {
  const dataFolder = mkdtempSync(join(tmpdir(), "garrison-store-"));
  try {
    const supervisor = new URL("./supervisor.ts", import.meta.url).href;
    const script =
      `const { startStoreProcess } = await import(${JSON.stringify(supervisor)});` +
      `const { silentLogger: logger } = await import(${JSON.stringify(new URL("../../base/logger.ts", import.meta.url).href)});` +
      `const child = await startStoreProcess({ ...${JSON.stringify({ dataFolder, entry: storeEntry })}, logger });` +
      `console.log(child.pid); process.kill(process.pid, "SIGKILL");`;
    const parent = spawn(process.execPath, ["--input-type=module", "-e", script]);
    let printed = "";
    parent.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
    await new Promise((resolve) => parent.once("close", resolve));
    const pid = Number(printed.trim());
    assert.ok(pid > 1, `the parent printed ${JSON.stringify(printed)}`);
    await gone(pid);
  } finally {
    rmSync(dataFolder, { recursive: true, force: true });
  }
});

async function gone(pid: number): Promise<void> {
  for (let round = 0; round < 2400; round += 1) {
    try {
      process.kill(pid, 0);
    } catch (thrown) {
      assert.equal((thrown as NodeJS.ErrnoException).code, "ESRCH");
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  process.kill(pid, "SIGKILL");
  assert.fail("it was still there");
}

test("a server that is too old is refused with the way out", async () => {
  const answer = {
    meta: [],
    data: [{ version: "18.16.1" }],
    rows: 1,
    statistics: { elapsed: 0, rows_read: 1, bytes_read: 1 },
  };
  const server = createServer((_, response) => response.end(JSON.stringify(answer)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const user = { username: "default", password: "" };
  await using store = createTelemetryStore({
    address: { kind: "clickhouse", url, database: "garrison", writer: user, reader: user },
  });
  try {
    await assert.rejects(store.migrate(), { code: "store/engine-too-old", kind: "usage" });
  } finally {
    server.closeAllConnections();
    server.close();
  }
  await assert.rejects(
    store.query("SELECT 1"),
    (fault: Fault) => fault.code === "store/unavailable" && fault.retryAfterMs !== undefined,
  );
});

test("a schema from a newer garrison is refused", async () => {
  await using deployment = await embeddedDeployment({ listen: "loopback" });
  await using store = createTelemetryStore({ address: deployment.address });
  await store.migrate();
  const connection = connect(deployment.address);
  await command(
    connection,
    "INSERT INTO garrison_meta (kind, key, value) SELECT 'migration', '9999', 'from the future'",
  );
  await connection.close();
  await assert.rejects(store.migrate(), { code: "store/schema-newer", kind: "conflict" });
});

test("a missing data folder is made, a file in its place is a clear fault", async () => {
  const folder = mkdtempSync(join(tmpdir(), "garrison-store-"));
  try {
    mkdirSync(join(folder, "a"));
    writeFileSync(join(folder, "a", "run"), "");
    await assert.rejects(
      startStoreProcess({ dataFolder: join(folder, "a"), entry: storeEntry, logger: silentLogger }),
      Fault,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a second store on one folder: its fault says why, and nothing is logged beside it", async () => {
  await using deployment = await embeddedDeployment();
  const logged: string[] = [];
  const log = (_fields: object, message: string): void => void logged.push(message);
  const logger = { ...silentLogger, warn: log, error: log };
  const second = startStoreProcess({ dataFolder: deployment.dataFolder, entry: storeEntry, logger });
  await assert.rejects(second, (fault: unknown) => fault instanceof Fault && fault.code === "store/locked");
  assert.deepEqual(logged, []);
});

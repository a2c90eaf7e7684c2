// One contract: the embedded process by socket and as a server by URL always, a ClickHouse server where GARRISON_TEST_CLICKHOUSE_URL names one.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { Fault } from "../../base/fault.ts";
import type { StoreBlock } from "../../core/store/telemetry-store.ts";
import { skipUnless } from "../../../test/support/skip.ts";
import {
  byUrlDeployment,
  embeddedDeployment,
  serverDeployment,
  serverUrl,
  type Deployment,
} from "../../../test/support/store-deployments.ts";
import { flowRow, writeBlock } from "../../../test/support/store-world.ts";
import { connect } from "./connection.ts";
import { command } from "./run.ts";
import { createTelemetryStore, type MaintainedStore } from "./telemetry-store.ts";

const hour = Date.UTC(2026, 10, 22, 10);

describe("store contract", async () => {
  contract("embedded", await embeddedDeployment());
  contract("embedded, by URL", await byUrlDeployment());
  if (serverUrl === undefined) {
    test("ClickHouse server", (context) => {
      skipUnless(context, false, "GARRISON_TEST_CLICKHOUSE_URL: a ClickHouse server to run the store's contract on");
    });
    return;
  }
  contract("ClickHouse server", await serverDeployment(serverUrl));
});

function contract(name: string, deployment: Deployment): void {
  const store = createTelemetryStore({ address: deployment.address });
  after(async () => {
    await store[Symbol.asyncDispose]();
    await deployment[Symbol.asyncDispose]();
  });

  describe(name, { concurrency: 1 }, () => {
    test("migrates twice and says what it is", () => migratesTwice(store));
    test("a block given twice with one token is stored once, in raw and rollups", () => appendsOnce(store, deployment));
    test("a group of blocks is one insert, once, each block with its own constants", () =>
      appendsGroups(store, deployment));
    test("cluster, node and ingest are the insert's constants", () => keepsConstants(store, deployment));
    test("rollups add up to raw", () => rollupsEqualRaw(store));
    test("a view that missed a block is completed by the same token, and by the nightly check", () =>
      repairs(store, deployment));
    test("faults tell what a retry is worth", () => tellsFaults(store, deployment));
    test("guard rails end a query with what it has, marked partial", () => marksPartial(store));
    test("values are bound: no text of a value is ever read as SQL", () => bindsValues(store));
    test("readers cannot write or get out", () => readersOnlyRead(store));
    test("usage and dropBefore go by whole partitions", () => dropsPartitions(store, deployment));
  });
}

function block(deployment: Deployment, token: string, from: number, count: number, timeMs = hour): StoreBlock {
  const rows = Array.from({ length: count }, (_, i) => flowRow(from + i, timeMs + (i % 240) * 15_000));
  return writeBlock(deployment.dataFolder, "flows", rows, token);
}

async function one(store: MaintainedStore, sql: string): Promise<Record<string, number>> {
  return (await store.query<Record<string, number>>(sql)).rows[0] ?? {};
}

const counts =
  "SELECT (SELECT count() FROM flows) AS raw, (SELECT sum(rowsAtSource + rowsAtDestination) FROM edges_1m) AS minute, " +
  "(SELECT sum(rowsAtSource + rowsAtDestination) FROM edges_5m) AS five, (SELECT sum(rowsAtSource + rowsAtDestination) FROM edges_1h) AS hour, " +
  "(SELECT sum(rows) FROM workloads_1h) AS workloads";

async function migratesTwice(store: MaintainedStore): Promise<void> {
  await store.migrate();
  const first = await store.health();
  await store.migrate();
  const second = await store.health();
  assert.equal(first.ok, true, first.because);
  assert.match(first.engine, /^\d+\.\d+/);
  assert.match(first.epoch, /^[0-9a-f-]{36}$/);
  assert.equal(second.epoch, first.epoch);
}

async function appendsOnce(store: MaintainedStore, deployment: Deployment): Promise<void> {
  const given = block(deployment, "once", 0, 1000);
  for (let attempt = 0; attempt < 3; attempt += 1) await store.append(given);
  await Promise.all([store.append(given), store.append(given)]);
  assert.deepEqual(await one(store, counts), { raw: 1000, minute: 1000, five: 1000, hour: 1000, workloads: 1000 });
  await store.append({ ...given, token: "once-more" });
  assert.equal((await one(store, counts))["raw"], 2000, "another token is another block, even with equal rows");
}

async function appendsGroups(store: MaintainedStore, deployment: Deployment): Promise<void> {
  const before = (await one(store, counts))["raw"] ?? 0;
  const nodes = ["g1", "g2", "g3"];
  const blocks = nodes.map((node, i) => ({
    ...block(deployment, `group-${i}`, 30_000 + i * 100, 100),
    node,
    ingest: 500 + i,
  }));
  for (let attempt = 0; attempt < 2; attempt += 1) await store.appendGroup(blocks, "group");
  const found = await store.query(
    "SELECT node, any(ingest) AS ingest, count() AS rows FROM flows WHERE node LIKE 'g%' GROUP BY node ORDER BY node",
  );
  assert.deepEqual(
    found.rows,
    nodes.map((node, i) => ({ node, ingest: 500 + i, rows: 100 })),
  );
  assert.deepEqual(
    [...(await store.rowsOf("flows", [499, 500, 502]))].sort(([a], [b]) => a - b),
    [
      [500, 100],
      [502, 100],
    ],
  );
  const missing = { ...blocks[0], path: `${deployment.dataFolder}/spool/not-there` } as StoreBlock;
  assert.equal((await faultOf(store.appendGroup([...blocks.slice(1), missing], "group-2"))).kind, "not-found");
  const after = await one(store, counts);
  assert.deepEqual([after["raw"], after["hour"], after["workloads"]], [before + 300, before + 300, before + 300]);
}

async function keepsConstants(store: MaintainedStore, deployment: Deployment): Promise<void> {
  const given = {
    ...block(deployment, "constants", 5000, 10),
    cluster: "it's \\ a 'test'",
    node: "n\t2",
    ingest: 2 ** 40,
  };
  await store.append(given);
  const found = await store.query(
    "SELECT cluster, node, ingest, count() AS rows FROM flows WHERE ingest = 1099511627776 GROUP BY ALL",
  );
  assert.deepEqual(found.rows, [{ cluster: given.cluster, node: given.node, ingest: given.ingest, rows: 10 }]);
}

async function rollupsEqualRaw(store: MaintainedStore): Promise<void> {
  const raw = await one(
    store,
    "SELECT sumIf(bytesSent, reporter = 'source') AS bytes, sum(connectionsOpened) AS opened FROM flows",
  );
  for (const table of ["edges_1m", "edges_5m", "edges_1h"]) {
    const sums = `sum(bytesSentAtSource) AS bytes, sum(connectionsOpenedAtSource) + sum(connectionsOpenedAtDestination) AS opened`;
    assert.deepEqual(await one(store, `SELECT ${sums} FROM ${table}`), raw, table);
  }
  const rtt = "arraySum(mapValues(rttUs))";
  const service = await one(store, `SELECT sum(${rtt}) AS samples FROM services_1h`);
  assert.deepEqual(service, await one(store, `SELECT sum(${rtt}) AS samples FROM flows`));
}

async function repairs(store: MaintainedStore, deployment: Deployment): Promise<void> {
  const connection = connect(deployment.address);
  try {
    await command(connection, "DETACH TABLE edges_1h_edges");
    const given = block(deployment, "missed", 9000, 100);
    await store.append(given);
    await command(connection, "ATTACH TABLE edges_1h_edges");
    const before = await one(store, counts);
    assert.equal(before["hour"], (before["raw"] ?? 0) - 100);
    await store.append(given);
    assert.equal((await one(store, counts))["hour"], before["raw"], "the same token completed it");
    await command(connection, "ALTER TABLE edges_1h DELETE WHERE sourceWorkload = 'app-0'", {}, { mutations_sync: 1 });
    const found = await store.repairRollups(hour - 3_600_000, hour + 2 * 3_600_000);
    assert.deepEqual([...new Set(found.map((mismatch) => mismatch.rollup))], ["edges_1h"]);
    assert.equal((await one(store, counts))["hour"], before["raw"], "the check rebuilt the hour");
    assert.deepEqual(await store.repairRollups(hour - 3_600_000, hour + 2 * 3_600_000), []);
  } finally {
    await connection.close();
  }
}

async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
  throw new Error("nothing was thrown");
}

async function tellsFaults(store: MaintainedStore, deployment: Deployment): Promise<void> {
  const good = block(deployment, "good", 0, 5);
  const before = await one(store, counts);
  const { readFileSync, writeFileSync } = await import("node:fs");
  const bytes = readFileSync(good.path);
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ["cut", bytes.subarray(0, bytes.length - 7)],
    ["empty column name", Buffer.concat([Buffer.from([1, 1, 0]), bytes.subarray(3)])],
    ["text", Buffer.from("this is no block")],
  ];
  for (const [what, content] of cases) {
    writeFileSync(good.path, content);
    const fault = await faultOf(store.append({ ...good, token: `bad ${what}` }));
    assert.deepEqual(
      [fault.code, fault.kind, fault.retryAfterMs],
      ["store/bad-block", "usage", undefined],
      `${what}: ${fault.message}`,
    );
  }
  for (const encoding of ["gzip", "zstd"] as const) {
    const fault = await faultOf(store.append({ ...good, token: `bad ${encoding}`, encoding }));
    assert.equal(fault.code, "store/bad-block", `${encoding}: ${fault.message}`);
  }
  assert.deepEqual(await one(store, counts), before, "nothing of a bad block is kept");
  const broken = await faultOf(store.query("SELECT no_such_column FROM flows"));
  assert.equal(broken.code, "store/query-failed");
  const unknown = await faultOf(store.dropBefore("garrison_meta", 0));
  assert.equal(unknown.code, "store/no-table");
}

async function marksPartial(store: MaintainedStore): Promise<void> {
  const slow = await store.query("SELECT count() FROM numbers(1e12) WHERE cityHash64(number) = 1", {
    timeoutMs: 200,
    rowsToReadMax: 1e12,
  });
  assert.equal(slow.partial, true);
  assert.match(slow.partialBecause, /longer than 200 ms/);
  const long = await store.query("SELECT number FROM numbers(100000)", { rowsMax: 10 });
  assert.equal(long.rows.length, 10);
  assert.match(long.partialBecause, /more than 10 result rows/);
  const wide = await store.query("SELECT count() FROM numbers(1e9) WHERE number % 3 = 0", { rowsToReadMax: 1000 });
  assert.match(wide.partialBecause, /more than 1000 rows/);
  const heavy = await store.query("SELECT groupArray(toString(number)) FROM numbers(1e8)", { timeoutMs: 30_000 });
  assert.equal(heavy.partial, true, "memory or time ended it");
  const whole = await store.query("SELECT number FROM numbers(10)", { rowsMax: 10 });
  assert.deepEqual([whole.partial, whole.rows.length], [false, 10]);
}

async function bindsValues(store: MaintainedStore): Promise<void> {
  const nasty = ["'", "\\", "\\'", "' OR 1=1 --", "a\nb\tc", "\u0001 ü €", "{x:String}", ""];
  for (const value of nasty) {
    const sql =
      "SELECT {value:String} AS value, {list:Array(String)} AS list, has({list:Array(String)}, {value:String}) AS has";
    const answer = await store.query<{ value: string; list: string[]; has: number }>(sql, {
      params: { value, list: [value, "x"] },
    });
    assert.deepEqual(answer.rows, [{ value, list: [value, "x"], has: 1 }]);
  }
  await assert.rejects(store.query("SELECT {value:String}"), Fault, "a value given before must not be remembered");
  const times = await store.query("SELECT toDateTime64(1.5, 3, 'UTC') AS time, toUInt64(9007199254740991) AS big");
  assert.deepEqual(times.rows, [{ time: "1970-01-01T00:00:01.500Z", big: 9_007_199_254_740_991 }]);
}

async function readersOnlyRead(store: MaintainedStore): Promise<void> {
  const attempts = [
    "INSERT INTO gaps (time) SELECT now64(3)",
    "DROP TABLE flows",
    "CREATE TABLE x (a Int8) ENGINE = Memory",
    "ALTER TABLE flows DELETE WHERE 1",
    "TRUNCATE TABLE flows",
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT 1 INTO OUTFILE '/tmp/garrison-escape'",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString', 'a String')",
    "SET readonly = 0",
  ];
  const before = await one(store, counts);
  for (const sql of attempts) await assert.rejects(store.query(sql), Fault, sql);
  assert.deepEqual(await one(store, counts), before);
}

async function dropsPartitions(store: MaintainedStore, deployment: Deployment): Promise<void> {
  const oldMs = hour - 3 * 24 * 3_600_000;
  await store.append(block(deployment, "old", 20_000, 50, oldMs));
  const before = (await store.usage()).find((table) => table.table === "flows");
  assert.equal(before?.oldestMs, oldMs);
  assert.ok((before?.bytes ?? 0) > 0);
  assert.equal(await store.dropBefore("flows", oldMs), 0, "its partition ends later");
  assert.equal(await store.dropBefore("flows", hour - 24 * 3_600_000), 50);
  const rest = (await store.usage()).find((table) => table.table === "flows");
  assert.equal(rest?.rows, (before?.rows ?? 0) - 50);
}

// A data folder of version 1 with rows in it becomes one of today: nothing is lost, old and new rows answer together, and it may be done twice.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { embeddedDeployment, type Deployment } from "../../../../test/support/store-deployments.ts";
import { flowRow, writeBlock } from "../../../../test/support/store-world.ts";
import { columnsOf } from "../../../model/table.ts";
import { connect } from "../connection.ts";
import { command, select } from "../run.ts";
import { createTelemetryStore, type MaintainedStore } from "../telemetry-store.ts";
import { rawTables } from "./raw-tables.ts";
import { rollups } from "./rollups.ts";

const hour = Date.UTC(2026, 10, 22, 10);
let deployment: Deployment;
let store: MaintainedStore;

before(async () => {
  deployment = await embeddedDeployment();
  const connection = connect(deployment.address);
  await connection.createDatabase("");
  const text = await readFile(new URL("../../../../test/support/store-schema-v1.sql", import.meta.url), "utf8");
  const statements = text.replaceAll(/^--.*$/gm, "").split(";\n");
  for (const sql of statements.filter((each) => each.trim() !== "")) await command(connection, sql);
  await command(connection, oldRows());
  await command(
    connection,
    `INSERT INTO http_events (time, reporter, namespace, workload, workloadKind, status, count, latencyUs)
SELECT fromUnixTimestamp64Milli(${hour}, 'UTC'), 'source', 'team-1', 'app-1', 'Deployment', 200, 1, 900 FROM numbers(7)`,
  );
  await connection.close();
  store = createTelemetryStore({ address: deployment.address });
});
after(async () => {
  await store[Symbol.asyncDispose]();
  await deployment[Symbol.asyncDispose]();
});

/** 100 rows as version 1 kept them: without the columns that came later. */
function oldRows(): string {
  return `INSERT INTO flows (time, cluster, node, reporter, verdict, protocol, sourceKind, sourceNamespace, sourceWorkload,
destinationKind, destinationNamespace, destinationWorkload, destinationService, destinationPort, connectionsOpened, bytesSent, rttUs)
SELECT fromUnixTimestamp64Milli(${hour} + number * 1000, 'UTC'), 'test', 'node-1', if(number % 2 = 0, 'source', 'destination'), 'allow', 'tcp',
'Deployment', 'team-1', 'app-1', 'Deployment', 'team-2', 'app-2', 'app-2', 8080, 1, 10, map(toInt16(40), toUInt32(2)) FROM numbers(100)`;
}

async function one(sql: string): Promise<Record<string, number>> {
  return (await store.query<Record<string, number>>(sql)).rows[0] ?? {};
}

const counts =
  "SELECT (SELECT count() FROM flows) AS raw, (SELECT sum(rowsAtSource + rowsAtDestination) FROM edges_1m) AS minute, " +
  "(SELECT sum(rowsAtSource + rowsAtDestination) FROM edges_5m) AS five, (SELECT sum(rowsAtSource + rowsAtDestination) FROM edges_1h) AS hour, " +
  "(SELECT sum(rttCount) FROM edges_1h) AS rtts, (SELECT count() FROM http_events) AS http, (SELECT sum(rows) FROM http_edges_1h) AS httpEdges";

test("old rows are kept, new rows are added up beside them", async () => {
  await store.migrate();
  assert.deepEqual(await one(counts), { raw: 100, minute: 100, five: 100, hour: 100, rtts: 0, http: 7, httpEdges: 0 });
  const rows = Array.from({ length: 50 }, (_, i) => ({ ...flowRow(i, hour + i * 1000), rttUs: { "40": 2 } }));
  await store.append(writeBlock(deployment.dataFolder, "flows", rows, "after"));
  assert.deepEqual(await one(counts), {
    raw: 150,
    minute: 150,
    five: 150,
    hour: 150,
    rtts: 100,
    http: 7,
    httpEdges: 0,
  });
  const services = await one("SELECT uniqExactIf(sourceService, sourceService != '') AS named FROM edges_1h");
  assert.ok((services["named"] ?? 0) > 10, "the new rows' services are in the key");
});

test("every table has the columns of today", async () => {
  const connection = connect(deployment.address);
  const sql =
    "SELECT table, groupArray(name) AS names FROM system.columns WHERE database = {database:String} GROUP BY table";
  const params = { database: connection.database };
  const { data } = await select<{ table: string; names: string[] }>(connection, "writer", sql, { params });
  await connection.close();
  const present = new Map(data.map(({ table, names }) => [table, new Set(names)]));
  for (const table of rawTables) {
    const missing = columnsOf(table.name).filter(({ name }) => present.get(table.name)?.has(name) !== true);
    assert.deepEqual(missing, [], table.name);
  }
  for (const rollup of rollups) {
    const wanted = rollup.columns.map((column) => column.slice(0, column.indexOf(" ")));
    assert.deepEqual(new Set(wanted), present.get(rollup.name), rollup.name);
  }
});

test("every table has the indices of today, and who was started by a process is found by one", async () => {
  const connection = connect(deployment.address);
  const sql = "SELECT table, name FROM system.data_skipping_indices WHERE database = {database:String}";
  const params = { database: connection.database };
  const { data } = await select<{ table: string; name: string }>(connection, "writer", sql, { params });
  const present = new Set(data.map(({ table, name }) => `${table} ${name}`));
  for (const { name, indices } of rawTables) {
    const wanted = indices.map((index) => `${name} ${index.split(" ")[1] ?? ""}`);
    const missing = wanted.filter((index) => !present.has(index));
    assert.deepEqual(missing, []);
  }
  for (const [table, column] of [
    ["process_events", "parentProcessId"],
    ["file_events", "processId"],
  ] as const) {
    await command(
      connection,
      `INSERT INTO ${table} (time, ${column}) SELECT now64(3, 'UTC'), toString(number) FROM numbers(10)`,
    );
    const { rows } = await store.query<Record<string, string>>(
      `EXPLAIN indexes = 1 SELECT count() FROM ${table} WHERE ${column} IN ('3')`,
    );
    const plan = rows.map((row) => Object.values(row)[0]).join("\n");
    assert.match(plan, new RegExp(`Name: ${column}Bloom`));
  }
  await connection.close();
});

test("it may be done again, and the nightly check finds what HTTP edges miss and makes them", async () => {
  await store.migrate();
  const found = await store.repairRollups(hour, hour + 3_600_000);
  assert.deepEqual(
    found.map(({ rollup, rawRows, rollupRows }) => [rollup, rawRows, rollupRows]),
    [["http_edges_1h", 7, 0]],
  );
  assert.deepEqual(await one(counts), {
    raw: 150,
    minute: 150,
    five: 150,
    hour: 150,
    rtts: 100,
    http: 7,
    httpEdges: 7,
  });
  assert.deepEqual(await store.repairRollups(hour, hour + 3_600_000), []);
});

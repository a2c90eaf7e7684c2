// Brings a store's schema forward, in numbered steps; columns that the model gained since are added. Refuses a newer schema and an
// engine that is too old, each with the way out.
import { randomUUID } from "node:crypto";
import { Fault } from "../../../base/fault.ts";
import { columnsOf } from "../../../model/table.ts";
import type { Connection } from "../connection.ts";
import { command, select } from "../run.ts";
import { columnDdl, rawTables } from "./raw-tables.ts";
import { rollups } from "./rollups.ts";
import { createRawTable, createRollup, createView, type Slots } from "./statements.ts";
import { upgrade2 } from "./upgrade-2.ts";
import { upgrade5 } from "./upgrade-5.ts";

/** The oldest engine whose dialect the schema uses: year * 100 + month. */
const engineFloor = { year: 24, month: 8 } as const;

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly statements: (slots: Slots) => readonly string[];
}

/** Steps are only ever appended; a step that ran is never edited. */
export const migrations = [
  {
    version: 1,
    name: "raw tables, rollups and their views",
    statements: (slots) => [
      ...rawTables.map((table) => createRawTable(table, slots)),
      ...rollups.flatMap((rollup) => [
        createRollup(rollup, slots),
        ...rollup.views.map((view) => createView(view, rollup, slots)),
      ]),
    ],
  },
  {
    version: 2,
    name: "the graph: sources' services, round trips and reasons of edges, edges of HTTP, the inventory",
    statements: upgrade2,
  },
  {
    version: 3,
    name: "events of the web application firewall",
    statements: (slots) =>
      rawTables.filter(({ name }) => name === "waf_events").map((table) => createRawTable(table, slots)),
  },
  {
    version: 4,
    name: "what containers use and what they may do",
    statements: (slots) =>
      rawTables
        .filter(({ name }) => name === "workload_usage" || name === "container_postures")
        .map((table) => createRawTable(table, slots)),
  },
  {
    version: 5,
    name: "indices over the parents of processes and the processes of file events",
    statements: upgrade5,
  },
] as const satisfies readonly Migration[];

/** What the store says about itself once it is migrated. */
export interface SchemaFacts {
  readonly engine: string;
  readonly epoch: string;
}

/** Runs what is missing and returns the engine's version and the store's epoch. Safe to run twice, and by two servers at once. */
export async function migrateSchema(connection: Connection, slots: Slots, database: string): Promise<SchemaFacts> {
  await connection.createDatabase(slots.onCluster);
  const engine = await checkEngine(connection);
  await command(connection, metaTable(slots));
  const applied = await versionNow(connection);
  const known = migrations.at(-1)?.version ?? 0;
  if (applied > known) throw newerFault(applied, known);
  // An older store's raw tables first gain what the model gained: later steps' views read it.
  if (applied > 0) await addMissingColumns(connection, slots, database);
  for (const migration of migrations) {
    if (migration.version <= applied) continue;
    for (const statement of migration.statements(slots)) await command(connection, statement);
    await note(connection, "migration", String(migration.version), migration.name);
  }
  await addMissingColumns(connection, slots, database);
  return { engine, epoch: await epochOf(connection) };
}

/** The engine's version text. Throws a fault for one below the floor, before anything of its dialect is used. */
export async function checkEngine(connection: Connection): Promise<string> {
  const answer = await select<{ version: string }>(connection, "writer", "SELECT version() AS version");
  const version = answer.data[0]?.version ?? "";
  if (!isNewEnough(version)) throw tooOldFault(version);
  return version;
}

export function isNewEnough(version: string): boolean {
  const [year = 0, month = 0] = version.split(".").map(Number);
  return year > engineFloor.year || (year === engineFloor.year && month >= engineFloor.month);
}

export function tooOldFault(version: string): Fault {
  return new Fault(`the ClickHouse server is version ${version || "unknown"}, too old for the schema`, {
    code: "store/engine-too-old",
    kind: "usage",
    hint: `Use ClickHouse ${engineFloor.year}.${engineFloor.month} or newer, or the embedded store.`,
  });
}

function newerFault(applied: number, known: number): Fault {
  return new Fault(`the store's schema is version ${applied}, this garrison knows up to ${known}`, {
    code: "store/schema-newer",
    kind: "conflict",
    hint: "Start the newer garrison that wrote this data folder; going back needs a copy made before the upgrade.",
  });
}

function metaTable(slots: Slots): string {
  return (
    `CREATE TABLE IF NOT EXISTS garrison_meta${slots.onCluster} (kind LowCardinality(String), key String, value String, ` +
    `at DateTime64(3, 'UTC') DEFAULT now64(3)) ENGINE = ${slots.engine}MergeTree ORDER BY (kind, key, at)`
  );
}

async function versionNow(connection: Connection): Promise<number> {
  const sql = "SELECT max(toUInt32OrZero(key)) AS version FROM garrison_meta WHERE kind = 'migration'";
  const answer = await select<{ version: number }>(connection, "writer", sql);
  return answer.data[0]?.version ?? 0;
}

async function epochOf(connection: Connection): Promise<string> {
  const read = async (): Promise<string> => {
    const sql = "SELECT value FROM garrison_meta WHERE kind = 'epoch' ORDER BY at, value LIMIT 1";
    return (await select<{ value: string }>(connection, "writer", sql)).data[0]?.value ?? "";
  };
  const found = await read();
  if (found !== "") return found;
  await note(connection, "epoch", "epoch", randomUUID());
  return read();
}

async function note(connection: Connection, kind: string, key: string, value: string): Promise<void> {
  const sql = "INSERT INTO garrison_meta (kind, key, value) SELECT {kind:String}, {key:String}, {value:String}";
  await command(connection, sql, { kind, key, value });
}

/** A column that the model gained is added behind the others; its old rows read as the type's zero. */
async function addMissingColumns(connection: Connection, slots: Slots, database: string): Promise<void> {
  const sql = "SELECT table, name FROM system.columns WHERE database = {database:String}";
  const answer = await select<{ table: string; name: string }>(connection, "writer", sql, { params: { database } });
  const present = new Set(answer.data.map((row) => `${row.table}.${row.name}`));
  const tables = new Set(answer.data.map((row) => row.table));
  for (const table of rawTables) {
    if (!tables.has(table.name)) continue;
    for (const column of columnsOf(table.name)) {
      if (present.has(`${table.name}.${column.name}`)) continue;
      await command(
        connection,
        `ALTER TABLE ${table.name}${slots.onCluster} ADD COLUMN IF NOT EXISTS ${columnDdl(column)}`,
      );
    }
  }
}

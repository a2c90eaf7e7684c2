// What 30 days of a cluster weigh: bytes per raw flow row after merge, and rollups in per cent of raw, ages as retention leaves them.
// Run: node test/bench/rollups.bench.ts [days]. Figures to hold: at most 25 bytes per raw row, rollups at most 25 % of raw.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../src/base/logger.ts";
import { connect } from "../../src/edge/store/connection.ts";
import { command } from "../../src/edge/store/run.ts";
import { startStoreProcess } from "../../src/edge/store/supervisor.ts";
import { createTelemetryStore } from "../../src/edge/store/telemetry-store.ts";
import { columnsOf } from "../../src/model/table.ts";
import { daySelect, defaultWorld } from "./rollups-world.ts";

const daySeconds = 86_400;
const entry = new URL("../../src/apps/store/process.ts", import.meta.url).pathname;

async function main(): Promise<void> {
  const days = Number(process.argv[2] ?? defaultWorld.days);
  const dataFolder = await mkdtemp(join(tmpdir(), "garrison-bench-rollups-"));
  try {
    await measure(dataFolder, days);
  } finally {
    await rm(dataFolder, { recursive: true, force: true });
  }
}

async function measure(dataFolder: string, days: number): Promise<void> {
  const config = { memoryBytesMax: 3 * 1024 ** 3 };
  await using child = await startStoreProcess({ dataFolder, entry, logger: silentLogger, config });
  await using store = createTelemetryStore({ address: { kind: "embedded", dataFolder } });
  await store.migrate();
  const connection = connect({ kind: "embedded", dataFolder });
  const startSeconds = Date.parse("2026-10-24T00:00:00Z") / 1000;
  const endMs = (startSeconds + days * daySeconds) * 1000;
  const names = columnsOf("flows").map((column) => column.name);
  const startedAt = performance.now();
  for (let day = 0; day < days; day += 1) {
    // The world's SELECT names every column, but in its own order.
    const source = daySelect(defaultWorld, startSeconds + day * daySeconds);
    await command(connection, `INSERT INTO flows (${names.join(", ")}) SELECT ${names.join(", ")} FROM (${source})`);
    await store.dropBefore("edges_1m", endMs - daySeconds * 1000);
    await store.dropBefore("edges_5m", endMs - 7 * daySeconds * 1000);
  }
  const loadMs = performance.now() - startedAt;
  for (const { table } of await store.usage()) await command(connection, `OPTIMIZE TABLE ${table} FINAL`);
  const { cpuMs, residentBytes } = await store.health();
  await report(store, { loadMs, cpuMs, residentBytes, restarts: child.restarts });
  await connection.close();
}

type Store = ReturnType<typeof createTelemetryStore>;

async function report(store: Store, load: Readonly<Record<string, number>>): Promise<void> {
  const usage = (await store.usage()).filter((table) => table.rows > 0);
  const raw = usage.find((table) => table.table === "flows");
  if (raw === undefined) throw new Error("no rows were made");
  const rollupBytes = usage.filter((table) => table.rollup).reduce((sum, table) => sum + table.bytes, 0);
  for (const { table, rows, bytes } of usage) {
    const perRaw = (bytes / raw.rows).toFixed(2);
    console.log(
      `${table.padEnd(14)} ${String(rows).padStart(10)} rows ${(bytes / rows).toFixed(2).padStart(7)} B/row ${perRaw} B per raw row`,
    );
  }
  const share = (100 * rollupBytes) / raw.bytes;
  console.log(
    `raw rows ${raw.rows}: ${(raw.bytes / raw.rows).toFixed(2)} B each (at most 25); rollups ${share.toFixed(1)} % of raw (at most 25)`,
  );
  const perSecond = Math.round((raw.rows / (load["cpuMs"] ?? 1)) * 1000);
  console.log(`made, grouped and merged: ${perSecond} rows per CPU-second of the store, ${JSON.stringify(load)}`);
}

await main();

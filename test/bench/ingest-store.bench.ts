// Rows per CPU-second of TelemetryStore.append into the embedded store, rollups on, each block durable before it counts.
// CPU = this process (statement, HTTP) + the store process (decode, raw, seven views, merges). Run: node test/bench/ingest-store.bench.ts
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../src/base/logger.ts";
import { startStoreProcess } from "../../src/edge/store/supervisor.ts";
import { createTelemetryStore } from "../../src/edge/store/telemetry-store.ts";
import { flowRow, storeEntry, writeBlock } from "../support/store-world.ts";

/** Rows per block, blocks, and how many are appended at the same time. */
const shapes = [
  { rows: 500, blocks: 60, parallel: 2 },
  { rows: 5_000, blocks: 60, parallel: 2 },
  { rows: 20_000, blocks: 40, parallel: 2 },
  { rows: 50_000, blocks: 20, parallel: 2 },
] as const;

type Store = ReturnType<typeof createTelemetryStore>;

async function measure(store: Store, dataFolder: string, shape: (typeof shapes)[number]): Promise<void> {
  const startMs = Date.UTC(2026, 10, 23, 8);
  const blocks = Array.from({ length: shape.blocks }, (_, block) => {
    const rows = Array.from({ length: shape.rows }, (_, i) => flowRow(block * shape.rows + i, startMs + block * 15_000));
    return writeBlock(dataFolder, "flows", rows, `${shape.rows}-${block}`);
  });
  const cpuBefore = process.cpuUsage();
  const storeBefore = (await store.health()).cpuMs;
  const startedAt = performance.now();
  const queue = [...blocks];
  await Promise.all(
    Array.from({ length: shape.parallel }, async () => {
      for (let block = queue.shift(); block !== undefined; block = queue.shift()) await store.append(block);
    }),
  );
  const wallMs = performance.now() - startedAt;
  const own = process.cpuUsage(cpuBefore);
  const after = await store.health();
  const storeMs = after.cpuMs - storeBefore;
  const ownMs = (own.user + own.system) / 1000;
  const total = shape.rows * shape.blocks;
  const perCpu = Math.round(total / ((storeMs + ownMs) / 1000));
  console.log(
    `${String(shape.rows).padStart(6)} rows a block: ${String(perCpu).padStart(7)} rows per CPU-second (at least 60000), ` +
      `${Math.round(total / (wallMs / 1000))} rows/s, ${(storeMs / shape.blocks).toFixed(1)} ms store CPU a block, ` +
      `own CPU ${((100 * ownMs) / (storeMs + ownMs)).toFixed(1)} %, resident ${Math.round(after.residentBytes / 1e6)} MB`,
  );
}

const dataFolder = await mkdtemp(join(tmpdir(), "garrison-bench-ingest-"));
try {
  await using child = await startStoreProcess({ dataFolder, entry: storeEntry, logger: silentLogger });
  await using store = createTelemetryStore({ address: { kind: "embedded", dataFolder } });
  await store.migrate();
  for (const shape of shapes) await measure(store, dataFolder, shape);
  if (child.restarts > 0) console.log(`the store process restarted ${child.restarts} times: ${child.lastEnd}`);
} finally {
  await rm(dataFolder, { recursive: true, force: true });
}

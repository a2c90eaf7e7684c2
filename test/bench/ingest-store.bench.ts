// Rows per CPU-second of TelemetryStore.append into the embedded store, rollups on, each block durable before it counts.
// CPU = this process (statement, HTTP) + the store process (decode, raw, seven views, merges). Run: node test/bench/ingest-store.bench.ts
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../src/base/logger.ts";
import { startStoreProcess } from "../../src/edge/store/supervisor.ts";
import { createTelemetryStore } from "../../src/edge/store/telemetry-store.ts";
import { flowRow, storeEntry, writeBlock } from "../support/store-world.ts";

/** Rows per block, blocks, how many inserts run at the same time and how many blocks go into one. */
const shapes = [
  { rows: 500, blocks: 60, parallel: 2, group: 1 },
  { rows: 500, blocks: 480, parallel: 2, group: 48 },
  { rows: 5_000, blocks: 60, parallel: 2, group: 1 },
  { rows: 20_000, blocks: 40, parallel: 2, group: 1 },
] as const;

type Store = ReturnType<typeof createTelemetryStore>;

async function measure(store: Store, dataFolder: string, shape: (typeof shapes)[number]): Promise<void> {
  const startMs = Date.UTC(2026, 10, 23, 8);
  const blocks = Array.from({ length: shape.blocks }, (_, block) => {
    const rows = Array.from({ length: shape.rows }, (_, i) =>
      flowRow(block * shape.rows + i, startMs + block * 15_000),
    );
    return writeBlock(dataFolder, "flows", rows, `${shape.rows}-${shape.group}-${block}`);
  });
  const cpuBefore = process.cpuUsage();
  const storeBefore = (await store.health()).cpuMs;
  const startedAt = performance.now();
  const queue = Array.from({ length: Math.ceil(blocks.length / shape.group) }, (_, i) =>
    blocks.slice(i * shape.group, (i + 1) * shape.group),
  );
  await Promise.all(
    Array.from({ length: shape.parallel }, async () => {
      for (let group = queue.shift(); group !== undefined; group = queue.shift()) {
        await store.appendGroup(group, `group-${shape.group}-${group[0]?.token ?? ""}`);
      }
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
    `${String(shape.rows).padStart(6)} rows a block, ${String(shape.group).padStart(2)} an insert: ${String(perCpu).padStart(7)} rows per CPU-second (at least 60000), ` +
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

// What a graph over 24 hours costs from rollups against the same question on raw rows, in the same run; what each named query reads against
// its written cap; how long answers take. Exits with 1 when the ratio or a cap is missed.
// Run: node test/bench/graph.bench.ts [days] [slots] [runs]. With the defaults: about 10 M rows in two days, 600 workloads, 2400 edges.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manualClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { assign, rankVertices } from "../../src/core/graph/limit.ts";
import { noInventory, project } from "../../src/core/graph/project.ts";
import { reconcile } from "../../src/core/graph/reconcile.ts";
import { limited } from "../../src/core/graph/service-graph.ts";
import type { TelemetryStore } from "../../src/core/store/telemetry-store.ts";
import { connect } from "../../src/edge/store/connection.ts";
import { createQueries } from "../../src/edge/store/queries/create-queries.ts";
import { flowsSql } from "../../src/edge/store/queries/graph-sql.ts";
import { queryLimits } from "../../src/edge/store/queries/limits.ts";
import type { GraphRequest } from "../../src/edge/store/queries/queries.ts";
import { createBindings, withinRaw } from "../../src/edge/store/queries/sql.ts";
import { command } from "../../src/edge/store/run.ts";
import { startStoreProcess } from "../../src/edge/store/supervisor.ts";
import { createTelemetryStore } from "../../src/edge/store/telemetry-store.ts";
import { columnsOf } from "../../src/model/table.ts";
import { storeEntry } from "../support/store-world.ts";
import { daySelect, defaultWorld } from "./rollups-world.ts";
import { largeGraph } from "./graph-world.ts";

const days = Number(process.argv[2] ?? 2);
const slots = Number(process.argv[3] ?? 3700);
const runs = Number(process.argv[4] ?? 15);
const ratioMin = 10;
const startSeconds = Date.parse("2026-11-23T00:00:00Z") / 1000;
const nowMs = (startSeconds + days * 86_400) * 1000 - 450_000;

async function fill(dataFolder: string): Promise<void> {
  const connection = connect({ kind: "embedded", dataFolder });
  const names = columnsOf("flows")
    .map(({ name }) => name)
    .join(", ");
  for (let day = 0; day < days; day += 1) {
    // In pieces: a busy machine must not run into the client's time limit.
    for (let from = 0; from < 1440; from += 180) {
      const source = daySelect({ ...defaultWorld, slots }, startSeconds + day * 86_400, { from, count: 180 });
      await command(connection, `INSERT INTO flows (${names}) SELECT ${names} FROM (${source})`);
    }
  }
  await connection.close();
}

interface Figures {
  rows: number;
  bytes: number;
}

function counting(store: TelemetryStore): { readonly store: TelemetryStore; readonly figures: Figures } {
  const figures: Figures = { rows: 0, bytes: 0 };
  const query: TelemetryStore["query"] = async (sql, options) => {
    const result = await store.query<never>(sql, options);
    figures.rows = Math.max(figures.rows, result.rowsRead);
    figures.bytes = Math.max(figures.bytes, result.bytesRead);
    return result;
  };
  return { store: { ...store, query }, figures };
}

async function cpuOf(store: TelemetryStore, ask: () => Promise<unknown>): Promise<number> {
  const before = (await store.health()).cpuMs;
  await ask();
  return (await store.health()).cpuMs - before;
}

function quantile(sorted: readonly number[], of: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * of))] ?? 0;
}

/** The very statement of the graph, over raw rows of the whole window: what nobody may ask, for comparison. */
async function rawGraph(store: TelemetryStore, sinceMs: number): Promise<Figures> {
  const bindings = createBindings();
  const where = withinRaw(bindings, sinceMs, nowMs);
  const sql = flowsSql("flows", where, { isRaw: true, withPods: false });
  const { rowsRead, bytesRead } = await store.query(sql, { params: bindings.values, timeoutMs: 300_000 });
  return { rows: rowsRead, bytes: bytesRead };
}

const failures: string[] = [];

function check(isKept: boolean, what: string): string {
  if (!isKept) failures.push(what);
  return isKept ? "kept" : "MISSED";
}

async function ratio(store: TelemetryStore): Promise<void> {
  const queries = createQueries({ store, clock: manualClock(nowMs) });
  const sinceMs = Math.floor((nowMs - 86_400_000) / 3_600_000) * 3_600_000;
  const ask = () => queries.graphSums({ q: "", level: "service", since: "24h" });
  await ask();
  let read: Figures = { rows: 0, bytes: 0 };
  const rollupMs =
    (await cpuOf(store, async () => {
      for (let run = 0; run < runs; run += 1) await ask();
    })) / runs;
  const rawMs = await cpuOf(store, async () => (read = await rawGraph(store, sinceMs)));
  const times = rawMs / Math.max(1, rollupMs);
  console.log(
    `graph over 24 h: ${rollupMs.toFixed(0)} ms CPU from rollups (gaps and bounds included), ${rawMs.toFixed(0)} ms on raw rows ` +
      `(${read.rows} rows, ${(read.bytes / 1e6).toFixed(0)} MB): ${times.toFixed(1)} times (at least ${ratioMin}: ${check(times >= ratioMin, "ratio")})`,
  );
}

const questions: readonly (readonly [string, GraphRequest])[] = [
  ["graph, 1 h", { q: "", level: "service", since: "1h" }],
  ["graph, 24 h", { q: "", level: "service", since: "24h" }],
  ["graph, all days", { q: "", level: "service", since: `${days}d` }],
  ["graph, 24 h, one namespace", { q: "ns:team-5", level: "workload", since: "24h" }],
  ["graph, 24 h, to one workload", { q: "to:app-7", level: "workload", since: "24h" }],
  ["graph, endpoints (raw, 1 h)", { q: "", level: "endpoint", since: "1h" }],
];

async function timed(store: TelemetryStore): Promise<void> {
  for (const [name, request] of questions) {
    const { store: counted, figures } = counting(store);
    const queries = createQueries({ store: counted, clock: manualClock(nowMs) });
    const times: number[] = [];
    let [vertices, edges, isPartial] = [0, 0, false];
    for (let run = 0; run < runs; run += 1) {
      const startedAt = performance.now();
      const sums = await queries.graphSums(request);
      const draft = project(reconcile(sums.flows, sums.http), {
        level: request.level,
        inventory: noInventory,
        idle: "none",
      });
      const limits = { verticesMax: 120, open: new Set<string>(), openedMax: 2000 };
      const graph = limited(draft, assign(rankVertices(draft), request.level, limits));
      times.push(performance.now() - startedAt);
      [vertices, edges, isPartial] = [graph.totals.vertices, graph.totals.edges, sums.window.partial];
    }
    const sorted = times.toSorted((one, other) => one - other);
    const isRaw = request.level === "endpoint";
    const rowsMax = isRaw ? queryLimits.graphRawRowsToReadMax : queryLimits.graphRowsToReadMax;
    const bytesMax = isRaw ? queryLimits.graphRawBytesToReadMax : queryLimits.graphBytesToReadMax;
    const isKept = figures.rows <= rowsMax && figures.bytes <= bytesMax && !isPartial;
    console.log(
      `${name.padEnd(30)} p50 ${quantile(sorted, 0.5).toFixed(0).padStart(5)} ms  p95 ${quantile(sorted, 0.95).toFixed(0).padStart(5)} ms  ` +
        `${figures.rows} of ${rowsMax} rows, ${(figures.bytes / 1e6).toFixed(1)} of ${bytesMax / 1e6} MB: ${check(isKept, name)}; ` +
        `${vertices} vertices, ${edges} edges`,
    );
  }
}

function pure(): void {
  const startedAt = process.cpuUsage();
  const graph = largeGraph("workload", 120);
  const { user } = process.cpuUsage(startedAt);
  const endpoints = graph.vertices.reduce((sum, vertex) => sum + (vertex.endpoints ?? 0), 0);
  console.log(
    `core/graph, 500 workloads, 5,000 endpoints: ${(user / 1000).toFixed(0)} ms CPU with making them; endpoints shown add up to ${endpoints}: ` +
      check(endpoints === 5000, "endpoints add up"),
  );
}

const dataFolder = await mkdtemp(join(tmpdir(), "garrison-bench-graph-"));
try {
  pure();
  await using _child = await startStoreProcess({
    dataFolder,
    entry: storeEntry,
    logger: silentLogger,
    config: { memoryBytesMax: 3 * 1024 ** 3 },
  });
  await using store = createTelemetryStore({ address: { kind: "embedded", dataFolder } });
  await store.migrate();
  await fill(dataFolder);
  for (const { table, rows } of await store.usage()) if (rows > 0) console.log(`${table}: ${rows} rows`);
  await ratio(store);
  await timed(store);
} finally {
  await rm(dataFolder, { recursive: true, force: true });
}
if (failures.length > 0) {
  console.log(`missed: ${failures.join(", ")}`);
  process.exitCode = 1;
}

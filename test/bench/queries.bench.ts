// How long the named queries take over a store with millions of flows, and how many rows they read for it.
// Run: node test/bench/queries.bench.ts [days] [slots]. With the defaults: about 8 M rows in two days, 600 workloads.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manualClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { TelemetryStore } from "../../src/core/store/telemetry-store.ts";
import { connect } from "../../src/edge/store/connection.ts";
import { createQueries } from "../../src/edge/store/queries/create-queries.ts";
import { command } from "../../src/edge/store/run.ts";
import { startStoreProcess } from "../../src/edge/store/supervisor.ts";
import { createTelemetryStore } from "../../src/edge/store/telemetry-store.ts";
import { columnsOf } from "../../src/model/table.ts";
import { storeEntry } from "../support/store-world.ts";
import { daySelect, defaultWorld } from "./rollups-world.ts";

const days = Number(process.argv[2] ?? 2);
const slots = Number(process.argv[3] ?? 3000);
const runs = 7;
const startSeconds = Date.parse("2026-11-23T00:00:00Z") / 1000;
/** An afternoon: the busiest hours are behind. */
const nowMs = (startSeconds + (days - 1) * 86_400 + 15 * 3600) * 1000;

async function fill(dataFolder: string): Promise<void> {
  const connection = connect({ kind: "embedded", dataFolder });
  const names = columnsOf("flows")
    .map((column) => column.name)
    .join(", ");
  for (let day = 0; day < days; day += 1) {
    const source = daySelect({ ...defaultWorld, slots }, startSeconds + day * 86_400);
    await command(connection, `INSERT INTO flows (${names}) SELECT ${names} FROM (${source})`);
  }
  await connection.close();
}

/** Counts what the statements of one question read. */
function counting(store: TelemetryStore): {
  readonly store: TelemetryStore;
  readonly figures: { rowsRead: number; statements: number };
} {
  const figures = { rowsRead: 0, statements: 0 };
  const query: TelemetryStore["query"] = async (sql, options) => {
    const result = await store.query<never>(sql, options);
    figures.rowsRead += result.rowsRead;
    figures.statements += 1;
    return result;
  };
  return { store: { ...store, query }, figures };
}

async function measure(store: TelemetryStore): Promise<void> {
  const { store: counted, figures } = counting(store);
  const queries = createQueries({ store: counted, clock: manualClock(nowMs) });
  const page = { q: "", limit: 100 };
  const app = { cluster: "production", namespace: "team-5", kind: "Deployment", name: "app-5" } as const;
  const { cursor } = await queries.flowsSince("", "", 100);
  const questions: readonly (readonly [string, () => Promise<{ readonly window?: { readonly partial: boolean } }>])[] =
    [
      ["flows, 1 h", () => queries.listFlows(page)],
      ["flows, 24 h, denied to app-7", () => queries.listFlows({ ...page, q: "verdict:deny to:app-7", since: "24h" })],
      ["flows, 24 h, of one pod", () => queries.listFlows({ ...page, q: "pod:app-5-nothing", since: "24h" })],
      ["flows, 24 h, free text", () => queries.listFlows({ ...page, q: "nowhere-to-be-found", since: "24h" })],
      ["timeline, 1 h", () => queries.flowTimeline({ q: "", steps: 60 })],
      ["timeline, 24 h, one namespace", () => queries.flowTimeline({ q: "ns:team-5", steps: 60, since: "24h" })],
      ["timeline, 24 h, all", () => queries.flowTimeline({ q: "", steps: 60, since: "24h" })],
      ["timeline, 24 h, by process (raw)", () => queries.flowTimeline({ q: "process:redis", steps: 60, since: "24h" })],
      ["workloads, 1 h", () => queries.listWorkloads(page)],
      ["workloads, 24 h", () => queries.listWorkloads({ ...page, since: "24h" })],
      ["peers of app-5, 1 h", () => queries.workloadPeers(app, {})],
      ["peers of app-5, 24 h", () => queries.workloadPeers(app, { since: "24h" })],
      [
        "hints: to.workload",
        () => queries.hints({ on: "flows", field: "to.workload", prefix: "app", q: "" }).then(() => ({})),
      ],
      ["stream, begin with 100", () => queries.flowsSince("", "", 100, { last: 100 }).then(() => ({}))],
      ["stream, nothing new", () => queries.flowsSince(cursor, "", 100).then(() => ({}))],
    ];
  for (const [name, question] of questions) {
    const times: number[] = [];
    let isPartial = false;
    figures.rowsRead = 0;
    figures.statements = 0;
    for (let run = 0; run < runs; run += 1) {
      const startedAt = performance.now();
      isPartial = (await question()).window?.partial ?? false;
      times.push(performance.now() - startedAt);
    }
    times.sort((a, b) => a - b);
    const median = Math.round(times[Math.floor(runs / 2)] ?? 0);
    const worst = Math.round(times.at(-1) ?? 0);
    const read = Math.round(figures.rowsRead / runs);
    console.log(
      `${name.padEnd(36)} ${String(median).padStart(6)} ms median ${String(worst).padStart(6)} ms worst ` +
        `${String(read).padStart(10)} rows read, ${figures.statements / runs} statements${isPartial ? ", partial" : ""}`,
    );
  }
}

const dataFolder = await mkdtemp(join(tmpdir(), "garrison-bench-queries-"));
try {
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
  await measure(store);
} finally {
  await rm(dataFolder, { recursive: true, force: true });
}

// A real store process with a data folder of its own, and rows put into it as blocks: for tests of queries.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { silentLogger } from "../../src/base/logger.ts";
import type { TelemetryStore } from "../../src/core/store/telemetry-store.ts";
import { startStoreProcess } from "../../src/edge/store/supervisor.ts";
import { createTelemetryStore } from "../../src/edge/store/telemetry-store.ts";
import { type Row, type TableName, wireColumnsOf } from "../../src/model/table.ts";
import { storeEntry, writeBlock } from "./store-world.ts";

export type ScratchRow = Readonly<Record<string, unknown>>;

export interface ScratchStore extends AsyncDisposable {
  readonly store: TelemetryStore;
  readonly dataFolder: string;
  /** Rows with times in epoch milliseconds; columns left out are empty. `cluster`, `node` and `ingest` become the block's. */
  insert(table: TableName, rows: readonly ScratchRow[]): Promise<void>;
}

/** About two seconds. */
export async function startScratchStore(): Promise<ScratchStore> {
  const dataFolder = await mkdtemp(path.join(tmpdir(), "garrison-scratch-"));
  const child = await startStoreProcess({ dataFolder, entry: storeEntry, logger: silentLogger });
  const store = createTelemetryStore({ address: { kind: "embedded", dataFolder } });
  await store.migrate();
  let blocks = 0;
  return {
    store,
    dataFolder,
    insert: async (table, rows) => {
      const places = Map.groupBy(rows, ({ cluster, node, ingest }) => JSON.stringify([cluster, node, ingest]));
      for (const [place, group] of places) {
        const [cluster, node, ingest] = JSON.parse(place) as readonly [string | null, string | null, number | null];
        blocks += 1;
        const whole = group.map((row) => wholeRow(table, row));
        const block = writeBlock(dataFolder, table, whole, `scratch-${blocks}`);
        await store.append({ ...block, cluster: cluster ?? "", node: node ?? "", ingest: ingest ?? 0 });
      }
    },
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      await child[Symbol.asyncDispose]();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

function wholeRow<Name extends TableName>(table: Name, row: ScratchRow): Row<Name> {
  return Object.fromEntries(
    wireColumnsOf(table).map(({ name, type }) => [name, row[name] ?? usual[name] ?? emptyOf(type)]),
  ) as Row<Name>;
}

/** Columns whose words are a closed list. */
const usual: ScratchRow = {
  fidelity: "kernel",
  tls: "not-looked",
  sourceKind: "Unknown",
  destinationKind: "Unknown",
  workloadKind: "Unknown",
};

function emptyOf(type: string): unknown {
  if (type.startsWith("Array(")) return [];
  if (type.startsWith("Map(")) return {};
  if (type === "Bool") return false;
  if (type === "IPv6") return "::";
  return /String/.test(type) ? "" : 0;
}

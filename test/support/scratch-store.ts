// The raw tables of the model in a chDB of the test's own, behind the reading half of the store's port: for tests of queries alone.
import { fork } from "node:child_process";
import path from "node:path";
import { formatInstant } from "../../src/base/instant.ts";
import type { QueryOptions, QueryResult } from "../../src/core/store/telemetry-store.ts";
import { columnsOf, tableNames, type TableName } from "../../src/model/table.ts";

export type ScratchRow = Readonly<Record<string, unknown>>;

export interface ScratchStore extends AsyncDisposable {
  query<T>(sql: string, options?: QueryOptions): Promise<QueryResult<T>>;
  /** Rows with times in epoch milliseconds; columns left out take the engine's defaults. `cluster`, `node`, `ingest` may be given. */
  insert(table: TableName, rows: readonly ScratchRow[]): Promise<void>;
}

interface Answer {
  readonly id: number;
  readonly error?: string;
  readonly answer?: {
    readonly data: unknown[];
    readonly statistics?: { readonly rows_read: number; readonly bytes_read: number };
  };
}

export async function startScratchStore(): Promise<ScratchStore> {
  const child = fork(path.join(import.meta.dirname, "scratch-engine.ts"), {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const waiting = new Map<number, (answer: Answer) => void>();
  let count = 0;
  child.on("message", (answer: Answer) => waiting.get(answer.id)?.(answer));
  child.on("exit", (code) => {
    for (const [id, resolve] of waiting) resolve({ id, error: `the engine went away: ${code ?? "signal"}` });
  });
  const ask = (sql: string, params: Readonly<Record<string, unknown>>) =>
    new Promise<NonNullable<Answer["answer"]>>((resolve, reject) => {
      count += 1;
      const id = count;
      waiting.set(id, (answer) => {
        waiting.delete(id);
        if (answer.error === undefined) resolve(answer.answer ?? { data: [] });
        else reject(new Error(`${answer.error}\n${sql.slice(0, 2000)}`));
      });
      child.send({ id, sql, params });
    });
  await new Promise((resolve) => waiting.set(0, resolve));
  for (const table of tableNames) await ask(createTable(table), {});
  return {
    query: async <T>(sql: string, options: QueryOptions = {}) => {
      const answer = await ask(sql, options.params ?? {});
      return {
        rows: answer.data as T[],
        rowsRead: answer.statistics?.rows_read ?? 0,
        bytesRead: answer.statistics?.bytes_read ?? 0,
        elapsedMs: 0,
        partial: false,
        partialBecause: "",
      };
    },
    insert: async (table, rows) => {
      const lines = rows.map((row) => JSON.stringify(storedRow(table, row)));
      await ask(`INSERT INTO ${table} FORMAT JSONEachRow\n${lines.join("\n")}`, {});
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        child.once("exit", () => resolve());
        child.disconnect();
      }),
  };
}

function createTable(table: TableName): string {
  const columns = columnsOf(table).map((column) => `\`${column.name}\` ${column.type}`);
  return `CREATE TABLE ${table} (${columns.join(", ")}) ENGINE = MergeTree ORDER BY (toStartOfFiveMinutes(time), time)`;
}

function storedRow(table: TableName, row: ScratchRow): ScratchRow {
  const stored: Record<string, unknown> = { ...row };
  for (const { name, type } of columnsOf(table)) {
    const value = stored[name];
    if (typeof value === "number" && type.startsWith("DateTime")) stored[name] = formatInstant(value);
    if (typeof value === "string" && type === "IPv6" && !value.includes(":")) stored[name] = `::ffff:${value}`;
  }
  return stored;
}

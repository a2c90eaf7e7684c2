// Statements through the client, as the writer or the reader. A replaced key (the store process restarted) is read again once.
import type { ClickHouseSettings } from "@clickhouse/client";
import type { Readable } from "node:stream";
import { Fault } from "../../base/fault.ts";
import type { Connection, Role } from "./connection.ts";
import { describe } from "./store-fault.ts";

export type Settings = Readonly<Record<string, string | number>>;

export interface JsonAnswer<T> {
  readonly data: readonly T[];
  readonly statistics: { readonly elapsed: number; readonly rows_read: number; readonly bytes_read: number };
}

/** Runs a statement that answers nothing. Throws the client's own error. */
export async function command(
  connection: Connection,
  sql: string,
  params: Readonly<Record<string, unknown>> = {},
  settings: Settings = {},
): Promise<void> {
  await withCredential(connection, "writer", async (auth) => {
    await connection.client.command({
      query: sql,
      query_params: { ...params },
      clickhouse_settings: typed(settings),
      auth,
    });
  });
}

/** Sends `body` as the rows of an INSERT; it is made anew for a second attempt. */
export async function commandWithBody(
  connection: Connection,
  sql: string,
  body: () => Readable,
  rest: { readonly params: Readonly<Record<string, unknown>>; readonly settings: Settings },
): Promise<void> {
  await withCredential(connection, "writer", async (auth) => {
    const { stream } = await connection.client.exec({
      query: sql,
      values: body(),
      query_params: { ...rest.params },
      clickhouse_settings: typed(rest.settings),
      auth,
    });
    stream.resume();
    await new Promise((done, failed) => stream.once("end", done).once("error", failed));
  });
}

/** How results look everywhere: times RFC 3339, 64-bit numbers as numbers. */
const shape = { output_format_json_quote_64bit_integers: 0, date_time_output_format: "iso" } as const;

/** Runs a read and returns rows as objects with the engine's figures. */
export async function select<T>(
  connection: Connection,
  role: Role,
  sql: string,
  rest: {
    readonly params?: Readonly<Record<string, unknown>>;
    readonly settings?: Settings;
    readonly abort?: AbortSignal;
  } = {},
): Promise<JsonAnswer<T>> {
  return withCredential(connection, role, async (auth) => {
    const result = await connection.client.query({
      query: sql,
      format: "JSON",
      query_params: { ...rest.params },
      clickhouse_settings: typed({ ...shape, ...rest.settings }),
      auth,
      ...(rest.abort === undefined ? {} : { abort_signal: rest.abort }),
    });
    return (await result.json()) as unknown as JsonAnswer<T>;
  });
}

function typed(settings: Settings): ClickHouseSettings {
  return { ...settings };
}

async function withCredential<T>(
  connection: Connection,
  role: Role,
  run: (auth: { username: string; password: string }) => Promise<T>,
): Promise<T> {
  const credential = await connection.credential(role);
  try {
    return await run({ ...credential });
  } catch (thrown) {
    if (thrown instanceof Fault || describe(thrown).code !== "516") throw thrown;
    connection.forgetCredential();
    return run({ ...(await connection.credential(role)) });
  }
}

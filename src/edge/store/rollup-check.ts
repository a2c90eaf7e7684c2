// The nightly look: does every hour's rollup hold as many rows as raw? Where it does not (a crash between a base table and its views whose
// block was never offered again), the hour is rebuilt from raw.
import type { Connection } from "./connection.ts";
import { command, select } from "./run.ts";
import type { Rollup } from "./schema/rollup.ts";
import { rollups } from "./schema/rollups.ts";

export interface RollupMismatch {
  readonly rollup: string;
  readonly hourMs: number;
  readonly rawRows: number;
  readonly rollupRows: number;
}

const hourMs = 3_600_000;
/** Rollups that count raw rows of one table, and where the count is. The finer edge tables age away and are not rebuilt by themselves. */
const checks = [
  { rollup: "edges_1h", raw: "flows", count: "sum(rowsAtSource) + sum(rowsAtDestination)" },
  { rollup: "dns_1h", raw: "dns_events", count: "sum(rows)" },
  { rollup: "http_1h", raw: "http_events", count: "sum(rows)" },
  { rollup: "http_edges_1h", raw: "http_events", count: "sum(rows)" },
] as const;

/** Hours in [sinceMs, untilMs) whose counts differ. Both bounds are cut to whole hours; keep `untilMs` behind the newest inserts. */
export async function findMismatches(
  connection: Connection,
  sinceMs: number,
  untilMs: number,
): Promise<RollupMismatch[]> {
  const params = { since: Math.floor(sinceMs / hourMs) * 3600, until: Math.floor(untilMs / hourMs) * 3600 };
  const found: RollupMismatch[] = [];
  for (const check of checks) {
    const within = (column: string): string =>
      `${column} >= toDateTime({since:UInt32}, 'UTC') AND ${column} < toDateTime({until:UInt32}, 'UTC')`;
    const sql =
      `SELECT toUnixTimestamp(hour) AS hour, sum(rawRows) AS rawRows, sum(rollupRows) AS rollupRows FROM (` +
      `SELECT toStartOfHour(r.time) AS hour, count() AS rawRows, 0 AS rollupRows FROM ${check.raw} AS r WHERE ${within("r.time")} GROUP BY hour ` +
      `UNION ALL SELECT r.time AS hour, 0 AS rawRows, ${check.count} AS rollupRows FROM ${check.rollup} AS r WHERE ${within("r.time")} GROUP BY hour` +
      `) GROUP BY hour HAVING rawRows != rollupRows AND rawRows > 0 ORDER BY hour`;
    const answer = await select<{ hour: number; rawRows: number; rollupRows: number }>(connection, "writer", sql, {
      params,
    });
    for (const row of answer.data) {
      found.push({ rollup: check.rollup, hourMs: row.hour * 1000, rawRows: row.rawRows, rollupRows: row.rollupRows });
    }
  }
  return found;
}

/** Makes one hour of a rollup anew from raw rows: the old ones are deleted, then the view's own SELECT runs over that hour. */
export async function rebuildHour(connection: Connection, mismatch: RollupMismatch): Promise<void> {
  const params = { hour: Math.floor(mismatch.hourMs / 1000) };
  const bounds = "time >= toDateTime({hour:UInt32}, 'UTC') AND time < toDateTime({hour:UInt32} + 3600, 'UTC')";
  await command(connection, `ALTER TABLE ${mismatch.rollup} DELETE WHERE ${bounds}`, params, { mutations_sync: 1 });
  for (const view of viewsFromRaw(mismatch.rollup)) {
    // The views read whole tables; a subquery named like the table gives them one hour of it.
    const select = view.select.replace(
      ` FROM ${view.from} `,
      ` FROM (SELECT * FROM ${view.from} WHERE ${bounds}) AS ${view.from} `,
    );
    const names = columnNames(mismatch.rollup);
    await command(
      connection,
      `INSERT INTO ${mismatch.rollup} (${names}) SELECT ${names} FROM (${coarser(mismatch.rollup, select)})`,
      params,
    );
  }
}

function definition(name: string): Rollup {
  const found = rollups.find((rollup) => rollup.name === name);
  if (found === undefined) throw new Error(`no rollup ${name}`);
  return found;
}

/** Coarser edge tables are made with the view of the finest one, which reads raw rows. */
const finest: Readonly<Record<string, string>> = { edges_1h: "edges_1m", http_edges_1h: "http_edges_1m" };

function viewsFromRaw(name: string): Rollup["views"] {
  return definition(finest[name] ?? name).views;
}

function coarser(name: string, select: string): string {
  return name in finest ? select.replace("toStartOfMinute(", "toStartOfHour(") : select;
}

function columnNames(name: string): string {
  return definition(name)
    .columns.map((column) => column.slice(0, column.indexOf(" ")))
    .join(", ");
}

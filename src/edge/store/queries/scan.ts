// Newest-first listing of one table: looks at the newest stretch of the window first and widens only while rows are missing, so that a
// common filter costs little and a rare one ends with "looked back to ..." and a cursor that goes on from there.
import { formatInstant } from "../../../base/instant.ts";
import type { Condition } from "../../../core/filter/condition.ts";
import type { ResolvedWindow } from "../../../core/filter/window.ts";
import type { TelemetryStore } from "../../../core/store/telemetry-store.ts";
import { columnsOf, type TableName } from "../../../model/table.ts";
import type { Clock } from "../../../base/clock.ts";
import type { OldestKept } from "./oldest-kept.ts";
import type { PagePosition } from "./cursor.ts";
import { queryLimits } from "./limits.ts";
import type { StoredRow } from "./shown.ts";
import { createBindings, instant, whereOf, withinRaw } from "./sql.ts";

export interface ScanRequest {
  readonly table: TableName;
  readonly condition: Condition;
  readonly window: ResolvedWindow;
  readonly position: PagePosition | undefined;
  /** Rows wanted; one more is fetched to know whether there are more. */
  readonly limit: number;
  /** Only rows of these blocks (a stream's history). */
  readonly blocks?: { readonly floor: number; readonly blocks: readonly number[] };
}

export interface ScanResult {
  /** At most limit + 1, newest first; columns as stored plus _timeMs and _tie. */
  readonly rows: readonly StoredRow[];
  readonly partialBecause: string;
  /** Beginning of what was looked at: the window's own, unless it ended early. */
  readonly lookedBackToMs: number;
}

export interface QueryParts {
  readonly store: TelemetryStore;
  readonly clock: Clock;
  readonly oldestKept: OldestKept;
}

export async function scanNewest(parts: QueryParts, request: ScanRequest): Promise<ScanResult> {
  const { window, limit } = request;
  const startedMs = parts.clock.nowMs();
  const rows: StoredRow[] = [];
  let untilMs = Math.min(window.untilMs, (request.position?.timeMs ?? Infinity) + 1);
  let widthMs: number = queryLimits.listFirstMs;
  let rowsRead = 0;
  while (untilMs > window.sinceMs) {
    const sinceMs = Math.max(window.sinceMs, untilMs - widthMs);
    const wanted = limit + 1 - rows.length;
    const result = await queryStretch(parts, { ...request, limit: wanted }, { sinceMs, untilMs });
    rowsRead += result.rowsRead;
    if (result.partial && widthMs > queryLimits.listStepMsMin) {
      widthMs = Math.max(queryLimits.listStepMsMin, Math.floor(Math.min(widthMs, untilMs - sinceMs) / 8));
      if (isSpent(parts, startedMs, rowsRead)) return early(rows, untilMs);
      continue;
    }
    rows.push(...result.rows);
    if (result.partial) return { rows, partialBecause: result.partialBecause, lookedBackToMs: sinceMs };
    if (rows.length > limit) break;
    untilMs = sinceMs;
    widthMs *= queryLimits.listGrowth;
    if (untilMs > window.sinceMs && isSpent(parts, startedMs, rowsRead)) return early(rows, untilMs);
  }
  return { rows, partialBecause: "", lookedBackToMs: window.sinceMs };
}

function isSpent(parts: QueryParts, startedMs: number, rowsRead: number): boolean {
  return rowsRead > queryLimits.listRowsToReadMax || parts.clock.nowMs() - startedMs > queryLimits.listMs;
}

function early(rows: readonly StoredRow[], lookedBackToMs: number): ScanResult {
  const partialBecause = `looked back only to ${formatInstant(lookedBackToMs)}: too many rows for one question; go on with the next page, or narrow the filter or the window`;
  return { rows, partialBecause, lookedBackToMs };
}

async function queryStretch(parts: QueryParts, request: ScanRequest, stretch: ResolvedWindow) {
  const { table, condition, position, limit, blocks } = request;
  const bindings = createBindings();
  const tie = tieOf(table);
  const skip = position?.skip ?? 0;
  const conditions = [withinRaw(bindings, stretch.sinceMs, stretch.untilMs), whereOf(condition, bindings)];
  if (position !== undefined) {
    const at = `(${instant(bindings, position.timeMs)}, ${bindings.bind(position.ingest, "UInt64")}, ${bindings.bind(position.tie, "UInt64")})`;
    conditions.push(`(time, ingest, ${tie}) <= ${at}`);
  }
  if (blocks !== undefined) {
    const known = bindings.bind(blocks.blocks, "Array(UInt64)");
    conditions.push(`(ingest <= ${bindings.bind(blocks.floor, "UInt64")} OR has(${known}, ingest))`);
  }
  const sql = `SELECT ${selectList(table)}, toUnixTimestamp64Milli(time) AS _timeMs, toString(${tie}) AS _tie
FROM ${table} WHERE ${conditions.join(" AND ")}
ORDER BY time DESC, ingest DESC, ${tie} DESC LIMIT ${limit + skip}`;
  const result = await parts.store.query<StoredRow>(sql, {
    params: bindings.values,
    timeoutMs: queryLimits.timeoutMs,
    rowsToReadMax: queryLimits.rowsToReadMax,
    rowsMax: limit + skip,
  });
  const delivered = (row: StoredRow) =>
    position !== undefined &&
    row["_timeMs"] === position.timeMs &&
    row["ingest"] === position.ingest &&
    row["_tie"] === position.tie;
  let left = skip;
  const rows = result.rows.filter((row) => {
    if (left === 0 || !delivered(row)) return true;
    left -= 1;
    return false;
  });
  return { ...result, rows: rows.slice(0, limit) };
}

/** Every column by name: a table may carry more (older or newer) columns than the model. */
export function selectList(table: TableName): string {
  return columnsOf(table)
    .map((column) => column.name)
    .join(", ");
}

/**
 * A hash over all columns: rows with the same one (and time and block) are equal. That it needs every column has a second use: the engine
 * has none left to fetch after the LIMIT, which it does by reading that column of the whole table.
 */
export function tieOf(table: TableName): string {
  const columns = columnsOf(table).map(({ name, type }) => (type.startsWith("Map(") ? `toString(${name})` : name));
  return `cityHash64(${columns.join(", ")})`;
}

/** The position after the last of `delivered` rows (newest first). */
export function positionAfter(
  delivered: readonly StoredRow[],
  window: ResolvedWindow,
  before: PagePosition | undefined,
): PagePosition | undefined {
  const last = delivered.at(-1);
  if (last === undefined) return undefined;
  const same = (row: StoredRow) =>
    row["_timeMs"] === last["_timeMs"] && row["ingest"] === last["ingest"] && row["_tie"] === last["_tie"];
  const at = {
    timeMs: Number(last["_timeMs"]),
    ingest: Number(last["ingest"]),
    tie: String(last["_tie"]),
  };
  const wasThere =
    before !== undefined && before.timeMs === at.timeMs && before.ingest === at.ingest && before.tie === at.tie;
  const skip = delivered.filter(same).length + (wasThere ? before.skip : 0);
  return { ...window, ...at, skip };
}

/** The position from which a listing that ended early goes on: everything at or after `lookedBackToMs` was looked at. */
export function positionBefore(lookedBackToMs: number, window: ResolvedWindow): PagePosition {
  return {
    ...window,
    timeMs: lookedBackToMs - 1,
    ingest: Number.MAX_SAFE_INTEGER,
    tie: "18446744073709551615",
    skip: 0,
  };
}

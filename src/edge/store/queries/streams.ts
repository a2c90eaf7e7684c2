// Live streams by block number: each block that became visible is delivered once, also when blocks become visible out of order, and
// also after a restart of the reader or the server (the cursor is all the state there is).
import { type Condition, conditionOf } from "../../../core/filter/condition.ts";
import type { Filter } from "../../../core/filter/filter.ts";
import { resolveWindow } from "../../../core/filter/window.ts";
import { type EventKind, eventTables, type Shown, type TableName } from "../../../model/table.ts";
import { filterFor, parseKinds, run } from "./ask.ts";
import { decodeStream, encodeCursor, type StreamPosition } from "./cursor.ts";
import { mapBounded, mergeKinds, newerFirst, shownEvent } from "./events.ts";
import { queryLimits } from "./limits.ts";
import type { AnyEvent, StreamPart, StreamStart } from "./queries.ts";
import { type QueryParts, scanNewest, selectList, tieOf } from "./scan.ts";
import { shownRow, type StoredRow } from "./shown.ts";
import { type Bindings, createBindings, whereOf, withinRaw } from "./sql.ts";

export async function flowsSince(
  parts: QueryParts,
  cursor: string,
  query: { readonly q: string; readonly limit: number; readonly start: StreamStart },
): Promise<StreamPart<Shown<"flows">>> {
  const filter = filterFor(query.q, ["flows"]);
  if (cursor === "") {
    const head = await headOf(parts, ["flows"]);
    const last = Math.min(query.start.last ?? 0, query.limit);
    if (last === 0) return { rows: [], cursor: encodeCursor(head), skipped: 0 };
    const window = resolveWindow(filter.window, { since: query.start.since }, parts.clock.nowMs());
    const condition = conditionOf(filter, "flows");
    const found = await scanNewest(parts, {
      table: "flows",
      condition,
      window,
      position: undefined,
      limit: last,
      blocks: head,
    });
    const rows = found.rows.slice(0, last).reverse();
    return { rows: rows.map((row) => shownRow("flows", row)), cursor: encodeCursor(head), skipped: 0 };
  }
  const position = decodeStream(cursor);
  const part = await arrivals(parts, "flows", filter, { position, limit: query.limit });
  const rows = part.rows.reverse().map((row) => shownRow("flows", row));
  return { rows, cursor: encodeCursor(advance(position, part.blocks)), skipped: part.matched - rows.length };
}

export async function eventsSince(
  parts: QueryParts,
  cursor: string,
  query: { readonly kinds: string; readonly q: string; readonly limit: number; readonly start: StreamStart },
): Promise<StreamPart<AnyEvent>> {
  const kinds = parseKinds(query.kinds);
  const tables = kinds.map((kind) => eventTables[kind]);
  const filter = filterFor(query.q, tables);
  if (cursor === "") {
    const head = await headOf(parts, tables);
    const last = Math.min(query.start.last ?? 0, query.limit);
    const rows = last === 0 ? [] : await history(parts, kinds, filter, { head, last, since: query.start.since });
    return { rows, cursor: encodeCursor(head), skipped: 0 };
  }
  const position = decodeStream(cursor);
  const found = await mapBounded(kinds, async (kind) => ({
    kind,
    ...(await arrivals(parts, eventTables[kind], filter, { position, limit: query.limit })),
  }));
  const rows = found
    .flatMap(({ kind, rows }) => rows.map((row) => ({ kind, row })))
    .sort((a, b) => newerFirst(a.row, b.row))
    .slice(0, query.limit)
    .reverse();
  const matched = found.reduce((sum, { matched }) => sum + matched, 0);
  const blocks = found.flatMap(({ blocks }) => blocks);
  return {
    rows: rows.map(shownEvent),
    cursor: encodeCursor(advance(position, blocks)),
    skipped: matched - rows.length,
  };
}

async function history(
  parts: QueryParts,
  kinds: readonly EventKind[],
  filter: Filter,
  begin: { readonly head: StreamPosition; readonly last: number; readonly since: string | undefined },
): Promise<AnyEvent[]> {
  const window = resolveWindow(filter.window, { since: begin.since }, parts.clock.nowMs());
  const { found } = await mergeKinds(parts, kinds, {
    window,
    position: undefined,
    limit: begin.last,
    conditionFor: (kind) => conditionOf(filter, eventTables[kind]),
    blocks: begin.head,
  });
  return found.slice(0, begin.last).reverse().map(shownEvent);
}

/**
 * The newest blocks of the tables: a new stream begins after them. Of a busy store the last minutes are enough to know them; what is older
 * than all of those is taken as delivered.
 */
async function headOf(parts: QueryParts, tables: readonly TableName[]): Promise<StreamPosition> {
  const nothing: StreamPosition = { floor: 0, blocks: [] };
  for (const lookBackMs of [queryLimits.streamHeadMs, queryLimits.streamLookBackMs]) {
    const found = await mapBounded(tables, (table) => newBlocks(parts, table, nothing, lookBackMs));
    const blocks = found.flat();
    if (blocks.length > 0) return advance({ floor: Math.min(...blocks) - 1, blocks: [] }, blocks);
  }
  return nothing;
}

/** The times that a stream delivers: not too old, and not further ahead than a day (clocks differ, but not so much). */
function recently(parts: QueryParts, bindings: Bindings, lookBackMs: number): string {
  const nowMs = parts.clock.nowMs();
  return withinRaw(bindings, nowMs - lookBackMs, nowMs + queryLimits.streamAheadMs);
}

/** Blocks of a table that the position has not delivered, newest first, at most as many as a cursor can remember. */
async function newBlocks(
  parts: QueryParts,
  table: TableName,
  position: StreamPosition,
  lookBackMs: number = queryLimits.streamLookBackMs,
): Promise<number[]> {
  const bindings = createBindings();
  const recent = recently(parts, bindings, lookBackMs);
  const sql = `SELECT DISTINCT ingest FROM ${table} WHERE ingest > ${bindings.bind(position.floor, "UInt64")}
AND NOT has(${bindings.bind(position.blocks, "Array(UInt64)")}, ingest) AND ${recent}
ORDER BY ingest DESC LIMIT ${queryLimits.streamBlocksReadMax}`;
  const result = await run(parts, sql, bindings, { rowsMax: queryLimits.streamBlocksReadMax });
  return result.rows.map((row) => Number(row["ingest"]));
}

/** Keeps the newest blocks singly; the floor rises under them. */
export function advance(position: StreamPosition, delivered: readonly number[]): StreamPosition {
  const blocks = [...new Set([...position.blocks, ...delivered])].sort((a, b) => a - b);
  const excess = Math.max(0, blocks.length - queryLimits.streamBlocksMax);
  const floor = Math.max(position.floor, ...blocks.slice(0, excess));
  return { floor, blocks: blocks.slice(excess) };
}

interface Arrivals {
  readonly rows: StoredRow[];
  readonly matched: number;
  readonly blocks: readonly number[];
}

/** Rows of the new blocks that hold the filter, newest first, at most `limit`; `matched` counts all of them. */
async function arrivals(
  parts: QueryParts,
  table: TableName,
  filter: Filter,
  { position, limit }: { readonly position: StreamPosition; readonly limit: number },
): Promise<Arrivals> {
  const blocks = await newBlocks(parts, table, position);
  const condition = conditionOf(filter, table);
  if (blocks.length === 0 || (condition.is === "constant" && !condition.value)) {
    return { rows: [], matched: 0, blocks };
  }
  const older =
    blocks.length < queryLimits.streamBlocksReadMax
      ? 0
      : await countOlder(parts, table, { position, condition, before: Math.min(...blocks) });
  const bindings = createBindings();
  const recent = recently(parts, bindings, queryLimits.streamLookBackMs);
  const tie = tieOf(table);
  const sql = `SELECT ${selectList(table)}, toUnixTimestamp64Milli(time) AS _timeMs, toString(${tie}) AS _tie, toInt64(count() OVER ()) AS _matched
FROM ${table} WHERE ingest >= ${bindings.bind(Math.min(...blocks), "UInt64")} AND has(${bindings.bind(blocks, "Array(UInt64)")}, ingest)
AND ${recent} AND ${whereOf(condition, bindings)}
ORDER BY time DESC, ingest DESC, ${tie} DESC LIMIT ${limit}`;
  const result = await run(parts, sql, bindings, { rowsMax: limit });
  return { rows: [...result.rows], matched: Number(result.rows[0]?.["_matched"] ?? 0) + older, blocks };
}

/** After a long absence there are more blocks than one read takes: the older ones are not delivered, and their rows counted as skipped. */
async function countOlder(
  parts: QueryParts,
  table: TableName,
  asked: { readonly position: StreamPosition; readonly condition: Condition; readonly before: number },
): Promise<number> {
  const bindings = createBindings();
  const { floor, blocks } = asked.position;
  const recent = recently(parts, bindings, queryLimits.streamLookBackMs);
  const sql = `SELECT toInt64(count()) AS older FROM ${table} WHERE ingest > ${bindings.bind(floor, "UInt64")}
AND ingest < ${bindings.bind(asked.before, "UInt64")} AND NOT has(${bindings.bind(blocks, "Array(UInt64)")}, ingest)
AND ${recent} AND ${whereOf(asked.condition, bindings)}`;
  const result = await run(parts, sql, bindings, { rowsMax: 1 });
  return Number(result.rows[0]?.["older"] ?? 0);
}

// What every named query begins and ends with: the filter and the window it asks for, and the window it answers with.
import { formatInstant } from "../../../base/instant.ts";
import { Fault } from "../../../base/fault.ts";
import { type Condition, conditionOf, requireFields } from "../../../core/filter/condition.ts";
import type { FilterTable } from "../../../core/filter/field.ts";
import type { Filter } from "../../../core/filter/filter.ts";
import { parseFilter } from "../../../core/filter/parse.ts";
import { type ResolvedWindow, resolveWindow } from "../../../core/filter/window.ts";
import type { QueryResult } from "../../../core/store/telemetry-store.ts";
import { type EventKind, eventTables, type Shown } from "../../../model/table.ts";
import { nearest } from "../../../base/nearest.ts";
import { queryLimits } from "./limits.ts";
import type { Window, WindowRequest } from "./queries.ts";
import { detailOf, type GapSum, joinGaps, type JoinedGap } from "./join-gaps.ts";
import type { QueryParts } from "./scan.ts";
import { type StoredRow, shownRow } from "./shown.ts";
import { type Bindings, createBindings, withinRaw } from "./sql.ts";

/** Parses `q` and checks that each of its fields exists in at least one of the tables. */
export function filterFor(q: string, tables: readonly FilterTable[]): Filter {
  const filter = parseFilter(q);
  requireFields(filter, tables);
  return filter;
}

/** `q` as a condition over one table, and its window. */
export function ask(parts: QueryParts, table: FilterTable, query: WindowRequest & { readonly q?: string }) {
  const filter = filterFor(query.q ?? "", [table]);
  const window = resolveWindow(filter.window, query, parts.clock.nowMs());
  const condition: Condition = conditionOf(filter, table);
  return { condition, window };
}

/** "dns,http" -> kinds in the list's order; empty = all. Throws Fault "queries/unknown-kind". */
export function parseKinds(text: string): readonly EventKind[] {
  const known = Object.keys(eventTables) as EventKind[];
  const asked = text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
  const unknown = asked.find((word) => !known.includes(word as EventKind));
  if (unknown !== undefined) {
    const near = nearest(unknown, known);
    throw new Fault(`unknown kind of event "${unknown.slice(0, 64)}"`, {
      code: "queries/unknown-kind",
      kind: "usage",
      where: "kinds",
      hint: near === undefined ? `Known kinds: ${known.join(", ")}.` : `Did you mean "${near}"?`,
    });
  }
  return asked.length === 0 ? known : known.filter((kind) => asked.includes(kind));
}

/**
 * The window in whole buckets of a rollup, which has nothing finer: what is added up and what the answer says are the same. An end in the
 * future stays: nothing is behind it.
 */
export function wholeBuckets(window: ResolvedWindow, bucketMs: number, nowMs: number): ResolvedWindow {
  const untilMs = window.untilMs >= nowMs ? window.untilMs : Math.ceil(window.untilMs / bucketMs) * bucketMs;
  return { sinceMs: Math.floor(window.sinceMs / bucketMs) * bucketMs, untilMs };
}

/** Runs one statement with the guard rails of `queryLimits` unless told otherwise. */
export function run(
  parts: QueryParts,
  sql: string,
  bindings: Bindings,
  limits: {
    readonly rowsToReadMax?: number;
    readonly bytesToReadMax?: number;
    readonly rowsMax?: number;
    readonly timeoutMs?: number;
  } = {},
): Promise<QueryResult<StoredRow>> {
  return parts.store.query<StoredRow>(sql, {
    params: bindings.values,
    timeoutMs: limits.timeoutMs ?? queryLimits.timeoutMs,
    rowsToReadMax: limits.rowsToReadMax ?? queryLimits.rowsToReadMax,
    bytesToReadMax: limits.bytesToReadMax ?? queryLimits.bytesToReadMax,
    rowsMax: limits.rowsMax ?? 100_000,
  });
}

/** The window of an answer, with the gaps of `tables` that overlap it, and since when they hold data. */
export async function answerWindow(
  parts: QueryParts,
  window: ResolvedWindow,
  tables: readonly string[],
  partialBecause: string,
): Promise<Window> {
  const [gaps, oldestMs] = await Promise.all([gapsIn(parts, window, tables), parts.oldestKept(tables)]);
  return {
    since: formatInstant(window.sinceMs),
    until: formatInstant(window.untilMs),
    ...(oldestMs === undefined ? {} : { dataSince: formatInstant(oldestMs) }),
    partial: partialBecause !== "",
    partialBecause,
    gaps,
  };
}

/** Equal ones close to each other are summed up by the store, and joined here: one that is told every two seconds is one row. */
async function gapsIn(parts: QueryParts, window: ResolvedWindow, tables: readonly string[]): Promise<Shown<"gaps">[]> {
  const bindings = createBindings();
  const fromMs = window.sinceMs - queryLimits.gapLookBackMs;
  const apartMs = Math.max(
    queryLimits.gapApartMsMin,
    Math.ceil((window.untilMs - window.sinceMs) / queryLimits.gapApartWindowShare),
  );
  const sql = `SELECT cluster, node, \`table\`, reason, replaceRegexpOne(detail, '^[0-9]{1,15} ', '') AS words,
toUInt8(match(detail, '^[0-9]{1,15} ')) AS isCounted, sum(toUInt64OrZero(extract(detail, '^([0-9]{1,15}) '))) AS numbers,
min(toUnixTimestamp64Milli(time)) AS sinceMs, max(toUnixTimestamp64Milli(time) + toInt64(durationMs)) AS untilMs,
toUInt64(sum(rows)) AS lost, groupUniqArray(toString(counted)) AS waysCounted, max(ingest) AS newestBlock
FROM gaps
WHERE ${withinRaw(bindings, fromMs, window.untilMs)}
AND toUnixTimestamp64Milli(time) + toInt64(durationMs) >= ${bindings.bind(window.sinceMs, "Int64")}
AND \`table\` IN ${bindings.bind([...tables, "*", ""], "Array(String)")}
GROUP BY cluster, node, \`table\`, reason, words, isCounted, intDiv(toUnixTimestamp64Milli(time), ${bindings.bind(apartMs, "Int64")})
ORDER BY sinceMs DESC LIMIT ${queryLimits.gapSumsMax}`;
  const { rows } = await run(parts, sql, bindings, { rowsMax: queryLimits.gapSumsMax });
  return joinGaps(rows.map(gapSumOf), { apartMs, gapsMax: queryLimits.gapsMax }).map(shownGap);
}

function gapSumOf(row: StoredRow): GapSum {
  return {
    cluster: String(row["cluster"]),
    node: String(row["node"]),
    table: String(row["table"]),
    reason: row["reason"] as GapSum["reason"],
    words: String(row["words"]),
    count: Number(row["isCounted"]) === 1 ? Number(row["numbers"]) : undefined,
    sinceMs: Number(row["sinceMs"]),
    untilMs: Number(row["untilMs"]),
    rows: Number(row["lost"]),
    counted: row["waysCounted"] as GapSum["counted"],
    ingest: Number(row["newestBlock"]),
  };
}

function shownGap(gap: JoinedGap): Shown<"gaps"> {
  const { cluster, node, table, reason, rows, ingest, counted, sinceMs, untilMs } = gap;
  const [way = "no", ...others] = counted;
  return shownRow("gaps", {
    time: formatInstant(sinceMs),
    cluster,
    node,
    ingest,
    durationMs: untilMs - sinceMs,
    table,
    reason,
    rows,
    counted: counted.includes("no") ? "no" : others.length === 0 ? way : "estimate",
    detail: detailOf(gap),
  });
}

/** Why an answer is incomplete, from the engine's own word and what was left out; "" when it is complete. */
export function because(...reasons: readonly (QueryResult<unknown> | string)[]): string {
  const texts = reasons.map((reason) => {
    if (typeof reason === "string") return reason;
    return reason.partial ? reason.partialBecause || "a limit of the store ended the query early" : "";
  });
  return [...new Set(texts.filter((text) => text !== ""))].join("; ");
}

// What is asked of detections: the list, one with its events, others near it, counts by rule, noise by day, and events that an exception would silence.
import { formatInstant } from "../../../base/instant.ts";
import { type ResolvedWindow, resolveWindow } from "../../../core/filter/window.ts";
import type { QueryResult } from "../../../core/store/telemetry-store.ts";
import { answerWindow, ask, because, run } from "./ask.ts";
import { decodeOffset, encodeCursor } from "./cursor.ts";
import type {
  DetectionFound,
  DetectionPage,
  DetectionSum,
  NoiseEvents,
  NoiseEventsRequest,
  NoiseSums,
  RelatedRequest,
  RuleSum,
  Severity,
} from "./detections-nouns.ts";
import {
  cardsSql,
  hashSql,
  noiseClustersSql,
  noiseEventOf,
  noiseEventsSql,
  noiseSql,
  partsOfId,
  perDayOf,
  ruleSumOf,
  ruleSumsSql,
  slotMs,
  spokenOfSql,
  sumOf,
  totalsOf,
  totalsSql,
} from "./detections-sql.ts";
import { queryLimits } from "./limits.ts";
import type { PageRequest, Window, WindowRequest } from "./queries.ts";
import { type QueryParts, selectList } from "./scan.ts";
import { shownRow, type StoredRow } from "./shown.ts";
import { type Bindings, createBindings, whereOf, withinRaw } from "./sql.ts";

const dayMs = 86_400_000;
const limits = {
  rowsToReadMax: queryLimits.detectionRowsToReadMax,
  bytesToReadMax: queryLimits.detectionBytesToReadMax,
} as const;

const within = (bindings: Bindings, { sinceMs, untilMs }: ResolvedWindow): string =>
  withinRaw(bindings, sinceMs, untilMs);

/** Newest first. Throws Fault kind "usage" for a filter, window or cursor that cannot be understood. */
export async function listDetections(parts: QueryParts, query: PageRequest): Promise<DetectionPage> {
  const position = query.cursor === undefined ? undefined : decodeOffset(query.cursor);
  const asked = ask(parts, "security_events", query);
  const window = position ?? asked.window;
  const offset = position?.offset ?? 0;
  const statement = (sql: (where: string) => string, rowsMax: number) => {
    const bindings = createBindings();
    const where = `${within(bindings, window)} AND ${whereOf(asked.condition, bindings)}`;
    return run(parts, sql(where), bindings, { ...limits, rowsMax });
  };
  const [cards, totals] = await Promise.all([
    statement((where) => cardsSql(where, { limit: query.limit + 1, offset }), query.limit + 1),
    statement(totalsSql, 10),
  ]);
  const isLonger = cards.rows.length > query.limit;
  const next = { sinceMs: window.sinceMs, untilMs: window.untilMs, offset: offset + query.limit };
  const hasMore = isLonger && next.offset < queryLimits.detectionsMax;
  const cut = isLonger && !hasMore ? `only the newest ${queryLimits.detectionsMax} detections are listed` : "";
  return {
    rows: cards.rows.slice(0, query.limit).map(sumOf),
    ...(hasMore ? { next: encodeCursor(next) } : {}),
    totals: totalsOf(totals.rows),
    window: await answerWindow(parts, window, ["security_events"], because(cards, totals, cut)),
  };
}

/** Undefined: no such detection is kept, or the text is no id. */
export async function findDetection(
  parts: QueryParts,
  id: string,
  eventsMax: number,
): Promise<DetectionFound | undefined> {
  const found = partsOfId(id);
  if (found === undefined) return undefined;
  const { sinceMs, hash } = found;
  const statement = (sql: (where: string) => string, rowsMax: number) => {
    const bindings = createBindings();
    const where = `${withinRaw(bindings, sinceMs, sinceMs + slotMs)} AND ${hashSql} = ${bindings.bind(hash, "String")}`;
    return run(parts, sql(where), bindings, { ...limits, rowsMax });
  };
  const [cards, events] = await Promise.all([
    statement((where) => cardsSql(where, { limit: 1, offset: 0 }), 1),
    statement(
      (
        where,
      ) => `SELECT ${selectList("security_events")}, toInt64(count() OVER ()) AS _total FROM security_events WHERE ${where}
ORDER BY time DESC, ingest DESC LIMIT ${eventsMax}`,
      eventsMax,
    ),
  ]);
  const [card] = cards.rows;
  if (card === undefined) return undefined;
  return {
    sum: sumOf(card),
    events: events.rows.map((row) =>
      // Rows from before there were actions have none.
      shownRow("security_events", { ...row, action: row["action"] === "" ? "detected" : row["action"] }),
    ),
    eventsTotal: Number(events.rows[0]?.["_total"] ?? 0),
  };
}

/** Other detections of the same workload; of an unknown one, of its node. */
export async function relatedDetections(
  parts: QueryParts,
  { sum, window, limit }: RelatedRequest,
): Promise<{ readonly rows: DetectionSum[]; readonly omitted: number; readonly window: Window }> {
  const bindings = createBindings();
  const at = (name: string, value: string): string => `${name} = ${bindings.bind(value, "String")}`;
  const place = [
    at("cluster", sum.cluster),
    at("namespace", sum.namespace),
    at("workloadKind", sum.workloadKind),
    at("workload", sum.workload),
    ...(sum.workload === "" ? [at("node", sum.node)] : []),
  ];
  const where = `${within(bindings, window)} AND ${place.join(" AND ")}`;
  const rowsMax = queryLimits.relatedReadMax;
  const result = await run(parts, cardsSql(where, { limit: rowsMax, offset: 0 }), bindings, { ...limits, rowsMax });
  const others = result.rows.map(sumOf).filter(({ id }) => id !== sum.id);
  const tables = ["security_events", "process_events", "file_events", "dns_events", "flows"];
  return {
    rows: others.slice(0, limit),
    omitted: Math.max(0, others.length - limit),
    window: await answerWindow(parts, window, tables, because(result)),
  };
}

/** How often each rule spoke, by who said it; with `rule` that one alone. */
export async function detectionRuleSums(
  parts: QueryParts,
  query: WindowRequest & { readonly rule?: string },
): Promise<{ readonly rules: RuleSum[]; readonly window: Window }> {
  const window = resolveWindow({}, query, parts.clock.nowMs());
  const bindings = createBindings();
  const rowsMax = queryLimits.detectionRulesMax;
  const { rule } = query;
  const where = `${within(bindings, window)}${rule === undefined ? "" : ` AND rule = ${bindings.bind(rule, "String")}`}`;
  const result = await run(parts, ruleSumsSql(where, rowsMax), bindings, { ...limits, rowsMax });
  return {
    rules: result.rows.map(ruleSumOf),
    window: await answerWindow(parts, window, ["security_events"], because(result)),
  };
}

/** Whole days (UTC) back from the running one. */
export async function noiseSums(
  parts: QueryParts,
  { q, days }: { readonly q: string; readonly days: number },
): Promise<NoiseSums> {
  const nowMs = parts.clock.nowMs();
  const window = { sinceMs: (Math.floor(nowMs / dayMs) - days + 1) * dayMs, untilMs: nowMs + 1 };
  const { condition } = ask(parts, "security_events", { q });
  const statement = (sql: (where: string, from: string) => string, rowsMax: number) => {
    const bindings = createBindings();
    const where = `${within(bindings, window)} AND ${whereOf(condition, bindings)}`;
    return run(parts, sql(where, bindings.bind(nowMs - dayMs, "Int64")), bindings, { ...limits, rowsMax });
  };
  const [rows, clusters] = await Promise.all([
    statement((where, from) => noiseSql(where, from, queryLimits.noiseMax), queryLimits.noiseMax),
    statement(
      (where, from) => noiseClustersSql(where, from, queryLimits.noiseClustersMax),
      queryLimits.noiseClustersMax,
    ),
  ]);
  return {
    rows: rows.rows.map((row) => ({
      cluster: String(row["cluster"]),
      namespace: String(row["namespace"]),
      workload: String(row["workload"]),
      workloadKind: row["ownerKind"] as NoiseSums["rows"][number]["workloadKind"],
      rule: String(row["rule"]),
      severity: row["worst"] as Severity,
      count: Number(row["n"]),
      perDay: perDayOf(row),
      last24h: Number(row["lastDay"]),
      lastAt: formatInstant(Number(row["lastMs"])),
    })),
    omitted: omittedOf(rows),
    clusters: clusters.rows.map((row) => ({
      cluster: String(row["cluster"]),
      perDay: perDayOf(row),
      last24h: Number(row["lastDay"]),
    })),
    lookedAt: window,
    window: await answerWindow(parts, window, ["security_events"], because(rows, clusters)),
  };
}

function omittedOf({ rows }: QueryResult<StoredRow>): number {
  return Math.max(0, Number(rows[0]?.["total"] ?? 0) - rows.length);
}

/** Detections of one rule in one cluster, and which processes other rules spoke of. */
export async function noiseEvents(parts: QueryParts, query: NoiseEventsRequest): Promise<NoiseEvents> {
  const window = resolveWindow({}, query, parts.clock.nowMs());
  const statement = (sql: (where: string) => string, comparison: "=" | "!=", rowsMax: number) => {
    const bindings = createBindings();
    const where = `${within(bindings, window)} AND cluster = ${bindings.bind(query.cluster, "String")}
AND rule ${comparison} ${bindings.bind(query.rule, "String")}`;
    return run(parts, sql(where), bindings, { ...limits, rowsMax });
  };
  const [events, spoken] = await Promise.all([
    statement((where) => noiseEventsSql(where, queryLimits.noiseEventsMax), "=", queryLimits.noiseEventsMax),
    statement(
      (where) => spokenOfSql(`${where} AND processId != ''`, queryLimits.noiseEventsMax),
      "!=",
      queryLimits.noiseEventsMax,
    ),
  ]);
  const total = Number(events.rows[0]?.["total"] ?? 0);
  const cut =
    total > events.rows.length
      ? `only the newest ${queryLimits.noiseEventsMax} of ${total} detections of the rule were looked at`
      : "";
  return {
    events: events.rows.map(noiseEventOf),
    total,
    spokenOf: new Map(spoken.rows.map((row) => [String(row["processId"]), row["worst"] as Severity])),
    window: await answerWindow(parts, window, ["security_events"], because(events, spoken, cut)),
  };
}

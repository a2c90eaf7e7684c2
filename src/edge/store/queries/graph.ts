// Sums per pair of ends for the service graph: from edge rollups; at endpoint level, or where a filter asks for what rollups do not keep,
// from raw rows of the window's last hour, and the answer says so.
import { type Condition, conditionOf, requireFields } from "../../../core/filter/condition.ts";
import type { Filter } from "../../../core/filter/filter.ts";
import { type ResolvedWindow, resolveWindow } from "../../../core/filter/window.ts";
import type { FlowSums, HttpSums } from "../../../core/graph/graph-row.ts";
import { Fault } from "../../../base/fault.ts";
import { answerWindow, because, filterFor, run, wholeBuckets } from "./ask.ts";
import { columnsIn, graphRollupFor, asRollupsKeep } from "./edge-rollups.ts";
import { flowSumsOf, flowsSql, httpSql, httpSumsOf } from "./graph-sql.ts";
import { queryLimits } from "./limits.ts";
import type { GraphRequest, GraphSums } from "./queries.ts";
import type { QueryParts } from "./scan.ts";
import { createBindings, whereOf, within, withinRaw } from "./sql.ts";
import { httpEdgeKey } from "../schema/http-edges.ts";

interface Found {
  readonly flows: readonly FlowSums[];
  readonly http: readonly HttpSums[];
  readonly usual: readonly HttpSums[];
  readonly lookedAt: ResolvedWindow;
  readonly tables: readonly string[];
  readonly partialBecause: string;
}

/** Throws Fault kind "usage" for a filter or window that cannot be understood. */
export async function graphSums(parts: QueryParts, query: GraphRequest): Promise<GraphSums> {
  const filter = filterFor(query.q, ["flows"]);
  const asked = resolveWindow(filter.window, query, parts.clock.nowMs());
  const found = await find(parts, { filter, asked, level: query.level });
  const { flows, http, usual, lookedAt } = found;
  return {
    flows,
    http,
    usual,
    lookedAt,
    window: await answerWindow(parts, lookedAt, found.tables, found.partialBecause),
  };
}

interface Question {
  readonly filter: Filter;
  readonly asked: ResolvedWindow;
  readonly level: GraphRequest["level"];
}

async function find(parts: QueryParts, question: Question): Promise<Found> {
  const { filter, asked, level } = question;
  if (level === "endpoint") return fromRaw(parts, question, "pods are kept in raw rows only");
  const exact = conditionOf(filter, "flows");
  const relaxed = asRollupsKeep(exact);
  const nowMs = parts.clock.nowMs();
  const rollup = graphRollupFor(relaxed, asked, nowMs);
  if (rollup === undefined) return fromRaw(parts, question, `the filter asks for ${notKept(relaxed)}`);
  const lookedAt = wholeBuckets(asked, rollup.bucketMs, nowMs);
  const found = await fromRollups(parts, relaxed, lookedAt, rollup);
  // A name that no workload has may be an owned pod's.
  const isPodAsked = JSON.stringify(relaxed) !== JSON.stringify(exact);
  return found.flows.length === 0 && isPodAsked ? fromRaw(parts, question, "no workload has the name") : found;
}

/** The columns that no rollup has, for a person. */
function notKept(condition: Condition): string {
  const columns = [...new Set(columnsIn(condition))].filter(
    (column) => !/Workload|Namespace|Service|Kind/.test(column),
  );
  return columns.slice(0, 4).join(", ");
}

async function fromRollups(
  parts: QueryParts,
  condition: Condition,
  lookedAt: ResolvedWindow,
  { table, bucketMs }: { readonly table: string; readonly bucketMs: number },
): Promise<Found> {
  const bindings = createBindings();
  const where = `${within(bindings, lookedAt.sinceMs, lookedAt.untilMs)} AND ${whereOf(condition, bindings)}`;
  const limits = {
    rowsToReadMax: queryLimits.graphRowsToReadMax,
    bytesToReadMax: queryLimits.graphBytesToReadMax,
    rowsMax: queryLimits.graphPairsMax,
  };
  const isHttpAsked = columnsIn(condition).every((column) => (httpEdgeKey as readonly string[]).includes(column));
  const httpTable = bucketMs < hourMs ? "http_edges_1m" : "http_edges_1h";
  const form = { isRaw: false, withPods: false };
  const [flows, http, usual] = await Promise.all([
    run(parts, flowsSql(table, where, form), bindings, limits),
    isHttpAsked ? run(parts, httpSql(httpTable, where, form), bindings, limits) : undefined,
    isHttpAsked ? usualHttp(parts, condition, lookedAt) : [],
  ]);
  return {
    flows: flows.rows.map(flowSumsOf),
    http: http?.rows.map(httpSumsOf) ?? [],
    usual,
    lookedAt,
    tables: ["flows", "http_events", table],
    partialBecause: because(flows, http ?? ""),
  };
}

const hourMs = 3_600_000;

/** HTTP before a window of hours at most: of the hour before a short one, else of the day before. A limit that cuts it short leaves it out. */
async function usualHttp(
  parts: QueryParts,
  condition: Condition,
  window: ResolvedWindow,
): Promise<readonly HttpSums[]> {
  const lengthMs = window.untilMs - window.sinceMs;
  if (lengthMs > queryLimits.usualWindowMsMax) return [];
  const [table, backMs] =
    lengthMs <= 2 * hourMs ? (["http_edges_1m", hourMs] as const) : (["http_edges_1h", 24 * hourMs] as const);
  const bindings = createBindings();
  const where = `${within(bindings, window.sinceMs - backMs, window.sinceMs)} AND ${whereOf(condition, bindings)}`;
  const result = await run(parts, httpSql(table, where, { isRaw: false, withPods: false }), bindings, {
    rowsToReadMax: queryLimits.graphRowsToReadMax,
    bytesToReadMax: queryLimits.graphBytesToReadMax,
    rowsMax: queryLimits.graphPairsMax,
  });
  return result.partial ? [] : result.rows.map(httpSumsOf);
}

async function fromRaw(parts: QueryParts, { filter, asked, level }: Question, why: string): Promise<Found> {
  const isLong = asked.untilMs - asked.sinceMs > queryLimits.graphRawMsMax + queryLimits.rawSlackMs;
  const lookedAt = isLong ? { ...asked, sinceMs: asked.untilMs - queryLimits.graphRawMsMax } : asked;
  const limits = {
    rowsToReadMax: queryLimits.graphRawRowsToReadMax,
    bytesToReadMax: queryLimits.graphRawBytesToReadMax,
    rowsMax: queryLimits.graphPairsMax,
  };
  const ask = async (table: "flows" | "http_events", sql: typeof flowsSql) => {
    const bindings = createBindings();
    const condition = whereOf(conditionOf(filter, table), bindings);
    const where = `${withinRaw(bindings, lookedAt.sinceMs, lookedAt.untilMs)} AND ${condition}`;
    return run(parts, sql(table, where, { isRaw: true, withPods: level === "endpoint" }), bindings, limits);
  };
  const [flows, http] = await Promise.all([
    ask("flows", flowsSql),
    canAskHttp(filter) ? ask("http_events", httpSql) : undefined,
  ]);
  return {
    flows: flows.rows.map(flowSumsOf),
    http: http?.rows.map(httpSumsOf) ?? [],
    usual: [],
    lookedAt,
    tables: ["flows", "http_events"],
    partialBecause: because(isLong ? `only the last hour of the window was looked at: ${why}` : "", flows, http ?? ""),
  };
}

/** Whether each clause means something for HTTP events; if not, an edge shows no HTTP rather than too much. */
function canAskHttp(filter: Filter): boolean {
  try {
    for (const clause of filter.clauses) requireFields({ ...filter, clauses: [clause] }, ["http_events"]);
    return true;
  } catch (thrown) {
    if (thrown instanceof Fault) return false;
    throw thrown;
  }
}

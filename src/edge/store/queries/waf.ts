// What the WAF asks of its events: sums of a window by time, rule, source and workload; one request; what blocking would have stopped.
import { resolveWindow } from "../../../core/filter/window.ts";
import type { QueryResult } from "../../../core/store/telemetry-store.ts";
import type { Shown } from "../../../model/table.ts";
import { answerWindow, ask, because, run } from "./ask.ts";
import { queryLimits } from "./limits.ts";
import type { WindowRequest } from "./queries.ts";
import type { WafModeRequest, WafModeSums, WafRequestKey, WafSums } from "./waf-nouns.ts";
import { type QueryParts, selectList } from "./scan.ts";
import { shownRow, type StoredRow } from "./shown.ts";
import { createBindings, whereOf, withinRaw } from "./sql.ts";
import {
  bucketOf,
  bucketsSql,
  modeGroupOf,
  modeGroupsSql,
  ruleOf,
  rulesSql,
  sourceOf,
  sourceSql,
  sourcesSql,
  stoppableSql,
  workloadOf,
  workloadsSql,
} from "./waf-sql.ts";

const bucketsWanted = 60;
const limits = {
  rowsToReadMax: queryLimits.wafRowsToReadMax,
  bytesToReadMax: queryLimits.wafBytesToReadMax,
} as const;

function omittedOf({ rows }: QueryResult<StoredRow>): number {
  return Math.max(0, Number(rows[0]?.["total"] ?? 0) - rows.length);
}

/** Throws Fault kind "usage" for a filter or window that cannot be understood. */
export async function wafSums(parts: QueryParts, query: WindowRequest & { readonly q: string }): Promise<WafSums> {
  const { condition, window } = ask(parts, "waf_events", query);
  const bucketSeconds = Math.max(1, Math.ceil((window.untilMs - window.sinceMs) / 1000 / bucketsWanted));
  const statement = (sql: (where: string) => string) => {
    const bindings = createBindings();
    const where = `${withinRaw(bindings, window.sinceMs, window.untilMs)} AND ${whereOf(condition, bindings)}`;
    return run(parts, sql(where), bindings, limits);
  };
  const [buckets, rules, sources, workloads] = await Promise.all([
    statement((where) => bucketsSql(where, bucketSeconds)),
    statement((where) => rulesSql(where, queryLimits.wafTopMax)),
    statement((where) => sourcesSql(where, queryLimits.wafTopMax)),
    statement((where) => workloadsSql(where, queryLimits.wafWorkloadsMax)),
  ]);
  return {
    buckets: buckets.rows.map((row) => bucketOf(row, bucketSeconds)),
    bucketSeconds,
    rules: rules.rows.map(ruleOf),
    rulesOmitted: omittedOf(rules),
    sources: sources.rows.map(sourceOf),
    sourcesOmitted: omittedOf(sources),
    workloads: workloads.rows.map(workloadOf),
    workloadsOmitted: omittedOf(workloads),
    window: await answerWindow(parts, window, ["waf_events"], because(buckets, rules, sources, workloads)),
  };
}

/** Undefined: no such row is kept. */
export async function wafRequest(
  parts: QueryParts,
  { cluster, transactionId, timeMs }: WafRequestKey,
): Promise<{ readonly event: Shown<"waf_events"> | undefined; readonly window: WafSums["window"] }> {
  const bindings = createBindings();
  const sql = `SELECT ${selectList("waf_events")} FROM waf_events WHERE ${withinRaw(bindings, timeMs, timeMs + 1)}
AND cluster = ${bindings.bind(cluster, "String")} AND transactionId = ${bindings.bind(transactionId, "String")} LIMIT 1`;
  const result = await run(parts, sql, bindings, limits);
  const [row] = result.rows;
  return {
    event: row === undefined ? undefined : shownRow("waf_events", row),
    window: await answerWindow(parts, { sinceMs: timeMs, untilMs: timeMs + 1 }, ["waf_events"], because(result)),
  };
}

/** Detected requests of one workload, by rule, path and variable. */
export async function wafModeSums(parts: QueryParts, query: WafModeRequest): Promise<WafModeSums> {
  const window = resolveWindow({}, query, parts.clock.nowMs());
  const statement = (sql: (where: string) => string) => {
    const bindings = createBindings();
    const where = `${withinRaw(bindings, window.sinceMs, window.untilMs)}
AND cluster = ${bindings.bind(query.cluster, "String")} AND namespace = ${bindings.bind(query.namespace, "String")} AND workload = ${bindings.bind(query.workload, "String")}`;
    return run(parts, sql(where), bindings, limits);
  };
  const [whole, groups] = await Promise.all([
    statement(
      (where) =>
        `SELECT toInt64(count()) AS spoken, toInt64(countIf(${stoppableSql})) AS requests,
toInt64(uniqExactIf(${sourceSql}, ${stoppableSql})) AS sources FROM waf_events WHERE ${where}`,
    ),
    statement((where) => modeGroupsSql(where, queryLimits.wafTopMax)),
  ]);
  return {
    spoken: Number(whole.rows[0]?.["spoken"] ?? 0),
    requests: Number(whole.rows[0]?.["requests"] ?? 0),
    sources: Number(whole.rows[0]?.["sources"] ?? 0),
    groups: groups.rows.map(modeGroupOf),
    groupsOmitted: omittedOf(groups),
    lookedAt: window,
    window: await answerWindow(parts, window, ["waf_events"], because(whole, groups)),
  };
}

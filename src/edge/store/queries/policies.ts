// What network policies ask of the recorded flows: keys of flows with how often they were seen, and how many connections each rule decided.
// From raw rows of a day at most; over longer windows from edge rollups, which keep no pods and no addresses: what needs one is of the last day.
import { type Condition, conditionOf } from "../../../core/filter/condition.ts";
import { type ResolvedWindow, resolveWindow } from "../../../core/filter/window.ts";
import type { QueryResult } from "../../../core/store/telemetry-store.ts";
import { answerWindow, because, filterFor, run, wholeBuckets } from "./ask.ts";
import { asRollupsKeep, columnsIn, graphRollupFor } from "./edge-rollups.ts";
import { queryLimits } from "./limits.ts";
import {
  addressedSql,
  countsSql,
  flowKeyOf,
  keysSql,
  type KeySource,
  reportersSql,
  ruleCountOf,
} from "./policies-sql.ts";
import type { PolicyFlowKeys, PolicyFlowsRequest, PolicyRuleCounts, WindowRequest } from "./queries.ts";
import type { QueryParts } from "./scan.ts";
import type { StoredRow } from "./shown.ts";
import { type Bindings, createBindings, whereOf, within, withinRaw } from "./sql.ts";

const rollupTables = ["edges_1h", "edges_5m", "edges_1m"] as const;

/** Throws Fault kind "usage" for a filter or window that cannot be understood. */
export async function policyFlowKeys(parts: QueryParts, query: PolicyFlowsRequest): Promise<PolicyFlowKeys> {
  const filter = filterFor(query.q, ["flows"]);
  const nowMs = parts.clock.nowMs();
  const asked = resolveWindow(filter.window, query, nowMs);
  const exact = conditionOf(filter, "flows");
  const day = lastDay(asked);
  const relaxed = asRollupsKeep(exact);
  const rollup = isLong(asked) ? graphRollupFor(relaxed, asked, nowMs) : undefined;
  if (rollup === undefined) {
    const found = await askKeys(parts, query, { source: "raw", table: "flows", condition: exact, window: day });
    const cut = isLong(asked) ? cutWords(`the filter asks for ${columnsIn(relaxed).slice(0, 4).join(", ")}`) : "";
    return answer(parts, query, day, { found: [found], tables: ["flows"], cut });
  }
  const window = wholeBuckets(asked, rollup.bucketMs, nowMs);
  const found = await Promise.all([
    askKeys(parts, query, { source: "rollup", table: rollup.table, condition: relaxed, window }),
    askKeys(parts, query, { source: "addressed", table: "flows", condition: exact, window: day }),
  ]);
  const cut = "flows from and to addresses outside are of the window's last day only: rollups keep no addresses";
  return answer(parts, query, window, { found, tables: ["flows", rollup.table], cut });
}

interface KeyQuestion {
  readonly source: KeySource;
  readonly table: string;
  readonly condition: Condition;
  readonly window: ResolvedWindow;
}

function askKeys(parts: QueryParts, query: PolicyFlowsRequest, question: KeyQuestion): Promise<QueryResult<StoredRow>> {
  const { source, table, condition, window } = question;
  const bindings = createBindings();
  const where = [
    timeOf(bindings, source, window),
    `cluster = ${bindings.bind(query.cluster, "String")}`,
    whereOf(condition, bindings),
    ...(source === "raw" ? [] : [source === "rollup" ? `NOT ${addressedSql}` : addressedSql]),
  ].join(" AND ");
  const limit = Math.min(query.limit, queryLimits.policyFlowsMax);
  return run(parts, keysSql(table, where, { source, limit }), bindings, { ...limitsOf(source), rowsMax: limit });
}

function timeOf(bindings: Bindings, source: KeySource, { sinceMs, untilMs }: ResolvedWindow): string {
  return source === "rollup" ? within(bindings, sinceMs, untilMs) : withinRaw(bindings, sinceMs, untilMs);
}

function limitsOf(source: KeySource) {
  return source === "rollup"
    ? { rowsToReadMax: queryLimits.graphRowsToReadMax, bytesToReadMax: queryLimits.graphBytesToReadMax }
    : { rowsToReadMax: queryLimits.policyRawRowsToReadMax, bytesToReadMax: queryLimits.policyRawBytesToReadMax };
}

interface FoundKeys {
  readonly found: readonly QueryResult<StoredRow>[];
  readonly tables: readonly string[];
  readonly cut: string;
}

async function answer(
  parts: QueryParts,
  { limit }: PolicyFlowsRequest,
  lookedAt: ResolvedWindow,
  { found, tables, cut }: FoundKeys,
): Promise<PolicyFlowKeys> {
  const all = found.flatMap(({ rows }) => rows.map(flowKeyOf));
  const total = found.reduce((sum, { rows }) => sum + Number(rows[0]?.["total"] ?? 0), 0);
  all.sort((one, other) => other.connections - one.connections || other.bytes - one.bytes);
  const keys = all.slice(0, limit);
  const window = await answerWindow(parts, lookedAt, tables, because(cut, ...found));
  return { keys, omitted: Math.max(0, total - keys.length), lookedAt, window };
}

function isLong({ sinceMs, untilMs }: ResolvedWindow): boolean {
  return untilMs - sinceMs > queryLimits.policyRawMsMax + queryLimits.rawSlackMs;
}

function lastDay(window: ResolvedWindow): ResolvedWindow {
  return isLong(window) ? { ...window, sinceMs: window.untilMs - queryLimits.policyRawMsMax } : window;
}

function cutWords(why: string): string {
  return `only the last day of the window was looked at: ${why}`;
}

/** Of these clusters. Rules that decided nothing are left out; a cluster whose agents told of no policies has no reporters. */
export async function policyRuleCounts(
  parts: QueryParts,
  query: WindowRequest & { readonly clusters: readonly string[] },
): Promise<PolicyRuleCounts> {
  const nowMs = parts.clock.nowMs();
  const asked = resolveWindow({}, query, nowMs);
  const everything: Condition = { is: "constant", value: true };
  const rollup = isLong(asked) ? graphRollupFor(everything, asked, nowMs) : undefined;
  const window = rollup === undefined ? lastDay(asked) : wholeBuckets(asked, rollup.bucketMs, nowMs);
  const source = rollup === undefined ? "raw" : "rollup";
  const table = rollup?.table ?? "flows";
  const limits = { ...limitsOf(source), rowsMax: queryLimits.policyRulesMax };
  const ask = (sql: (where: string) => string, from: KeySource, of: ResolvedWindow) => {
    const bindings = createBindings();
    const names = bindings.bind([...query.clusters], "Array(String)");
    return run(parts, sql(`${timeOf(bindings, from, of)} AND cluster IN ${names}`), bindings, limits);
  };
  const [counts, reporters] = await Promise.all([
    ask((where) => countsSql(table, where, source), source, window),
    ask(reportersSql, "raw", lastDay(asked)),
  ]);
  const cut =
    rollup === undefined ? "" : "over a long window each rule that decided about an edge counts all of its connections";
  return {
    rules: counts.rows.map(ruleCountOf),
    reporters: reporters.rows.map((row) => ({ cluster: String(row["cluster"]), nodes: Number(row["nodes"]) })),
    cut,
    window: await answerWindow(
      parts,
      window,
      ["flows", ...rollupTables.filter((name) => name === table)],
      because(counts),
    ),
  };
}

// The processes of one workload in a window, for a tree: what runs, the newest of what ended, and the ancestors of both.
import { formatInstant } from "../../../base/instant.ts";
import { type ResolvedWindow, resolveWindow } from "../../../core/filter/window.ts";
import { answerWindow, because, run } from "./ask.ts";
import { queryLimits } from "./limits.ts";
import type { ProcessNode, Window, WindowRequest, WorkloadParams } from "./queries.ts";
import { type QueryParts, selectList } from "./scan.ts";
import { shownRow, type StoredRow } from "./shown.ts";
import { type Bindings, createBindings, withinRaw } from "./sql.ts";
import { isSubject } from "./subject-sql.ts";

/**
 * Processes that lived in the window: those that run before those that ended, the newest first among equals, `limit` of them; behind these their
 * ancestors in the workload that `limit` (or the window's beginning) would have left out, so that the tree hangs together. Of each the newest
 * row that tells the most (exec before running before fork; the exit's own row for one of which only the end was seen), joined with its end.
 */
export async function workloadProcesses(
  parts: QueryParts,
  params: WorkloadParams,
  query: WindowRequest & { readonly limit: number },
): Promise<{ processes: ProcessNode[]; omitted: number; window: Window }> {
  const window = resolveWindow({}, query, parts.clock.nowMs());
  const place = { params, window };
  const bindings = createBindings();
  const lived = `_endedMs = 0 OR _endedMs >= ${bindings.bind(window.sinceMs, "Int64")}`;
  const first = await run(parts, livesSql(bindings, place, { having: lived, limit: query.limit }), bindings);
  const processes = first.rows.map(processNode);
  const above = await ancestorsOf(parts, place, processes);
  const total = Number(first.rows[0]?.["_total"] ?? 0);
  const livedAbove = above.nodes.filter(
    ({ endedAt }) => endedAt === undefined || Date.parse(endedAt) >= window.sinceMs,
  ).length;
  return {
    processes: [...processes, ...above.nodes],
    omitted: Math.max(0, total - processes.length - livedAbove),
    window: await answerWindow(parts, window, ["process_events"], because(first, ...above.reasons)),
  };
}

interface Place {
  readonly params: WorkloadParams;
  readonly window: ResolvedWindow;
}

/** Generation by generation; a parent outside of the workload is not found and ends its line. */
async function ancestorsOf(parts: QueryParts, place: Place, processes: readonly ProcessNode[]) {
  const asked = new Set(processes.map(({ process }) => process.processId));
  const nodes: ProcessNode[] = [];
  const reasons: string[] = [];
  let below = processes;
  for (let generation = 0; generation < queryLimits.processGenerationsMax; generation += 1) {
    const parents = below.map(({ process }) => process.parentProcessId).filter((id) => id !== "" && !asked.has(id));
    const ids = [...new Set(parents)].slice(0, queryLimits.processParentsMax);
    if (ids.length === 0) break;
    for (const id of ids) asked.add(id);
    const bindings = createBindings();
    const only = `AND processId IN ${bindings.bind(ids, "Array(String)")}`;
    const found = await run(parts, livesSql(bindings, place, { only, having: "1", limit: ids.length }), bindings);
    below = found.rows.map(processNode);
    nodes.push(...below);
    reasons.push(because(found));
  }
  return { nodes, reasons };
}

function livesSql(
  bindings: Bindings,
  { params, window }: Place,
  { only = "", having, limit }: { readonly only?: string; readonly having: string; readonly limit: number },
): string {
  const fromMs = window.sinceMs - queryLimits.processLookBackMs;
  const known = `${withinRaw(bindings, fromMs, window.untilMs)} AND ${isSubject(bindings, params)} ${only}`;
  // A pid grows within one millisecond, its text does not.
  const order = "_endedMs = 0 DESC, began DESC, _pid DESC, lifeId DESC";
  const lives = `SELECT processId AS lifeId, max(startTime) AS began, max(pid) AS _pid, toInt64(maxIf(toUnixTimestamp64Milli(time), action = 'exit')) AS _endedMs,
argMaxIf(exitCode, time, action = 'exit') AS _exitCode, argMaxIf(signal, time, action = 'exit') AS _signal, count() OVER () AS _total
FROM process_events WHERE ${known} GROUP BY processId HAVING ${having} ORDER BY ${order} LIMIT ${bindings.bind(limit, "UInt32")}`;
  const rank = "multiIf(action = 'exec', 0, action = 'running', 1, action = 'fork', 2, 3)";
  return `SELECT * FROM (SELECT ${selectList("process_events")}, ${rank} AS _rank FROM process_events WHERE ${known}
ORDER BY _rank, time DESC LIMIT 1 BY processId) AS facts
INNER JOIN (${lives}) AS lives ON facts.processId = lives.lifeId ORDER BY ${order}`;
}

function processNode(row: StoredRow): ProcessNode {
  const { lifeId: _lifeId, began: _began, ...facts } = row;
  const process = shownRow("process_events", facts);
  const endedMs = Number(row["_endedMs"]);
  if (endedMs === 0) return { process };
  return {
    process,
    endedAt: formatInstant(endedMs),
    exitCode: Number(row["_exitCode"]),
    signal: Number(row["_signal"]),
  };
}

// What containers were seen to use and what they may do: rows of learning, the newest posture of each container, paths and protocols for AppArmor.
import { resolveWindow } from "../../../core/filter/window.ts";
import type { QueryResult } from "../../../core/store/telemetry-store.ts";
import { answerWindow, ask, because, run } from "./ask.ts";
import { queryLimits } from "./limits.ts";
import type { PostureListRequest, PostureRows, TouchedPath, TouchSums, UsageRows } from "./profiles-nouns.ts";
import type { WindowRequest, WorkloadParams } from "./queries.ts";
import { type QueryParts, selectList } from "./scan.ts";
import { shownRow, type StoredRow } from "./shown.ts";
import { type Bindings, createBindings, whereOf, withinRaw } from "./sql.ts";

/** Learning goes on over restarts and releases: so far back without a word. */
const usageWindow = "30d";
/** A container that runs tells its posture at least once an hour. */
const postureWindow = "3h";

const limits = {
  rowsToReadMax: queryLimits.profileRowsToReadMax,
  bytesToReadMax: queryLimits.profileBytesToReadMax,
} as const;

function isSubject(bindings: Bindings, { cluster, namespace, kind, name }: WorkloadParams): string {
  return `cluster = ${bindings.bind(cluster, "String")} AND namespace = ${bindings.bind(namespace, "String")}
AND workloadKind = ${bindings.bind(kind, "String")} AND workload = ${bindings.bind(name, "String")}`;
}

function omittedOf({ rows }: QueryResult<StoredRow>): number {
  return Math.max(0, Number(rows[0]?.["_total"] ?? 0) - rows.length);
}

/** Oldest first. */
export async function usageRows(parts: QueryParts, params: WorkloadParams, query: WindowRequest): Promise<UsageRows> {
  const asked = query.since === undefined ? { ...query, since: usageWindow } : query;
  const window = resolveWindow({}, asked, parts.clock.nowMs());
  const bindings = createBindings();
  const where = `${withinRaw(bindings, window.sinceMs, window.untilMs)} AND ${isSubject(bindings, params)}`;
  // Beyond the limit the newest stay: a whole row of each container is among a day's.
  const sql = `SELECT ${selectList("workload_usage")}, count() OVER () AS _total FROM workload_usage WHERE ${where}
ORDER BY time DESC LIMIT ${queryLimits.usageRowsMax}`;
  const result = await run(parts, sql, bindings, limits);
  return {
    rows: result.rows.map((row) => shownRow("workload_usage", row)).toReversed(),
    omitted: omittedOf(result),
    lookedAt: window,
    window: await answerWindow(parts, window, ["workload_usage"], because(result)),
  };
}

function newest(where: string, max: number): string {
  return `SELECT *, count() OVER () AS _total FROM (
SELECT ${selectList("container_postures")} FROM container_postures WHERE ${where}
ORDER BY time DESC LIMIT 1 BY cluster, node, containerId
) ORDER BY namespace, workload, container, pod LIMIT ${max}`;
}

async function answered(
  parts: QueryParts,
  sql: string,
  asked: { readonly bindings: Bindings; readonly window: PostureRows["lookedAt"] },
): Promise<PostureRows> {
  const result = await run(parts, sql, asked.bindings, limits);
  return {
    rows: result.rows.map((row) => shownRow("container_postures", row)),
    omitted: omittedOf(result),
    lookedAt: asked.window,
    window: await answerWindow(parts, asked.window, ["container_postures"], because(result)),
  };
}

/** Of every container that a filter takes. Throws Fault kind "usage" for a filter or window that cannot be understood. */
export async function listPostures(parts: QueryParts, query: PostureListRequest): Promise<PostureRows> {
  const hasWindow = query.since !== undefined || /(^|\s)(last|since):/.test(query.q);
  const { condition, window } = ask(
    parts,
    "container_postures",
    hasWindow ? query : { ...query, since: postureWindow },
  );
  const bindings = createBindings();
  const where = `${withinRaw(bindings, window.sinceMs, window.untilMs)} AND ${whereOf(condition, bindings)}`;
  return answered(parts, newest(where, queryLimits.posturesMax), { bindings, window });
}

export async function workloadPostures(
  parts: QueryParts,
  params: WorkloadParams,
  query: WindowRequest,
): Promise<PostureRows> {
  const asked = query.since === undefined ? { ...query, since: postureWindow } : query;
  const window = resolveWindow({}, asked, parts.clock.nowMs());
  const bindings = createBindings();
  const where = `${withinRaw(bindings, window.sinceMs, window.untilMs)} AND ${isSubject(bindings, params)}`;
  return answered(parts, newest(where, queryLimits.posturesMax), { bindings, window });
}

/** O_WRONLY, O_RDWR: the lowest two bits of the flags. */
const useOfFile = `multiIf(action = 'mapped', 'mapped', action = 'open' AND bitAnd(flags, 3) = 0, 'read', 'written')`;

/** A runtime's own processes are in the container's group until its program begins. */
const notRuntime =
  "NOT match(executable, '/(runc|crun|conmon|containerd-shim[^/]*|youki)$') AND process NOT LIKE 'runc:%'";
const notRuntimeProcess = notRuntime.replace("process NOT", "name NOT");

/** Executables, files and protocols of a workload within the window. */
export async function touched(parts: QueryParts, params: WorkloadParams, query: WindowRequest): Promise<TouchSums> {
  const asked = query.since === undefined ? { ...query, since: usageWindow } : query;
  const window = resolveWindow({}, asked, parts.clock.nowMs());
  const statement = (sql: (where: string) => string) => {
    const bindings = createBindings();
    const where = `${withinRaw(bindings, window.sinceMs, window.untilMs)} AND ${isSubject(bindings, params)}`;
    return run(parts, sql(where), bindings, limits);
  };
  const [files, executables, protocols] = await Promise.all([
    statement(
      (where) => `SELECT container, path AS _path, ${useOfFile} AS _use, count() OVER () AS _total FROM file_events
WHERE ${where} AND path != '' AND ${notRuntime} GROUP BY container, _path, _use ORDER BY _path LIMIT ${queryLimits.touchedPathsMax}`,
    ),
    statement(
      (where) => `SELECT container, executable AS _path, 'executed' AS _use FROM process_events
WHERE ${where} AND ${notRuntimeProcess} AND executable != '' AND action IN ('exec', 'running') GROUP BY container, _path LIMIT ${queryLimits.touchedPathsMax}`,
    ),
    flowProtocols(parts, params, window),
  ]);
  return {
    paths: [...executables.rows, ...files.rows].map(touchedOf),
    omitted: omittedOf(files),
    protocols: protocols.rows.map((row) => ({ container: "", protocol: String(row["protocol"]) })),
    partialBecause: because(files, executables, protocols),
  };
}

function flowProtocols(parts: QueryParts, params: WorkloadParams, window: PostureRows["lookedAt"]) {
  const bindings = createBindings();
  const { cluster, namespace, kind, name } = params;
  const [space, workload, sort] = [
    bindings.bind(namespace, "String"),
    bindings.bind(name, "String"),
    bindings.bind(kind, "String"),
  ];
  const sql = `SELECT DISTINCT toString(protocol) AS protocol FROM flows
WHERE ${withinRaw(bindings, window.sinceMs, window.untilMs)} AND cluster = ${bindings.bind(cluster, "String")} AND (
(sourceNamespace = ${space} AND sourceWorkload = ${workload} AND sourceKind = ${sort}) OR
(destinationNamespace = ${space} AND destinationWorkload = ${workload} AND destinationKind = ${sort})) LIMIT 16`;
  return run(parts, sql, bindings, limits);
}

function touchedOf(row: StoredRow): TouchedPath {
  return {
    container: String(row["container"]),
    path: String(row["_path"]),
    use: row["_use"] as TouchedPath["use"],
  };
}

// The inventory as it was at a time: the newest row of each object at or before it. What lives is written again every twelve hours, so a
// look back of little more than that finds everything; also what the keeper of the inventory needs to go on after a restart.
import { z } from "zod";
import { formatInstant } from "../../../base/instant.ts";
import { inventoryKinds, InventoryObject, Pod, type InventoryKind } from "../../../model/inventory.ts";
import { because, run } from "./ask.ts";
import { queryLimits } from "./limits.ts";
import type {
  BaselineObject,
  InventoryAsOf,
  InventoryAsOfRequest,
  KeptKubernetesEvent,
  WorkloadParams,
  WorkloadPods,
} from "./queries.ts";
import type { QueryParts } from "./scan.ts";
import type { StoredRow } from "./shown.ts";
import { type Bindings, createBindings, withinRaw } from "./sql.ts";

export const inventoryQueryLimits = {
  /** Twice the time after which what lives is written again, and some. */
  lookBackMs: 26 * 3_600_000,
  /** Objects of a cluster that a restarted server compares with. */
  baselineMax: 300_000,
  podsMax: 1000,
  /** Kubernetes events of this long before the newest one are compared one by one. */
  eventsOverlapMs: 120_000,
  eventsOverlapMax: 20_000,
  /** What lives is written again every twelve hours: after so long without any row nobody looked. */
  silenceMs: 12.5 * 3_600_000,
} as const;

const newest = "(time, ingest)";

/** The node of rows that the server writes from a cluster's API server; what others may have written as inventory is not believed. */
const writer = "kubernetes";

function ofCluster(bindings: Bindings, cluster: string, node = writer): string {
  return `cluster = ${bindings.bind(cluster, "String")} AND node = ${bindings.bind(node, "String")}`;
}

function scope(bindings: Bindings, sinceMs: number, untilMs: number, cluster: string): string {
  return `${withinRaw(bindings, sinceMs, untilMs)} AND ${ofCluster(bindings, cluster)}`;
}

/**
 * Objects of a kind by namespace and name. `because` says when nobody looked at that time, so that "none" is never said for "not known".
 * Throws what the store throws when it is away.
 */
export async function inventoryAsOf(parts: QueryParts, request: InventoryAsOfRequest): Promise<InventoryAsOf> {
  const { limit, offset } = request;
  const bindings = createBindings();
  const sql = `SELECT body, count() OVER () AS total FROM (${livingAt(bindings, request)})
ORDER BY space, called, uid LIMIT ${bindings.bind(limit, "UInt32")} OFFSET ${bindings.bind(offset, "UInt32")}`;
  const [result, unseen] = await Promise.all([run(parts, sql, bindings), unseenAt(parts, request)]);
  const { objects, unreadable } = readObjects(result.rows);
  // Behind the last page there is no row that could say how many there are.
  const isBehind = result.rows.length === 0 && offset > 0;
  const total = isBehind ? await countAt(parts, request) : Number(result.rows[0]?.["total"] ?? 0);
  const unlisted = total === 0 && request.namespace === undefined ? unseen.ofKind : "";
  return { objects, total, because: because(result, unreadable, unseen.because || unlisted) };
}

function livingAt(bindings: Bindings, { cluster, kind, atMs, namespace }: InventoryAsOfRequest): string {
  const inNamespace = namespace === undefined ? "" : `AND namespace = ${bindings.bind(namespace, "String")}`;
  return `SELECT uid, argMax(action, ${newest}) AS lastAction, argMax(object, ${newest}) AS body, any(namespace) AS space, any(objectName) AS called
FROM inventory_events WHERE ${scope(bindings, atMs - inventoryQueryLimits.lookBackMs, atMs + 1, cluster)}
AND objectKind = ${bindings.bind(kind, "String")} ${inNamespace}
GROUP BY uid HAVING lastAction != 'removed'`;
}

async function countAt(parts: QueryParts, request: InventoryAsOfRequest): Promise<number> {
  const bindings = createBindings();
  const { rows } = await run(parts, `SELECT count() AS total FROM (${livingAt(bindings, request)})`, bindings);
  return Number(rows[0]?.["total"] ?? 0);
}

/** Why what is known of that time is not all: `because` of any answer, `ofKind` of one that has no object. */
async function unseenAt(
  parts: QueryParts,
  request: InventoryAsOfRequest,
): Promise<{ readonly because: string; readonly ofKind: string }> {
  const { cluster, kind, atMs } = request;
  const bindings = createBindings();
  const sql = `SELECT toUnixTimestamp64Milli(max(time)) AS newestMs, count() AS found, countIf(objectKind = ${bindings.bind(kind, "String")}) AS ofKind
FROM inventory_events WHERE ${scope(bindings, atMs - inventoryQueryLimits.lookBackMs, atMs + 1, cluster)}`;
  const [written, sinceMs, down] = await Promise.all([
    run(parts, sql, bindings),
    inventorySince(parts, cluster),
    downAt(parts, request),
  ]);
  const row = written.rows[0];
  const newestMs = Number(row?.["found"] ?? 0) === 0 ? undefined : Number(row?.["newestMs"]);
  const ofKind = Number(row?.["ofKind"] ?? 0) === 0 ? `no ${kind} was written before: none, or none could be read` : "";
  return { because: beforeKept(atMs, sinceMs) || because(silence(atMs, newestMs), down), ofKind };
}

function silence(atMs: number, newestMs: number | undefined): string {
  const { lookBackMs, silenceMs } = inventoryQueryLimits;
  if (newestMs !== undefined && atMs - newestMs <= silenceMs) return "";
  const sinceMs = newestMs ?? atMs - lookBackMs;
  return `nothing was written between ${formatInstant(sinceMs)} and ${formatInstant(atMs)}: what there was then is not known`;
}

/** Gaps of the kind's watch at that time. A gap begins with its resource ("pods", "cronjobs.batch"): those of other kinds do not count. */
async function downAt(parts: QueryParts, { cluster, kind, atMs }: InventoryAsOfRequest): Promise<string> {
  const bindings = createBindings();
  const sql = `SELECT toUnixTimestamp64Milli(time) AS sinceMs, toUInt64(durationMs) AS lengthMs, detail FROM gaps
WHERE ${scope(bindings, atMs - queryLimits.gapLookBackMs, atMs + 1, cluster)}
AND \`table\` = 'inventory_events' AND reason = 'inventory-down'
AND toUnixTimestamp64Milli(time) + toInt64(durationMs) >= ${bindings.bind(atMs, "Int64")}
ORDER BY time DESC LIMIT ${queryLimits.gapsMax}`;
  const { rows } = await run(parts, sql, bindings, { rowsMax: queryLimits.gapsMax });
  const others = new Set(inventoryKinds.filter((one) => one !== kind).map((one) => `${one.toLowerCase()}s`));
  const row = rows.find(({ detail }) => !others.has(String(detail).split(/[.:]/, 1)[0] ?? ""));
  if (row === undefined) return "";
  const sinceMs = Number(row["sinceMs"]);
  const untilMs = sinceMs + Number(row["lengthMs"]);
  return `nobody could look between ${formatInstant(sinceMs)} and ${formatInstant(untilMs)}: ${String(row["detail"])}`;
}

function beforeKept(atMs: number, sinceMs: number | undefined): string {
  if (sinceMs === undefined) return "no inventory of this cluster is kept";
  return atMs < sinceMs ? `the inventory is kept since ${formatInstant(sinceMs)}: before that nothing is known` : "";
}

function readObjects(rows: readonly StoredRow[]): { objects: InventoryObject[]; unreadable: string } {
  const objects: InventoryObject[] = [];
  for (const row of rows) {
    const parsed = InventoryObject.safeParse(parseJson(String(row["body"])));
    if (parsed.success) objects.push(parsed.data);
  }
  const lost = rows.length - objects.length;
  return { objects, unreadable: lost === 0 ? "" : `${lost} stored objects cannot be read` };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: the schema refuses `undefined`, and the caller counts it.
    return undefined;
  }
}

/** Since when anything of the cluster's inventory is kept, in milliseconds; undefined when nothing is. */
export async function inventorySince(parts: QueryParts, cluster: string): Promise<number | undefined> {
  const bindings = createBindings();
  const sql = `SELECT toUnixTimestamp64Milli(min(time)) AS sinceMs, count() AS found FROM inventory_events
WHERE ${ofCluster(bindings, cluster)}`;
  const { rows } = await run(parts, sql, bindings);
  return Number(rows[0]?.["found"] ?? 0) === 0 ? undefined : Number(rows[0]?.["sinceMs"]);
}

/** Pods of a workload that lived within the window, newest first; of those that ended when. */
export async function workloadPods(
  parts: QueryParts,
  params: WorkloadParams,
  window: { readonly sinceMs: number; readonly untilMs: number },
): Promise<WorkloadPods> {
  const bindings = createBindings();
  const sql = `SELECT body, lastAction, lastMs, count() OVER () AS total FROM (
SELECT uid, argMax(action, ${newest}) AS lastAction, argMaxIf(object, ${newest}, object != '') AS body, toUnixTimestamp64Milli(max(time)) AS lastMs
FROM inventory_events WHERE ${scope(bindings, window.sinceMs - inventoryQueryLimits.lookBackMs, window.untilMs, params.cluster)}
AND objectKind = 'Pod' AND namespace = ${bindings.bind(params.namespace, "String")}
AND workloadKind = ${bindings.bind(params.kind, "String")} AND workload = ${bindings.bind(params.name, "String")}
GROUP BY uid HAVING body != '' AND (lastAction != 'removed' OR lastMs >= ${bindings.bind(window.sinceMs, "Int64")}))
ORDER BY lastAction = 'removed', lastMs DESC LIMIT ${inventoryQueryLimits.podsMax}`;
  const result = await run(parts, sql, bindings);
  const pods = result.rows.flatMap((row) => {
    const parsed = Pod.safeParse(parseJson(String(row["body"])));
    if (!parsed.success) return [];
    const endedAt = row["lastAction"] === "removed" ? { endedAt: formatInstant(Number(row["lastMs"])) } : {};
    return [{ pod: parsed.data, ...endedAt }];
  });
  const total = Number(result.rows[0]?.["total"] ?? 0);
  return { pods, omitted: Math.max(0, total - pods.length), because: because(result) };
}

/** The newest row of each object of a cluster, removed ones left out: what the store believes to be alive. */
export async function inventoryBaseline(parts: QueryParts, cluster: string): Promise<readonly BaselineObject[]> {
  const bindings = createBindings();
  const nowMs = parts.clock.nowMs();
  const untilMs = nowMs + queryLimits.rawSlackMs;
  const sql = `SELECT uid, argMax(action, ${newest}) AS lastAction, argMax(objectKind, ${newest}) AS kind,
argMax(namespace, ${newest}) AS space, argMax(objectName, ${newest}) AS called, argMax(workload, ${newest}) AS owner,
argMax(workloadKind, ${newest}) AS ownerKind, argMax(onNode, ${newest}) AS place,
lower(hex(MD5(argMax(object, ${newest})))) AS digest, toUnixTimestamp64Milli(max(time)) AS lastMs
FROM inventory_events WHERE ${scope(bindings, nowMs - inventoryQueryLimits.lookBackMs, untilMs, cluster)}
GROUP BY uid HAVING lastAction != 'removed' LIMIT ${inventoryQueryLimits.baselineMax}`;
  const { rows } = await run(parts, sql, bindings, { rowsMax: inventoryQueryLimits.baselineMax });
  return rows.flatMap((row) => {
    const parsed = BaselineRow.safeParse(row);
    return parsed.success ? [parsed.data] : [];
  });
}

const BaselineRow = z
  .object({
    uid: z.string(),
    kind: z.string(),
    space: z.string(),
    called: z.string(),
    owner: z.string(),
    ownerKind: z.string(),
    place: z.string(),
    digest: z.string(),
    lastMs: z.coerce.number(),
  })
  .transform(({ uid, kind, space, called, owner, ownerKind, place, digest, lastMs }): BaselineObject => {
    const object = { uid, kind: kind as InventoryKind, namespace: space, name: called, onNode: place };
    return { ...object, workload: owner, workloadKind: ownerKind, digest, writtenAtMs: lastMs };
  });

/** The newest Kubernetes events that are kept of a cluster, from `eventsOverlapMs` before the newest on; for not writing them twice. */
export async function newestKubernetesEvents(
  parts: QueryParts,
  place: { readonly cluster: string; readonly node: string },
): Promise<{ readonly newestMs: number | undefined; readonly events: readonly KeptKubernetesEvent[] }> {
  const bindings = createBindings();
  const nowMs = parts.clock.nowMs();
  const where = `${withinRaw(bindings, nowMs - inventoryQueryLimits.lookBackMs, nowMs + queryLimits.rawSlackMs)}
AND ${ofCluster(bindings, place.cluster, place.node)}`;
  const sql = `SELECT toUnixTimestamp64Milli(time) AS timeMs, reason, objectKind, objectName, namespace, message, count AS times
FROM kubernetes_events WHERE ${where}
AND time >= (SELECT max(time) FROM kubernetes_events WHERE ${where}) - INTERVAL ${inventoryQueryLimits.eventsOverlapMs / 1000} SECOND
ORDER BY time DESC LIMIT ${inventoryQueryLimits.eventsOverlapMax}`;
  const { rows } = await run(parts, sql, bindings, { rowsMax: inventoryQueryLimits.eventsOverlapMax });
  const events = rows.map((row) => ({
    timeMs: Number(row["timeMs"]),
    reason: String(row["reason"]),
    objectKind: String(row["objectKind"]),
    objectName: String(row["objectName"]),
    namespace: String(row["namespace"]),
    message: String(row["message"]),
    count: Number(row["times"]),
  }));
  return { newestMs: events[0]?.timeMs, events };
}

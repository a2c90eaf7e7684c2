// The statements about WAF events, and their rows as nouns. One event is one request.
import { formatInstant } from "../../../base/instant.ts";
import type { WorkloadKind } from "../../../model/identity.ts";
import type { WafCounts, WafModeGroup, WafRuleSum, WafSourceSum, WafWorkloadSum } from "./waf-nouns.ts";
import { shownAddress, type StoredRow } from "./shown.ts";

const counted = ["blocked", "detected", "logged", "failed"] as const;
const countsSql = counted.map((verdict) => `toInt64(countIf(verdict = '${verdict}')) AS n_${verdict}`).join(", ");

function countsOf(row: StoredRow): WafCounts {
  return {
    blocked: Number(row["n_blocked"]),
    detected: Number(row["n_detected"]),
    logged: Number(row["n_logged"]),
    failed: Number(row["n_failed"]),
  };
}

/** Who asked: what a listed proxy said, else the address of the connection. */
export const sourceSql = "if(forwardedFor != toIPv6('::'), forwardedFor, clientAddress)";
const totalSql = "toInt64(count() OVER ()) AS total";
const lastSql = "toUnixTimestamp64Milli(max(time)) AS lastMs";

/** Per step of the window; steps without events have no row. */
export function bucketsSql(where: string, bucketSeconds: number): string {
  return `SELECT toInt64(intDiv(toUnixTimestamp64Milli(time), ${bucketSeconds * 1000})) AS bucket, ${countsSql}
FROM waf_events WHERE ${where} GROUP BY bucket ORDER BY bucket`;
}

export function bucketOf(row: StoredRow, bucketSeconds: number) {
  return { at: formatInstant(Number(row["bucket"]) * bucketSeconds * 1000), counts: countsOf(row) };
}

/** A rule that spoke of several variables of one request counts once, with the first of them. */
export function rulesSql(where: string, limit: number): string {
  const spoken = `SELECT verdict, ${sourceSql} AS source, cluster, namespace, workload, arrayJoin(arrayDistinct(ruleIds)) AS rule,
indexOf(ruleIds, rule) AS place, toString(messages[place]) AS said, toString(severities[place]) AS graded, variables[place] AS matched, scores[place] AS points
FROM waf_events WHERE ${where}`;
  return `SELECT rule, any(said) AS message, any(graded) AS severity, toInt64(max(points)) AS most, ${countsSql},
sumMap(map(matched, toInt64(1))) AS places, toInt64(uniqExact(cluster, namespace, workload)) AS workloads, toInt64(uniqExact(source)) AS sources, ${totalSql}
FROM (${spoken}) GROUP BY rule ORDER BY most > 0 DESC, n_blocked DESC, n_detected DESC, n_logged DESC, rule LIMIT ${limit}`;
}

export function ruleOf(row: StoredRow): WafRuleSum {
  const places = Object.entries((row["places"] ?? {}) as Record<string, unknown>)
    .map(([name, count]) => ({ name, count: Number(count) }))
    .filter(({ name }) => name !== "")
    .sort((one, other) => other.count - one.count || (one.name < other.name ? -1 : 1));
  return {
    ruleId: Number(row["rule"]),
    message: String(row["message"]),
    severity: String(row["severity"]),
    points: Number(row["most"]),
    counts: countsOf(row),
    variables: places.slice(0, 3),
    workloads: Number(row["workloads"]),
    sources: Number(row["sources"]),
  };
}

export function sourcesSql(where: string, limit: number): string {
  return `SELECT cluster, ${sourceSql} AS address, argMax(clientNamespace, time) AS space, argMax(clientWorkload, time) AS owner,
toString(argMax(clientKind, time)) AS ownerKind, ${countsSql}, toInt64(length(groupUniqArrayArray(ruleIds))) AS ruleCount, ${lastSql}, ${totalSql}
FROM waf_events WHERE ${where} GROUP BY cluster, address ORDER BY n_blocked DESC, n_detected DESC, lastMs DESC LIMIT ${limit}`;
}

export function sourceOf(row: StoredRow): WafSourceSum {
  const workload = String(row["owner"]);
  return {
    cluster: String(row["cluster"]),
    clientAddress: shownAddress(String(row["address"])),
    namespace: String(row["space"]),
    workload,
    workloadKind: (workload === "" ? "External" : row["ownerKind"]) as WorkloadKind,
    counts: countsOf(row),
    rules: Number(row["ruleCount"]),
    lastAt: formatInstant(Number(row["lastMs"])),
  };
}

export function workloadsSql(where: string, limit: number): string {
  return `SELECT cluster, namespace, workload, toString(workloadKind) AS ownerKind, argMax(service, time) AS newestService, argMax(identityReason, time) AS reason,
${countsSql}, topKArray(1)(arrayFilter((rule, points) -> points > 0, ruleIds, arrayResize(scores, length(ruleIds)))) AS topRules,
toString(argMax(mode, time)) AS newestMode, ${lastSql}, ${totalSql}
FROM waf_events WHERE ${where} GROUP BY cluster, namespace, workload, ownerKind ORDER BY n_blocked DESC, n_detected DESC, lastMs DESC LIMIT ${limit}`;
}

export function workloadOf(row: StoredRow): WafWorkloadSum {
  const top = row["topRules"];
  return {
    cluster: String(row["cluster"]),
    namespace: String(row["namespace"]),
    workload: String(row["workload"]),
    workloadKind: row["ownerKind"] as WorkloadKind,
    service: String(row["newestService"]),
    reason: String(row["reason"]),
    counts: countsOf(row),
    topRule: Array.isArray(top) ? Number(top[0] ?? 0) : 0,
    newestMode: row["newestMode"] === "block" ? "block" : "detect",
    lastAt: formatInstant(Number(row["lastMs"])),
  };
}

/** What blocking would stop: over the threshold, and over a limit or budget where it was only told. */
export const stoppableSql = "(verdict = 'detected' OR (verdict = 'failed' AND mode = 'detect'))";

/** By the rules that scored, per rule, path and variable; where none did by the rule that decided, or by the limit. */
export function modeGroupsSql(where: string, limit: number): string {
  const all = `arrayMap((id, at) -> (id, toString(messages[at]), variables[at], scores[at]), ruleIds, arrayEnumerate(ruleIds))`;
  const scored = `SELECT time, ${sourceSql} AS source, path, transactionId,
arrayMap(spoke -> (spoke.1, spoke.2, spoke.3), arrayFilter(spoke -> spoke.4 > 0, ${all})) AS weighed,
arrayJoin(if(empty(weighed), [(decidingRule, toString(because), '')], arrayDistinct(weighed))) AS reason
FROM waf_events WHERE ${where} AND ${stoppableSql}`;
  return `SELECT reason.1 AS rule, any(reason.2) AS message, path, reason.3 AS place, toInt64(uniqExact(transactionId)) AS requests,
toInt64(uniqExact(source)) AS sources, ${lastSql}, argMax(transactionId, time) AS newestTransaction, ${totalSql}
FROM (${scored}) GROUP BY rule, path, place ORDER BY requests DESC, rule, path, place LIMIT ${limit}`;
}

export function modeGroupOf(row: StoredRow): WafModeGroup {
  return {
    ruleId: Number(row["rule"]),
    message: String(row["message"]),
    path: String(row["path"]),
    variable: String(row["place"]),
    requests: Number(row["requests"]),
    sources: Number(row["sources"]),
    lastAt: formatInstant(Number(row["lastMs"])),
    transactionId: String(row["newestTransaction"]),
  };
}

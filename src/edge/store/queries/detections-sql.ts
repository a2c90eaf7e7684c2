// The statements about detections, and their rows as nouns. A detection is all security events of one rule, workload and process within one slot of time.
import { formatInstant } from "../../../base/instant.ts";
import { severities } from "../../../model/security-event.ts";
import type { DetectionSum, NoiseEvent, RuleSum, Severity } from "./detections-nouns.ts";
import type { StoredRow } from "./shown.ts";

/** Length of a slot: equal detections within one are one. */
export const slotMs = 900_000;

/** The strongest first. */
const actionsByStrength = ["killed", "denied", "isolated", "frozen", "would-kill", "would-deny", "detected"] as const;

const quoted = (words: readonly string[]): string => `[${words.map((word) => `'${word}'`).join(", ")}]`;
const severityRank = `indexOf(${quoted(severities)}, toString(severity))`;
/** Rows from before there were actions have none: they were detected. */
const actionSql = "if(toString(action) = '', 'detected', toString(action))";
const actionRank = `indexOf(${quoted(actionsByStrength)}, ${actionSql})`;
/** Of an unknown workload the node tells apart. */
export const hashSql =
  "leftPad(lower(hex(sipHash64(cluster, namespace, toString(workloadKind), workload, if(workload = '', node, ''), rule, process, if(toString(action) IN ('', 'detected'), 'detected', toString(action))))), 16, '0')";
const slotSql = `toInt64(intDiv(toUnixTimestamp64Milli(time), ${slotMs}))`;

const newest = [
  "title",
  "message",
  "source",
  "node",
  "identityReason",
  "pod",
  "container",
  "image",
  "processId",
] as const;
const newestSql = newest.map((name) => `toString(argMax(${name}, time)) AS d_${name}`).join(", ");

/** Cards, newest first. */
export function cardsSql(where: string, slice: { readonly limit: number; readonly offset: number }): string {
  return `SELECT ${slotSql} AS slot, ${hashSql} AS keyHash, any(cluster) AS d_cluster, any(namespace) AS d_namespace, any(workload) AS d_workload,
toString(any(workloadKind)) AS d_workloadKind, any(rule) AS d_rule, any(process) AS d_process, toUnixTimestamp64Milli(min(time)) AS firstMs,
toUnixTimestamp64Milli(max(time)) AS lastMs, toInt64(sum(greatest(count, 1))) AS n, toString(argMin(severity, ${severityRank})) AS d_severity,
argMin(${actionSql}, ${actionRank}) AS d_action, argMin(policy, ${actionRank}) AS d_policy, argMin(receipt, ${actionRank}) AS d_receipt,
arraySort(groupUniqArray(${actionSql})) AS d_actions, arraySort(groupUniqArrayArray(tags)) AS d_tags, arraySort(groupUniqArrayArray(techniques)) AS d_techniques,
argMax(ancestors, time) AS d_ancestors, argMax(executable, time) AS d_executable, toString(argMax(fidelity, time)) AS d_fidelity,
toInt64(uniqExactIf(pod, pod != '')) AS d_pods, ${newestSql}
FROM security_events WHERE ${where} GROUP BY slot, keyHash ORDER BY lastMs DESC, keyHash LIMIT ${slice.limit} OFFSET ${slice.offset}`;
}

export function sumOf(row: StoredRow): DetectionSum {
  const text = (name: string): string => {
    const value = row[`d_${name}`];
    return typeof value === "string" ? value : "";
  };
  const texts = (name: string): string[] => (row[`d_${name}`] as string[] | undefined) ?? [];
  return {
    id: idOf(Number(row["slot"]), String(row["keyHash"])),
    firstAt: formatInstant(Number(row["firstMs"])),
    lastAt: formatInstant(Number(row["lastMs"])),
    count: Number(row["n"]),
    severity: text("severity") as Severity,
    source: text("source"),
    rule: text("rule"),
    title: text("title"),
    message: text("message"),
    tags: texts("tags"),
    techniques: texts("techniques"),
    action: text("action") as DetectionSum["action"],
    actions: texts("actions") as DetectionSum["actions"],
    policy: text("policy"),
    receipt: text("receipt"),
    cluster: text("cluster"),
    node: text("node"),
    namespace: text("namespace"),
    workload: text("workload"),
    workloadKind: text("workloadKind") as DetectionSum["workloadKind"],
    identityReason: text("identityReason"),
    pod: text("pod"),
    pods: Number(row["d_pods"]),
    container: text("container"),
    image: text("image"),
    process: text("process"),
    processId: text("processId"),
    executable: text("executable"),
    ancestors: texts("ancestors"),
    fidelity: text("fidelity") as DetectionSum["fidelity"],
  };
}

export function idOf(slot: number, hash: string): string {
  return `${slot.toString(36)}-${hash}`;
}

/** Undefined for what is no id. */
export function partsOfId(id: string): { readonly sinceMs: number; readonly hash: string } | undefined {
  const found = /^([0-9a-z]{1,11})-([0-9a-f]{16})$/.exec(id);
  if (found === null) return undefined;
  const sinceMs = Number.parseInt(found[1] ?? "", 36) * slotMs;
  return sinceMs > 253_402_300_799_999 ? undefined : { sinceMs, hash: found[2] ?? "" };
}

/** Cards by severity: a card counts once, with its worst. */
export function totalsSql(where: string): string {
  return `SELECT worst, toInt64(count()) AS n FROM (SELECT ${slotSql} AS slot, ${hashSql} AS keyHash,
toString(argMin(severity, ${severityRank})) AS worst FROM security_events WHERE ${where} GROUP BY slot, keyHash) GROUP BY worst`;
}

export function totalsOf(rows: readonly StoredRow[]): Record<Severity, number> {
  const totals = { critical: 0, high: 0, medium: 0, low: 0, info: 0 };
  for (const row of rows) totals[String(row["worst"]) as Severity] = Number(row["n"]);
  return totals;
}

export function ruleSumsSql(where: string, limit: number): string {
  return `SELECT rule, toString(source) AS said, toString(argMin(severity, ${severityRank})) AS worst, arraySort(groupUniqArrayArray(techniques)) AS methods,
arraySort(groupUniqArrayArray(tags)) AS labels, argMax(policy, time) AS byPolicy,
toInt64(sum(greatest(count, 1))) AS n, toUnixTimestamp64Milli(max(time)) AS lastMs
FROM security_events WHERE ${where} GROUP BY rule, said ORDER BY n DESC, rule LIMIT ${limit}`;
}

export function ruleSumOf(row: StoredRow): RuleSum {
  return {
    rule: String(row["rule"]),
    source: String(row["said"]),
    severity: row["worst"] as Severity,
    techniques: row["methods"] as string[],
    tags: row["labels"] as string[],
    policy: String(row["byPolicy"]),
    count: Number(row["n"]),
    lastAt: formatInstant(Number(row["lastMs"])),
  };
}

const dayMs = 86_400_000;
const perDaySql = `sumMap(map(toInt64(intDiv(toUnixTimestamp64Milli(time), ${dayMs})), toInt64(greatest(count, 1)))) AS days`;
const lastDaySql = (fromMs: string): string =>
  `toInt64(sumIf(greatest(count, 1), toUnixTimestamp64Milli(time) >= ${fromMs})) AS lastDay`;

/** `fromMs`: a bound parameter, where the last 24 hours begin. */
export function noiseSql(where: string, fromMs: string, limit: number): string {
  return `SELECT cluster, namespace, workload, toString(workloadKind) AS ownerKind, rule, toString(argMin(severity, ${severityRank})) AS worst,
toInt64(sum(greatest(count, 1))) AS n, ${perDaySql}, ${lastDaySql(fromMs)}, toUnixTimestamp64Milli(max(time)) AS lastMs, toInt64(count() OVER ()) AS total
FROM security_events WHERE ${where} GROUP BY cluster, namespace, workload, ownerKind, rule ORDER BY lastDay DESC, n DESC, rule LIMIT ${limit}`;
}

export function noiseClustersSql(where: string, fromMs: string, limit: number): string {
  return `SELECT cluster, ${perDaySql}, ${lastDaySql(fromMs)} FROM security_events WHERE ${where} GROUP BY cluster ORDER BY lastDay DESC, cluster LIMIT ${limit}`;
}

export function perDayOf(row: StoredRow): ReadonlyMap<number, number> {
  const entries = Object.entries((row["days"] ?? {}) as Record<string, unknown>);
  return new Map(entries.map(([day, count]) => [Number(day), Number(count)]));
}

export function noiseEventsSql(where: string, limit: number): string {
  return `SELECT ${slotSql} AS slot, ${hashSql} AS keyHash, toUnixTimestamp64Milli(time) AS atMs, toInt64(greatest(count, 1)) AS n, toString(severity) AS graded,
namespace, workload, process, processId, executable, ancestors, image, arrayConcat(outputFields, evidence) AS said, toInt64(count() OVER ()) AS total
FROM security_events WHERE ${where} ORDER BY time DESC, keyHash, processId LIMIT ${limit}`;
}

export function noiseEventOf(row: StoredRow): NoiseEvent {
  return {
    id: idOf(Number(row["slot"]), String(row["keyHash"])),
    timeMs: Number(row["atMs"]),
    count: Number(row["n"]),
    severity: row["graded"] as Severity,
    namespace: String(row["namespace"]),
    workload: String(row["workload"]),
    process: String(row["process"]),
    processId: String(row["processId"]),
    executable: String(row["executable"]),
    ancestors: row["ancestors"] as string[],
    image: String(row["image"]),
    outputFields: row["said"] as string[],
  };
}

export function spokenOfSql(where: string, limit: number): string {
  return `SELECT processId, toString(argMin(severity, ${severityRank})) AS worst FROM security_events WHERE ${where} GROUP BY processId
ORDER BY ${"min(" + severityRank + ")"}, processId LIMIT ${limit}`;
}

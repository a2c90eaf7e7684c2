// What one workload did in a window: its processes, its peers, its DNS questions.
import { formatInstant } from "../../../base/instant.ts";
import { type ResolvedWindow, resolveWindow } from "../../../core/filter/window.ts";
import { answerWindow, because, run } from "./ask.ts";
import { queryLimits } from "./limits.ts";
import type { DnsName, Peer, ProcessNode, Window, WindowRequest, WorkloadParams } from "./queries.ts";
import { type QueryParts, selectList } from "./scan.ts";
import { shownAddress, shownRow, type StoredRow } from "./shown.ts";
import { type Bindings, createBindings, withinRaw } from "./sql.ts";

/** The subject columns of an event table are this workload's. */
function isSubject(bindings: Bindings, params: WorkloadParams): string {
  return `cluster = ${bindings.bind(params.cluster, "String")} AND namespace = ${bindings.bind(params.namespace, "String")}
AND workloadKind = ${bindings.bind(params.kind, "String")} AND workload = ${bindings.bind(params.name, "String")}`;
}

/**
 * Processes that lived in the window, newest first: the newest row that tells the most of each (exec before running before fork; the
 * exit's own row for one of which only the end was seen), joined with its end.
 */
export async function workloadProcesses(
  parts: QueryParts,
  params: WorkloadParams,
  query: WindowRequest & { readonly limit: number },
): Promise<{ processes: ProcessNode[]; omitted: number; window: Window }> {
  const window = resolveWindow({}, query, parts.clock.nowMs());
  const bindings = createBindings();
  const fromMs = window.sinceMs - queryLimits.processLookBackMs;
  const known = `${withinRaw(bindings, fromMs, window.untilMs)} AND ${isSubject(bindings, params)}`;
  const lives = `SELECT processId AS lifeId, max(startTime) AS began, toInt64(maxIf(toUnixTimestamp64Milli(time), action = 'exit')) AS _endedMs,
argMaxIf(exitCode, time, action = 'exit') AS _exitCode, argMaxIf(signal, time, action = 'exit') AS _signal, count() OVER () AS _total
FROM process_events WHERE ${known} GROUP BY processId
HAVING _endedMs = 0 OR _endedMs >= ${bindings.bind(window.sinceMs, "Int64")}
ORDER BY began DESC, lifeId DESC LIMIT ${bindings.bind(query.limit, "UInt32")}`;
  const rank = "multiIf(action = 'exec', 0, action = 'running', 1, action = 'fork', 2, 3)";
  const sql = `SELECT * FROM (SELECT ${selectList("process_events")}, ${rank} AS _rank FROM process_events WHERE ${known}
ORDER BY _rank, time DESC LIMIT 1 BY processId) AS facts
INNER JOIN (${lives}) AS lives ON facts.processId = lives.lifeId ORDER BY began DESC, lifeId DESC`;
  const result = await run(parts, sql, bindings);
  const total = Number(result.rows[0]?.["_total"] ?? 0);
  return {
    processes: result.rows.map(processNode),
    omitted: Math.max(0, total - result.rows.length),
    window: await answerWindow(parts, window, ["process_events"], because(result)),
  };
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

/** Both directions, busiest first. Peers in the cluster are added up per workload, external ones per name or address. */
export async function workloadPeers(
  parts: QueryParts,
  params: WorkloadParams,
  query: WindowRequest,
): Promise<{ peers: Peer[]; omitted: number; window: Window }> {
  const window = resolveWindow({}, query, parts.clock.nowMs());
  const bindings = createBindings();
  const sql = `SELECT *, count() OVER () AS total FROM (
${peersSql(bindings, params, window, "outbound")}
UNION ALL
${peersSql(bindings, params, window, "inbound")})
ORDER BY opened + failed DESC, sent + received DESC, lastMs DESC LIMIT ${queryLimits.peersMax}`;
  const result = await run(parts, sql, bindings, { rowsMax: queryLimits.peersMax });
  const total = Number(result.rows[0]?.["total"] ?? 0);
  return {
    peers: result.rows.map(peerOf),
    omitted: Math.max(0, total - result.rows.length),
    window: await answerWindow(parts, window, ["flows"], because(result)),
  };
}

function peersSql(
  bindings: Bindings,
  params: WorkloadParams,
  window: ResolvedWindow,
  direction: "outbound" | "inbound",
): string {
  const [own, peer] =
    direction === "outbound" ? (["source", "destination"] as const) : (["destination", "source"] as const);
  const [sent, received] = direction === "outbound" ? ["bytesSent", "bytesReceived"] : ["bytesReceived", "bytesSent"];
  const external = `${peer}Workload = ''`;
  const domain = direction === "outbound" ? "if(destinationDomain != '', destinationDomain, serverName)" : "''";
  return `SELECT '${direction}' AS direction, toString(${peer}Kind) AS peerKind, ${peer}Namespace AS peerNamespace, ${peer}Workload AS peerWorkload,
if(${external} OR ${peer}Kind IN ('External', 'Unknown'), toString(${peer}Address), '') AS peerAddress, ${domain} AS peerDomain,
destinationPort AS peerPort, toString(protocol) AS peerProtocol,
arraySort(groupUniqArrayIf(20)(process, process != '')) AS processes,
toInt64(sum(connectionsOpened)) AS opened, toInt64(sum(connectionsFailed)) AS failed, toInt64(sum(${sent})) AS sent, toInt64(sum(${received})) AS received,
sumMap(rttUs) AS rtt, toUnixTimestamp64Milli(max(time)) AS lastMs
FROM flows WHERE ${withinRaw(bindings, window.sinceMs, window.untilMs)} AND reporter = '${own}' AND cluster = ${bindings.bind(params.cluster, "String")}
AND ${own}Namespace = ${bindings.bind(params.namespace, "String")} AND ${own}Kind = ${bindings.bind(params.kind, "String")}
AND ${own}Workload = ${bindings.bind(params.name, "String")}
GROUP BY peerKind, peerNamespace, peerWorkload, peerAddress, peerDomain, peerPort, peerProtocol`;
}

function peerOf(row: StoredRow): Peer {
  const median = medianOf(row["rtt"]);
  return {
    direction: row["direction"] as Peer["direction"],
    kind: row["peerKind"] as Peer["kind"],
    namespace: String(row["peerNamespace"]),
    workload: String(row["peerWorkload"]),
    address: shownAddress(String(row["peerAddress"])),
    domain: String(row["peerDomain"]),
    port: Number(row["peerPort"]),
    protocol: String(row["peerProtocol"]),
    processes: row["processes"] as string[],
    connections: Number(row["opened"]),
    connectionsFailed: Number(row["failed"]),
    bytesSent: Number(row["sent"]),
    bytesReceived: Number(row["received"]),
    ...(median === undefined ? {} : { rttUsMedian: median }),
    lastSeen: formatInstant(Number(row["lastMs"])),
  };
}

/** Median of a histogram whose bucket i holds [2^(i/4), 2^((i+1)/4)) microseconds: the geometric middle of the median's bucket. */
export function medianOf(histogram: unknown): number | undefined {
  if (typeof histogram !== "object" || histogram === null) return undefined;
  const buckets = Object.entries(histogram)
    .map(([index, count]) => [Number(index), Number(count)] as const)
    .filter(([, count]) => count > 0)
    .sort((a, b) => a[0] - b[0]);
  const total = buckets.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [index, count] of buckets) {
    seen += count;
    if (seen * 2 >= total) return Math.round(2 ** ((index + 0.5) / 4));
  }
  return undefined;
}

/** Names asked for, most often first. A failure is any answer but NOERROR, silence included. */
export async function workloadDns(
  parts: QueryParts,
  params: WorkloadParams,
  query: WindowRequest,
): Promise<{ names: DnsName[]; omitted: number; window: Window }> {
  const window = resolveWindow({}, query, parts.clock.nowMs());
  const bindings = createBindings();
  const weight = "greatest(count, 1)";
  const sql = `SELECT question, toString(questionType) AS qtype, toInt64(sum(${weight})) AS asked,
toInt64(sumIf(${weight}, responseCode != 'NOERROR')) AS failed, arraySort(groupUniqArray(10)(toString(responseCode))) AS codes,
arraySort(groupUniqArrayArray(32)(answers)) AS answerList, toInt64(quantileExactWeightedIf(0.5)(latencyUs, ${weight}, responseCode != 'timeout')) AS latency,
toUnixTimestamp64Milli(max(time)) AS lastMs, count() OVER () AS total
FROM dns_events WHERE ${withinRaw(bindings, window.sinceMs, window.untilMs)} AND ${isSubject(bindings, params)}
GROUP BY question, qtype ORDER BY asked DESC, question, qtype LIMIT ${queryLimits.namesMax}`;
  const result = await run(parts, sql, bindings, { rowsMax: queryLimits.namesMax });
  const total = Number(result.rows[0]?.["total"] ?? 0);
  return {
    names: result.rows.map((row) => ({
      question: String(row["question"]),
      questionType: String(row["qtype"]),
      count: Number(row["asked"]),
      failures: Number(row["failed"]),
      responseCodes: row["codes"] as string[],
      answers: row["answerList"] as string[],
      latencyUsMedian: Number(row["latency"]),
      lastSeen: formatInstant(Number(row["lastMs"])),
    })),
    omitted: Math.max(0, total - result.rows.length),
    window: await answerWindow(parts, window, ["dns_events"], because(result)),
  };
}

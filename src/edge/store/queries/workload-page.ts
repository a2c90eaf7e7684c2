// What one workload did in a window: its peers, its DNS questions.
import { formatInstant } from "../../../base/instant.ts";
import { type ResolvedWindow, resolveWindow } from "../../../core/filter/window.ts";
import { answerWindow, because, run } from "./ask.ts";
import { queryLimits } from "./limits.ts";
import type { DnsName, Peer, Window, WindowRequest, WorkloadParams } from "./queries.ts";
import type { QueryParts } from "./scan.ts";
import { shownAddress, type StoredRow } from "./shown.ts";
import { type Bindings, createBindings, withinRaw } from "./sql.ts";
import { isSubject } from "./subject-sql.ts";

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

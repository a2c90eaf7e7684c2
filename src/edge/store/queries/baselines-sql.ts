// The statements that baselines are learnt from. They group as far as core/baseline folds (same patterns), so that a workload that writes a million temporary files is few rows;
// core folds the rest. Aliases are no columns: an alias that is also a column would take its place in WHERE.
import { runtimeNamePattern } from "../../../core/baseline/name-items.ts";
import { guardedFolders, guardedLoadFolders, volatileSegment } from "../../../core/baseline/path-items.ts";
import { writingFlags } from "../../../core/baseline/row-items.ts";
import type { Bindings } from "./sql.ts";

const figures =
  "toInt64(count()) AS n, toUnixTimestamp64Milli(min(time)) AS firstMs, toUnixTimestamp64Milli(max(time)) AS lastMs";
const replica = "if(containerId != '', containerId, node)";
const owner = "cluster AS c, namespace AS ns, toString(workloadKind) AS wk, workload AS wl, imageDigest AS dg";
const ownerKey = "c, ns, wk, wl, dg";

function folded(path: string, bindings: Bindings): string {
  const pattern = bindings.bind(`(?i)${volatileSegment}`, "String");
  return `arrayStringConcat(arrayMap(part -> if(match(part, ${pattern}), '*', part), splitByChar('/', ${path})), '/')`;
}

const limited = (limit: number): string => `ORDER BY n DESC, lastMs DESC LIMIT ${limit + 1}`;

/** Programs with the parent's short name. */
export function programsSql(where: string, bindings: Bindings, limit: number): string {
  const runtime = bindings.bind(runtimeNamePattern, "String");
  return `SELECT ${owner}, ${folded("executable", bindings)} AS program, ancestors[1] AS parent, ${figures}, toInt64(uniqExact(${replica})) AS replicas
FROM process_events WHERE ${where} AND workload != '' AND action IN ('exec', 'running') AND executable != '' AND NOT (match(name, ${runtime}) AND (ancestors[1] = '' OR match(ancestors[1], ${runtime})))
GROUP BY ${ownerKey}, program, parent ${limited(limit)}`;
}

/** Folders, and files where folders are guarded. `kinds` of what was done: most rows are reads, which whoever does not ask for them does not fold. */
export function filesSql(where: string, bindings: Bindings, limit: number, kinds: readonly string[]): string {
  const guarded = bindings.bind(guardedFolders, "Array(String)");
  const guardedLoads = bindings.bind(guardedLoadFolders, "Array(String)");
  const deed = `multiIf(action = 'mapped', 'loads', action = 'open' AND bitAnd(flags, ${writingFlags}) = 0, 'reads', action = 'mount', '', 'writes')`;
  const places = "arrayJoin(if(action IN ('rename', 'link') AND targetPath != '', [path, targetPath], [path]))";
  const inner = `SELECT time, count, node, containerId, cluster, namespace, workloadKind, workload, imageDigest, ${deed} AS deed,
${folded(places, bindings)} AS place, if(position(place, '/') = 0, '', substring(place, 1, length(place) - position(reverse(place), '/'))) AS bare,
if(bare = '', '/', bare) AS folder FROM file_events WHERE ${where} AND workload != '' AND deed IN ${bindings.bind(kinds, "Array(String)")}`;
  const isGuarded = `(endsWith(folder, '/.ssh') OR if(deed = 'loads', has(${guardedLoads}, folder), has(${guarded}, folder) OR folder = '/proc' OR startsWith(folder, '/proc/')))`;
  return `SELECT ${owner}, deed, if(${isGuarded}, place, concat(folder, '/')) AS item, toInt64(sum(greatest(count, 1))) AS n,
toUnixTimestamp64Milli(min(time)) AS firstMs, toUnixTimestamp64Milli(max(time)) AS lastMs, toInt64(uniqExact(${replica})) AS replicas
FROM (${inner}) WHERE startsWith(place, '/') GROUP BY ${ownerKey}, deed, item ${limited(limit)}`;
}

const sides = {
  source: "sourceNamespace AS ns, toString(sourceKind) AS wk, sourceWorkload AS wl, sourceImageDigest AS dg",
  destination:
    "destinationNamespace AS ns, toString(destinationKind) AS wk, destinationWorkload AS wl, destinationImageDigest AS dg",
} as const;

/** Where the reporter dials, by owner, name or network. */
export function destinationsSql(where: string, _bindings: Bindings, limit: number): string {
  const isOwned = "(destinationWorkload != '' AND destinationKind NOT IN ('External', 'Unknown'))";
  const width = "toUInt8(if(startsWith(toString(destinationAddress), '::ffff:'), 120, 64))";
  return `SELECT cluster AS c, ${sides.source}, toString(destinationKind) AS toKind, destinationNamespace AS toNamespace, destinationWorkload AS toWorkload,
if(${isOwned}, '', destinationDomain) AS toDomain, if(${isOwned} OR destinationDomain != '', '', toString(tupleElement(IPv6CIDRToRange(destinationAddress, ${width}), 1))) AS toNetwork,
destinationPort AS toPort, toString(protocol) AS via, destinationReason AS reason, ${figures}, toInt64(uniqExact(if(sourcePod != '', sourcePod, node))) AS replicas
FROM flows WHERE ${where} AND reporter = 'source' AND wl != '' AND NOT loopback
GROUP BY ${ownerKey}, toKind, toNamespace, toWorkload, toDomain, toNetwork, toPort, via, reason ${limited(limit)}`;
}

/** Ports at which the reporter was reached. */
export function listensSql(where: string, _bindings: Bindings, limit: number): string {
  return `SELECT cluster AS c, ${sides.destination}, destinationPort AS toPort, toString(protocol) AS via, ${figures},
toInt64(uniqExact(if(destinationPod != '', destinationPod, node))) AS replicas
FROM flows WHERE ${where} AND reporter = 'destination' AND wl != '' AND NOT loopback GROUP BY ${ownerKey}, toPort, via ${limited(limit)}`;
}

/** Names of the cluster whole, of others three labels: core folds them to their suffix. */
export function domainsSql(where: string, _bindings: Bindings, limit: number): string {
  const labels = "splitByChar('.', trimRight(lower(question), '.'))";
  return `SELECT ${owner}, arrayStringConcat(arraySlice(${labels}, if(endsWith(question, '.local'), -7, -3)), '.') AS asked, toInt64(sum(greatest(count, 1))) AS n,
toUnixTimestamp64Milli(min(time)) AS firstMs, toUnixTimestamp64Milli(max(time)) AS lastMs, toInt64(uniqExact(${replica})) AS replicas
FROM dns_events WHERE ${where} AND workload != '' AND question != '' GROUP BY ${ownerKey}, asked ${limited(limit)}`;
}

const starter = "^(runc.*|crun|conmon.*|youki|containerd-shim.*|dockerd|docker-init|systemd)$";

/** Hours, replicas and starts per workload and image, over everything that was seen of it. `wheres`: by table. */
export function livesSql(
  wheres: { readonly events: string; readonly source: string; readonly destination: string },
  bindings: Bindings,
  limit: number,
): string {
  const start = `if(action = 'exec' AND match(ancestors[1], ${bindings.bind(starter, "String")}), if(containerId != '', containerId, processId), '')`;
  const events = (table: string, started: string) =>
    `SELECT ${owner}, image AS im, service AS sv, time AS at, pod AS pd, node AS nd, ${started} AS started FROM ${table} WHERE ${wheres.events} AND workload != ''`;
  const flows = (end: "source" | "destination") =>
    `SELECT cluster AS c, ${sides[end]}, image AS im, ${end}Service AS sv, time AS at, ${end}Pod AS pd, node AS nd, '' AS started
FROM flows WHERE ${wheres[end]} AND reporter = '${end}' AND wl != ''`;
  const union = [events("process_events", start), events("dns_events", "''"), flows("source"), flows("destination")];
  return `SELECT ${ownerKey}, max(im) AS image, max(sv) AS service, toInt64(uniqExact(toStartOfHour(at))) AS hours, toInt64(if(max(pd) != '', uniqExactIf(pd, pd != ''), uniqExact(nd))) AS replicas,
toInt64(uniqExactIf(started, started != '')) AS starts, toUnixTimestamp64Milli(min(at)) AS firstMs, toUnixTimestamp64Milli(max(at)) AS lastMs, toInt64(count() OVER ()) AS total
FROM (${union.join("\nUNION ALL\n")}) GROUP BY ${ownerKey} ORDER BY lastMs DESC, ${ownerKey} LIMIT ${limit}`;
}

/** Drift events of agents by item. */
export function driftSql(where: string, bindings: Bindings, limit: number): string {
  const field = (name: string) => {
    const prefix = bindings.bind(`${name}=`, "String");
    return `substring(arrayFirst(each -> startsWith(each, ${prefix}), outputFields), length(${prefix}) + 1)`;
  };
  return `SELECT ${owner}, rule AS said, ${field("drift.kind")} AS itemKind, ${field("drift.item")} AS item, toString(argMax(severity, time)) AS graded,
toInt64(sum(greatest(count, 1))) AS n, toUnixTimestamp64Milli(min(time)) AS firstMs, toUnixTimestamp64Milli(max(time)) AS lastMs, argMax(process, time) AS doer,
argMax(evidence[1], time) AS proof, toString(argMax(action, time)) AS done, toInt64(count() OVER ()) AS total
FROM security_events WHERE ${where} AND source = 'garrison' AND startsWith(rule, 'Drift: ') GROUP BY ${ownerKey}, said, itemKind, item
ORDER BY lastMs DESC, item LIMIT ${limit}`;
}

/** Detections of rules that weigh as much as an attack, the newest first. */
export function alarmsSql(where: string, limit: number): string {
  return `SELECT rule AS said, toString(severity) AS graded, executable AS program, process AS doer, ancestors AS above,
toUnixTimestamp64Milli(min(time)) AS firstMs, toUnixTimestamp64Milli(max(time)) AS lastMs, toInt64(count() OVER ()) AS total
FROM security_events WHERE ${where} AND severity IN ('critical', 'high') AND NOT startsWith(rule, 'Drift: ')
GROUP BY said, graded, program, doer, above, toStartOfFiveMinutes(time) ORDER BY lastMs DESC, said LIMIT ${limit}`;
}

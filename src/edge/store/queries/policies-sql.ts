// The statements about policies, and their rows as nouns. The same names whether they read raw rows or rollups.
import { queryLimits } from "./limits.ts";
import type { PolicyFlowKey, PolicyRuleCount } from "./queries.ts";
import { shownAddress, type StoredRow } from "./shown.ts";

/** raw: rows of `flows`. addressed: those of them that only an address can tell apart. rollup: an edge table. */
export type KeySource = "raw" | "addressed" | "rollup";

/** Flows with an end that is no workload: nothing but its address says what it is. */
export const addressedSql = "(sourceWorkload = '' OR destinationWorkload = '')";

const nowhere = "toIPv6('::')";

function endSql(side: "source" | "destination", isRollup: boolean): readonly string[] {
  const short = side === "source" ? "s" : "d";
  const pod = isRollup ? "''" : `${side}Pod`;
  // A pod is itself whatever its address; a workload of a machine has the machine's; else the address is all there is.
  const address = isRollup ? nowhere : `if(${side}Pod = '', ${side}Address, ${nowhere})`;
  return [
    `toString(${side}Kind) AS ${short}Kind`,
    `${side}Namespace AS ${short}Space`,
    `${side}Workload AS ${short}Owner`,
    `${pod} AS ${short}Pod`,
    `${address} AS ${short}At`,
  ];
}

type Side = "Source" | "Destination";

/** Connections that one end told of: opened and failed ones; without a handshake every conversation counts (in rollups: every row). */
function attemptsSql(side: Side, isRollup: boolean, when = ""): string {
  const also = when === "" ? "" : ` AND ${when}`;
  return isRollup
    ? `sumIf(if(protocol = 'tcp', connectionsOpenedAt${side} + connectionsFailedAt${side}, rowsAt${side}), 1${also})`
    : `sumIf(if(protocol = 'tcp', connectionsOpened + connectionsFailed, greatest(merged, 1)), reporter = '${side.toLowerCase()}'${also})`;
}

/** Sums per key, the busiest first, at most `limit`; `total` says how many keys there are. */
export function keysSql(
  table: string,
  where: string,
  options: { readonly source: KeySource; readonly limit: number },
): string {
  const isRollup = options.source === "rollup";
  const key = [
    ...endSql("source", isRollup),
    ...endSql("destination", isRollup),
    "destinationPort AS port",
    "toString(protocol) AS proto",
  ];
  const attempts = (side: Side, when = ""): string => attemptsSql(side, isRollup, when);
  const bytes = (side: Side): string =>
    isRollup
      ? `sum(bytesSentAt${side} + bytesReceivedAt${side})`
      : `sumIf(bytesSent + bytesReceived, reporter = '${side.toLowerCase()}')`;
  const greater = (of: (side: Side) => string): string => `toInt64(greatest(${of("Source")}, ${of("Destination")}))`;
  const seen = isRollup
    ? [
        "toInt64(toUnixTimestamp(min(firstSeen))) * 1000 AS firstMs",
        "toInt64(toUnixTimestamp(max(lastSeen))) * 1000 AS lastMs",
        "any('::') AS sSome",
        "any('::') AS dSome",
      ]
    : [
        "toUnixTimestamp64Milli(min(time)) AS firstMs",
        "toUnixTimestamp64Milli(max(time)) AS lastMs",
        "toString(max(sourceAddress)) AS sSome",
        "toString(max(destinationAddress)) AS dSome",
      ];
  const selected = [
    ...key,
    ...seen,
    `${greater((side) => attempts(side))} AS tried`,
    `${greater((side) => attempts(side, "verdict = 'deny'"))} AS denied`,
    `${greater((side) => attempts(side, "verdict = 'allow'"))} AS allowed`,
    `${greater(bytes)} AS carried`,
    "toString(argMax(verdict, time)) AS newest",
    "toInt64(uniqExact(toDate(time))) AS dayCount",
    "arraySort(groupUniqArrayIf(16)(destinationDomain, destinationDomain != '')) AS names",
  ];
  const own = isRollup ? "" : " AND NOT loopback";
  return `SELECT *, toInt64(count() OVER ()) AS total FROM (
SELECT ${selected.join(",\n")}
FROM ${table} WHERE ${where}${own}
GROUP BY ${aliases(key).join(", ")})
ORDER BY tried DESC, carried DESC, ${aliases(key).join(", ")} LIMIT ${options.limit}`;
}

function aliases(selected: readonly string[]): readonly string[] {
  return selected.map((item) => item.slice(item.lastIndexOf(" ") + 1));
}

export function flowKeyOf(row: StoredRow): PolicyFlowKey {
  const end = (side: "s" | "d") => ({
    kind: String(row[`${side}Kind`]) as PolicyFlowKey["source"]["kind"],
    namespace: String(row[`${side}Space`]),
    workload: String(row[`${side}Owner`]),
    pod: String(row[`${side}Pod`]),
    address: addressOf(row[`${side}At`]) || addressOf(row[`${side}Some`]),
  });
  const names = row["names"];
  return {
    source: end("s"),
    destination: end("d"),
    domains: Array.isArray(names) ? names.map(String) : [],
    port: Number(row["port"]),
    protocol: String(row["proto"]),
    verdict: verdictOf(row),
    // What carried something was opened once, if not within the window.
    connections: Math.max(1, Number(row["tried"])),
    bytes: Number(row["carried"]),
    firstMs: Number(row["firstMs"]),
    lastMs: Number(row["lastMs"]),
    days: Number(row["dayCount"]),
  };
}

function addressOf(value: unknown): string {
  const text = typeof value === "string" ? shownAddress(value) : "";
  return text === "::" ? "" : text;
}

/** Both ends may tell of one flow, and only one of them knows that a policy stopped it: its word counts, unless something was allowed since. */
function verdictOf(row: StoredRow): PolicyFlowKey["verdict"] {
  const denied = Number(row["denied"]);
  const allowed = Number(row["allowed"]);
  if (denied > 0 && (allowed === 0 || row["newest"] === "deny")) return "deny";
  if (allowed > 0 || row["newest"] === "allow") return "allow";
  return row["newest"] === "deny" ? "deny" : "unknown";
}

/** Connections per cluster and rule. What both ends told is counted once. */
export function countsSql(table: string, where: string, source: "raw" | "rollup"): string {
  const side = (name: Side): string => attemptsSql(name, source === "rollup");
  const of = (column: string, isStaged: number): string =>
    `SELECT cluster, arrayJoin(${column}) AS rule, ${isStaged} AS staged,
toInt64(greatest(${side("Source")}, ${side("Destination")})) AS tried
FROM ${table} WHERE ${where} GROUP BY cluster, rule`;
  const parts = source === "rollup" ? [of("policies", 0)] : [of("policies", 0), of("policiesStaged", 1)];
  return `SELECT * FROM (${parts.join("\nUNION ALL\n")}) ORDER BY tried DESC, cluster, rule LIMIT ${queryLimits.policyRulesMax}`;
}

/** Nodes per cluster that told which policies judged a flow. */
export function reportersSql(where: string): string {
  return `SELECT cluster, toInt64(uniqExact(node)) AS nodes FROM flows WHERE ${where} AND policyGeneration != 0 GROUP BY cluster`;
}

export function ruleCountOf(row: StoredRow): PolicyRuleCount {
  return {
    cluster: String(row["cluster"]),
    ruleId: Number(row["rule"]),
    isStaged: Number(row["staged"]) === 1,
    connections: Number(row["tried"]),
  };
}

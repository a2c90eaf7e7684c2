// What agents lost, added up: gaps of the three places that drop when there is too much, by node and event type. For the server's own health.
import { gapReasons } from "../../../model/gap.ts";
import { run } from "./ask.ts";
import { queryLimits } from "./limits.ts";
import type { LossTotal } from "./queries.ts";
import type { QueryParts } from "./scan.ts";
import { createBindings, withinRaw } from "./sql.ts";

/** Losses for want of room: on the way from the kernel, in the agent's memory, on its disk. */
const roomReasons: readonly string[] = gapReasons.filter((reason) => /^(ring|queue|spool)-full$/.test(reason));

/** Gaps that end at or after `sinceMs` (epoch milliseconds), the largest losses first. Throws what the store throws when it is away. */
export async function lossesSince(parts: QueryParts, sinceMs: number): Promise<LossTotal[]> {
  const bindings = createBindings();
  const untilMs = parts.clock.nowMs() + queryLimits.rawSlackMs;
  // The agent's words for a drop in the ring end with its type: "12 events of type tcp-open".
  const sql = `SELECT cluster, node, reason, extract(detail, ' of type ([a-z0-9-]{1,40})$') AS eventType, toUInt64(sum(rows)) AS lost
FROM gaps
WHERE ${withinRaw(bindings, sinceMs - queryLimits.gapLookBackMs, untilMs)}
AND toUnixTimestamp64Milli(time) + toInt64(durationMs) >= ${bindings.bind(sinceMs, "Int64")}
AND reason IN ${bindings.bind(roomReasons, "Array(String)")}
GROUP BY cluster, node, reason, eventType
ORDER BY lost DESC LIMIT ${queryLimits.lossesMax}`;
  const { rows } = await run(parts, sql, bindings, { rowsMax: queryLimits.lossesMax });
  return rows.map((row) => ({
    cluster: String(row["cluster"]),
    node: String(row["node"]),
    reason: String(row["reason"]),
    eventType: String(row["eventType"]),
    rows: Number(row["lost"]),
  }));
}

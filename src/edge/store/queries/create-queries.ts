// The named queries over one telemetry store: the server's telemetry handlers call these and nothing else reads telemetry.
import { listEvents } from "./events.ts";
import { listFlows, listGaps } from "./flows.ts";
import { hints } from "./hints.ts";
import { lossesSince } from "./losses.ts";
import { oldestKept } from "./oldest-kept.ts";
import type { Queries } from "./queries.ts";
import type { QueryParts } from "./scan.ts";
import { eventsSince, flowsSince } from "./streams.ts";
import { flowTimeline } from "./timeline.ts";
import { workloadDns, workloadPeers, workloadProcesses } from "./workload-page.ts";
import { getWorkload, listWorkloads } from "./workloads.ts";

/** `clock` says what "now" is for relative windows. Remembers only since when data is kept: make one per store. */
export function createQueries({ store, clock }: Pick<QueryParts, "store" | "clock">): Queries {
  const parts: QueryParts = { store, clock, oldestKept: oldestKept(store, clock) };
  return {
    listFlows: (query) => listFlows(parts, query),
    flowTimeline: (query) => flowTimeline(parts, query),
    listEvents: (query) => listEvents(parts, query),
    listWorkloads: (query) => listWorkloads(parts, query),
    getWorkload: (params, query) => getWorkload(parts, params, query),
    workloadProcesses: (params, query) => workloadProcesses(parts, params, query),
    workloadPeers: (params, query) => workloadPeers(parts, params, query),
    workloadDns: (params, query) => workloadDns(parts, params, query),
    hints: (query) => hints(parts, query),
    listGaps: (query) => listGaps(parts, query),
    lossesSince: (sinceMs) => lossesSince(parts, sinceMs),
    flowsSince: (cursor, q, limit, start = {}) => flowsSince(parts, cursor, { q, limit, start }),
    eventsSince: (cursor, query, limit, start = {}) => eventsSince(parts, cursor, { ...query, limit, start }),
  };
}

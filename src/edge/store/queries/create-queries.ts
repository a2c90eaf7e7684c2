// The named queries over one telemetry store: the server's telemetry handlers call these and nothing else reads telemetry.
import {
  detectionRuleSums,
  findDetection,
  listDetections,
  noiseEvents,
  noiseSums,
  relatedDetections,
} from "./detections.ts";
import { detectionTree } from "./detection-tree.ts";
import { baselineAlarms, baselineDrift, baselineSums } from "./baselines.ts";
import { listEvents } from "./events.ts";
import { listFlows, listGaps } from "./flows.ts";
import { answerWindow } from "./ask.ts";
import { resolveWindow } from "../../../core/filter/window.ts";
import { graphSums } from "./graph.ts";
import { hints } from "./hints.ts";
import { inventoryAsOf, inventoryBaseline, inventorySince, newestKubernetesEvents, workloadPods } from "./inventory.ts";
import { lossesSince } from "./losses.ts";
import { oldestKept } from "./oldest-kept.ts";
import { overviewNumbers } from "./overview.ts";
import { policyFlowKeys, policyRuleCounts } from "./policies.ts";
import { listPostures, touched, usageRows, workloadPostures } from "./profiles.ts";
import type { Queries } from "./queries.ts";
import type { QueryParts } from "./scan.ts";
import { securityAfter } from "./security-feed.ts";
import { eventsSince, flowsSince } from "./streams.ts";
import { flowTimeline } from "./timeline.ts";
import { imageUse, reachedWorkloads } from "./images.ts";
import { wafModeSums, wafRequest, wafSums } from "./waf.ts";
import { workloadDns, workloadPeers } from "./workload-page.ts";
import { workloadProcesses } from "./workload-processes.ts";
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
    graphSums: (query) => graphSums(parts, query),
    overviewNumbers: (query) => overviewNumbers(parts, query),
    policyFlowKeys: (query) => policyFlowKeys(parts, query),
    policyRuleCounts: (query) => policyRuleCounts(parts, query),
    wafSums: (query) => wafSums(parts, query),
    wafRequest: (key) => wafRequest(parts, key),
    wafModeSums: (query) => wafModeSums(parts, query),
    listDetections: (query) => listDetections(parts, query),
    findDetection: (...given) => findDetection(parts, ...given),
    relatedDetections: (request) => relatedDetections(parts, request),
    detectionTree: (...given) => detectionTree(parts, ...given),
    detectionRuleSums: (query) => detectionRuleSums(parts, query),
    noiseSums: (query) => noiseSums(parts, query),
    noiseEvents: (query) => noiseEvents(parts, query),
    baselineSums: (request) => baselineSums(parts, request),
    baselineDrift: (request) => baselineDrift(parts, request),
    baselineAlarms: (request) => baselineAlarms(parts, request),
    usageRows: (params, query) => usageRows(parts, params, query),
    workloadPostures: (params, query) => workloadPostures(parts, params, query),
    listPostures: (query) => listPostures(parts, query),
    touched: (params, query) => touched(parts, params, query),
    imageUse: (query) => imageUse(parts, query),
    reachedWorkloads: (query) => reachedWorkloads(parts, query),
    hints: (query) => hints(parts, query),
    listGaps: (query) => listGaps(parts, query),
    inventoryAsOf: (request) => inventoryAsOf(parts, request),
    inventorySince: (cluster) => inventorySince(parts, cluster),
    workloadPods: (params, window) => workloadPods(parts, params, window),
    inventoryBaseline: (cluster) => inventoryBaseline(parts, cluster),
    newestKubernetesEvents: (place) => newestKubernetesEvents(parts, place),
    windowOf: async (query, tables) => {
      const window = resolveWindow({}, query, clock.nowMs());
      return { ...(await answerWindow(parts, window, tables, "")), ...window };
    },
    lossesSince: (sinceMs) => lossesSince(parts, sinceMs),
    flowsSince: (cursor, q, limit, start = {}) => flowsSince(parts, cursor, { q, limit, start }),
    securityAfter: (position, limit) => securityAfter(parts, position, limit),
    eventsSince: (cursor, query, limit, start = {}) => eventsSince(parts, cursor, { ...query, limit, start }),
  };
}

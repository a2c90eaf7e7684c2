// Reads see what was accepted before them: each query first lets the intake put what waits into the store; a stream only says that
// somebody watches, its next poll brings the rest.
import type { Queries } from "../../edge/store/queries/queries.ts";
import type { Freshness } from "./parts.ts";

export function freshQueries(queries: Queries, freshness: Freshness): Queries {
  async function settled<T>(read: () => Promise<T>): Promise<T> {
    await freshness.settle();
    return read();
  }
  function watched<T>(read: () => Promise<T>): Promise<T> {
    freshness.watch();
    return read();
  }
  return {
    listFlows: (query) => settled(() => queries.listFlows(query)),
    flowTimeline: (query) => settled(() => queries.flowTimeline(query)),
    listEvents: (query) => settled(() => queries.listEvents(query)),
    listWorkloads: (query) => settled(() => queries.listWorkloads(query)),
    getWorkload: (params, query) => settled(() => queries.getWorkload(params, query)),
    workloadProcesses: (params, query) => settled(() => queries.workloadProcesses(params, query)),
    workloadPeers: (params, query) => settled(() => queries.workloadPeers(params, query)),
    workloadDns: (params, query) => settled(() => queries.workloadDns(params, query)),
    graphSums: (query) => settled(() => queries.graphSums(query)),
    overviewNumbers: (query) => settled(() => queries.overviewNumbers(query)),
    policyFlowKeys: (query) => settled(() => queries.policyFlowKeys(query)),
    policyRuleCounts: (query) => settled(() => queries.policyRuleCounts(query)),
    wafSums: (query) => settled(() => queries.wafSums(query)),
    wafRequest: (key) => settled(() => queries.wafRequest(key)),
    wafModeSums: (query) => settled(() => queries.wafModeSums(query)),
    listDetections: (query) => settled(() => queries.listDetections(query)),
    findDetection: (...given) => settled(() => queries.findDetection(...given)),
    relatedDetections: (request) => settled(() => queries.relatedDetections(request)),
    detectionTree: (...given) => settled(() => queries.detectionTree(...given)),
    detectionRuleSums: (query) => settled(() => queries.detectionRuleSums(query)),
    noiseSums: (query) => settled(() => queries.noiseSums(query)),
    noiseEvents: (query) => settled(() => queries.noiseEvents(query)),
    baselineSums: (request) => settled(() => queries.baselineSums(request)),
    baselineDrift: (request) => settled(() => queries.baselineDrift(request)),
    baselineAlarms: (request) => settled(() => queries.baselineAlarms(request)),
    usageRows: (...given) => settled(() => queries.usageRows(...given)),
    workloadPostures: (...given) => settled(() => queries.workloadPostures(...given)),
    listPostures: (query) => settled(() => queries.listPostures(query)),
    touched: (...given) => settled(() => queries.touched(...given)),
    imageUse: (query) => settled(() => queries.imageUse(query)),
    reachedWorkloads: (query) => settled(() => queries.reachedWorkloads(query)),
    // A hint helps typing: it may miss the last second, but must not wait.
    hints: (query) => watched(() => queries.hints(query)),
    listGaps: (query) => settled(() => queries.listGaps(query)),
    inventoryAsOf: (request) => settled(() => queries.inventoryAsOf(request)),
    inventorySince: (cluster) => queries.inventorySince(cluster),
    workloadPods: (...given) => settled(() => queries.workloadPods(...given)),
    // What the run before accepted and did not store yet counts as written.
    inventoryBaseline: (cluster) => settled(() => queries.inventoryBaseline(cluster)),
    newestKubernetesEvents: (place) => settled(() => queries.newestKubernetesEvents(place)),
    windowOf: (...given) => queries.windowOf(...given),
    // How Garrison is doing must not wait for what it is doing.
    lossesSince: (sinceMs) => queries.lossesSince(sinceMs),
    // An output is no reader that waits before a screen: it takes what is in the store.
    securityAfter: (...given) => queries.securityAfter(...given),
    flowsSince: (...given) => watched(() => queries.flowsSince(...given)),
    eventsSince: (...given) => watched(() => queries.eventsSince(...given)),
  };
}

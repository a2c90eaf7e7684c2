// Named limits of the clusters side.

export const clusterLimits = {
  clustersMax: 64,
  /** How often the folder of kubeconfigs is looked at. */
  folderMs: 2000,
  /** Changes are gathered this long before they are told on. */
  gatherMs: 150,
  /** At the start: what has not been listed by then is told on without the rest. */
  settleMs: 45_000,
  /** Facts that wait to be written: for the store's memory of the last run, or for room on disk. */
  factsHeldMax: 200_000,
  eventsHeldMax: 20_000,
  /** Rows and text of one block. */
  blockRowsMax: 1000,
  blockLengthMax: 4 * 1024 * 1024,
  /** What lives is written again after so long; how often that is looked at, and how much at once. */
  seenMs: 12 * 3_600_000,
  seenLookMs: 60_000,
  seenRowsMax: 2000,
  /** Event objects that are remembered, so that a new list does not write them again. */
  eventsKnownMax: 50_000,
  /** NetworkPolicies of a cluster that are kept, and the length of one as JSON. */
  ownPoliciesMax: 10_000,
  ownPolicyLengthMax: 256 * 1024,
  /** Between two tries to read what the store knows, or to write what it refused. */
  retryMs: 3000,
  /** A watch that was down for less is no gap. */
  gapMsMin: 5000,
  /** While a watch is down its gap is written in pieces of this length. */
  gapPieceMs: 300_000,
} as const;

/** Where rows of a cluster's API server come from: it is no node, so it has a name of its own. */
export const apiServerNode = "kubernetes";

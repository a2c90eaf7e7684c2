// Named limits of enforcement on a node.

export const enforceLimits = {
  /** How long connections are tracked before the first policies of a node are judged, where nothing was tracked. */
  firstLookMs: 1500,
  /** Resources come one by one: a change is what came until so long nothing more did, at most so long after the first. */
  resourcesSettleMs: 250,
  resourcesSettleMsMax: 10_000,
  /** A change that says it is not whole yet is waited for, until so long nothing more of it came, at most so long after the first. */
  holdQuietMs: 30_000,
  holdMsMax: 600_000,
  /** A time limit that comes so long after the policies it is for still counts. */
  lateLimitMs: 30_000,
  /** Identities come in crowds: a crowd of so long is one change. */
  settleMs: 50,
  /** How often routes, namespaces, time limits and the break-glass file are looked at. */
  tickEveryMs: 250,
  lookEveryMs: 5000,
  /** After endpoints came and went the sizes of sets are read back so often at most. */
  readBackEveryMs: 5000,
  /** How often counters of rules are read. */
  countersEveryMs: 10_000,
  /** A transaction that the kernel refused is tried again after so long, twice as long each time. */
  retryMsMin: 500,
  retryMsMax: 30_000,
  /** Somebody who changes our rules more often is met after pauses, twice as long each time. */
  repairsPerMinuteMax: 10,
  /** Another agent that holds the table for its own is met so often. */
  otherAgentRepairsMax: 3,
  repairPauseMsMin: 5000,
  repairPauseMsMax: 300_000,
  /** Tracked connections that are judged; what is beyond is said in the reason. */
  connectionsMax: 100_000,
  /** Connections of endpoints that changed are judged so often at most; of more addresses than this all are. */
  reevaluateEveryMs: 1000,
  reevaluateAddressesMax: 10_000,
  /** Connections that a refusal names. */
  examplesMax: 5,
  /** Policies whose receipt is fetched after one change; the rest follows in the next rounds. */
  proveAtOnceMax: 64,
  /** Pairs of ends and ports that are looked through for one policy's probes. */
  probeSearchMax: 4000,
  probeTimeoutMs: 700,
  /** Other nodes, and kinds of workloads, that are asked about as clients of guarded services. */
  guardNodesMax: 256,
  guardWorkloadsMax: 512,
  /** Ends of this machine that probes are made between. */
  probeEndsMax: 64,
  /** Statuses with receipts and counters; those beyond say state and reason. */
  detailedStatusesMax: 1000,
  /** Digests that were taken back and are remembered. */
  takenBackMax: 32,
  /** Policies that taken-back changes had brought, and are held; the oldest leave. */
  takenBackPartsMax: 1000,
  /** A gap that goes on is told in pieces of so long. */
  gapPieceMs: 60_000,
  /** Bytes of the file that keeps the last confirmed policies. */
  keptBytesMax: 64 * 1024 * 1024,
  /** Denied connections: keys of one window, and five-tuples that were counted lately. */
  denyKeysMax: 4000,
  tuplesMax: 32_768,
  /** A retransmitted first packet is the same connection for so long. */
  tupleKeptMs: 130_000,
  denyWindowMs: 15_000,
  denyFirstRowMs: 1000,
  /** Which rule decided about which pair, for rows of the sensor. */
  notesMax: 65_536,
  noteKeptMs: 120_000,
} as const;

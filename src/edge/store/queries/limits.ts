// Guard rails of the named queries, in one place. What a rail cuts off is said in `window.partialBecause` or in `omitted`.

export const queryLimits = {
  /** One statement. */
  timeoutMs: 8000,
  /** Time for one listing, which may be several statements. */
  listMs: 9000,
  /** Rows that one statement over a raw table may read. */
  rowsToReadMax: 30_000_000,
  /** Bytes (uncompressed, as the engine counts them) that one statement may read. */
  bytesToReadMax: 8_000_000_000,
  /** A graph from rollups: 90 days of some thousand edges. It reads no raw rows. */
  graphRowsToReadMax: 8_000_000,
  graphBytesToReadMax: 2_000_000_000,
  /** A graph from raw rows: at most `graphRawMsMax` of them. */
  graphRawRowsToReadMax: 30_000_000,
  graphRawBytesToReadMax: 6_000_000_000,
  graphRawMsMax: 3_600_000,
  /** Over longer windows nothing is compared with what was usual before. */
  usualWindowMsMax: 21_600_000,
  /** Sums per pair of ends, port and verdict: the busiest are kept. */
  graphPairsMax: 50_000,
  /** Flows of policies from raw rows: a day at most; keys of one answer; rules that are counted. */
  policyRawMsMax: 86_400_000,
  policyRawRowsToReadMax: 60_000_000,
  policyRawBytesToReadMax: 8_000_000_000,
  policyFlowsMax: 50_000,
  policyRulesMax: 100_000,
  /** WAF events: what one of the board's sums reads, and how long its lists are. */
  wafRowsToReadMax: 10_000_000,
  wafBytesToReadMax: 2_000_000_000,
  wafTopMax: 50,
  wafWorkloadsMax: 500,
  /** Detections: what one statement reads, cards that can be reached by paging, and the lengths of what hangs on one. */
  detectionRowsToReadMax: 10_000_000,
  detectionBytesToReadMax: 4_000_000_000,
  detectionsMax: 50_000,
  detectionRulesMax: 5000,
  relatedReadMax: 200,
  /** A process tree is many questions one after another: all of them together, and what the last one may still take. */
  treeMs: 9000,
  treeLastMs: 2000,
  treeReadMax: 500,
  treeSkeletonMax: 5000,
  treeDeedsReadMax: 3000,
  noiseMax: 200,
  noiseClustersMax: 500,
  noiseEventsMax: 20_000,
  /** Baselines: what one statement reads, groups of one kind (of all workloads, of one), workloads, drift items. */
  baselineRowsToReadMax: 30_000_000,
  baselineBytesToReadMax: 8_000_000_000,
  baselineListFactsMax: 50_000,
  baselineFactsMax: 10_000,
  baselineWorkloadsMax: 1000,
  baselineDriftMax: 5000,
  baselineAlarmsMax: 500,
  /** Learning and postures: what one statement reads, rows of one workload, containers of one list, paths for AppArmor. */
  profileRowsToReadMax: 30_000_000,
  profileBytesToReadMax: 4_000_000_000,
  usageRowsMax: 20_000,
  posturesMax: 5000,
  touchedPathsMax: 10_000,
  imageFilesMax: 200_000,
  reachedMax: 20_000,
  /** What needs a person: events of the window, and how many sums of them. */
  overviewRowsToReadMax: 10_000_000,
  overviewBytesToReadMax: 1_000_000_000,
  overviewSumsMax: 500,
  /** Rows that one listing may read; then it stops and says how far back it looked. */
  listRowsToReadMax: 60_000_000,
  /** Rows read for the values of one filter field. */
  hintRowsToReadMax: 5_000_000,
  hintsMax: 50,
  gapsMax: 100,
  /** Gaps of one kind with at most this much, or this share of the window, between them are shown as one. */
  gapApartMsMin: 10_000,
  gapApartWindowShare: 200,
  /** Sums of gaps that the store answers for one window, before they are joined. */
  gapSumsMax: 20_000,
  /** Sums of losses by node, reason and event type: the largest are kept. */
  lossesMax: 5000,
  /** How long the answer to "since when is data kept" is believed. */
  oldestKeptMs: 15_000,
  /** A gap that began this long before the window is still found. */
  gapLookBackMs: 86_400_000,
  peersMax: 500,
  namesMax: 500,
  workloadsMax: 10_000,
  /** A process that began this long before the window is still found when it was alive in it. */
  processLookBackMs: 86_400_000,
  /** Ancestors of listed processes: generations that are looked for, and parents of one of them. */
  processGenerationsMax: 8,
  processParentsMax: 200,
  /** Newest-first listings look at this much first, and at `listGrowth` times more with every further step. */
  listFirstMs: 300_000,
  listGrowth: 12,
  listStepMsMin: 60_000,
  timelineStepMsMin: 15_000,
  /** Lists of workloads over a longer window are answered from the rollup. */
  rawMsMax: 3_600_000,
  /** A window "until now" reaches this much further, for rows with a clock ahead of ours. */
  rawSlackMs: 120_000,
  /** A live stream delivers rows that carry a time of at most this long ago. */
  streamLookBackMs: 86_400_000,
  streamAheadMs: 86_400_000,
  /** Where a new stream looks for the newest blocks first. */
  streamHeadMs: 600_000,
  /** Blocks that a stream takes at once, the newest ones; rows of the others are counted as skipped. */
  streamBlocksReadMax: 1024,
  /** Blocks that a stream's cursor remembers singly, so that blocks that become visible out of order are not missed. */
  streamBlocksMax: 64,
  /** Blocks of security events that an output looks at in one question. */
  feedBlocksMax: 256,
} as const;

// A seeded world of flows, made inside the engine: SQL over numbers() with hashes for chance, so that 10 M rows take a minute, not an hour.
// Its parameters are explained in README.md; the same seed gives the same rows.

export interface World {
  readonly seed: number;
  readonly days: number;
  readonly workloads: number;
  readonly namespaces: number;
  readonly edges: number;
  /** Conversations that go on at the same time on a weekday afternoon. */
  readonly slots: number;
  /** Of 1000 edges: to something outside the cluster; seen by one reporter only. */
  readonly externalPerMille: number;
  readonly deniedPerMille: number;
  /** Of 1000 slots: jobs that run a minute or two at the same minute of each hour. */
  readonly cronPerMille: number;
}

export const defaultWorld: World = {
  seed: 42,
  days: 30,
  workloads: 600,
  namespaces: 40,
  edges: 2400,
  slots: 242,
  externalPerMille: 100,
  deniedPerMille: 38,
  cronPerMille: 60,
};

/** Share of the slots that are busy in an hour of the day (UTC), in per cent; weekends have half. */
const busyByHour = [25, 20, 18, 18, 20, 28, 40, 60, 85, 100, 100, 98, 92, 96, 100, 100, 96, 88, 75, 65, 55, 45, 38, 30];

/**
 * The SELECT that makes one day's rows, or those of some of its minutes, with exactly the columns of `insertColumns`. `startSeconds` is
 * midnight UTC.
 */
export function daySelect(world: World, startSeconds: number, minutes = { from: 0, count: 1440 }): string {
  const weekend = [0, 6].includes(new Date(startSeconds * 1000).getUTCDay()) ? 0.5 : 1;
  const hash = (salt: number, ...parts: readonly string[]): string =>
    `cityHash64(${[...parts, String(world.seed + salt)].join(", ")})`;
  const pick = (salt: number, modulus: number | string, ...parts: readonly string[]): string =>
    `(${hash(salt, ...parts)} % ${modulus})`;
  const one = (salt: number, ...parts: readonly string[]): string =>
    `(${hash(salt, ...parts)} / 18446744073709551615.)`;
  const minute = `intDiv(${startSeconds}, 60) + number`;
  return `
WITH
  ['http', 'grpc', 'postgres', 'redis', 'kafka', 'metrics'] AS processNames,
  [8080, 9090, 5432, 6379, 9092, 9100] AS ports,
  exp(2.4 * (${one(8, "minute", "slot")} + ${one(18, "minute", "slot", "1")} + ${one(19, "minute", "slot", "2")} - 1.5)) AS burst,
  if(isSource OR ${pick(34, 10, "minute", "slot")} < 7, 1.0, 0.97 + 0.06 * ${one(35, "minute", "slot")}) AS atReporter,
  toInt16(32 + edge % 9 + ${pick(14, 4, "minute", "slot", "isSource")}) AS rttBucket
SELECT
  toDateTime64(minute * 60, 3, 'UTC') AS time, 60000 AS durationMs, 'production' AS cluster,
  concat('node-', toString(if(isSource, sourcePodNumber, destinationPodNumber) % 40)) AS node, minute AS ingest,
  if(isSource, 'source', 'destination') AS reporter, if(isDenied, 'deny', 'allow') AS verdict,
  if(isDenied, 'policy default/deny', 'established') AS verdictBecause, 2 AS level, 1 + ${pick(1, 4, "minute", "slot")} AS merged, 'tcp' AS protocol,
  'Deployment' AS sourceKind, concat('team-', toString(source % ${world.namespaces})) AS sourceNamespace,
  concat('app-', toString(source)) AS sourceWorkload,
  concat('app-', toString(source), '-', substring(lower(hex(${hash(2, "sourcePodNumber")})), 1, 10)) AS sourcePod,
  toIPv6(concat('10.', toString(sourcePodNumber % 8), '.', toString(intDiv(sourcePodNumber, 8) % 250), '.', toString(sourcePodNumber % 250))) AS sourceAddress,
  0 AS sourcePort, '' AS sourceReason, toUInt32(source + 1) AS sourceLabels, concat('app-', toString(source)) AS sourceService,
  concat('sha256:', substring(lower(hex(${hash(36, "source", "intDiv(minute, 20160)")})), 1, 16)) AS sourceImageDigest,
  if(isExternal, '', concat('sha256:', substring(lower(hex(${hash(36, "destination", "intDiv(minute, 20160)")})), 1, 16))) AS destinationImageDigest,
  if(isExternal, 'External', 'Deployment') AS destinationKind,
  if(isExternal, '', concat('team-', toString(destination % ${world.namespaces}))) AS destinationNamespace,
  if(isExternal, '', concat('app-', toString(destination))) AS destinationWorkload,
  if(isExternal, '', concat('app-', toString(destination), '-', substring(lower(hex(${hash(2, "destinationPodNumber")})), 1, 10))) AS destinationPod,
  toIPv6(concat(if(isExternal, '203.', '10.'), toString(destinationPodNumber % 8), '.', toString(intDiv(destinationPodNumber, 8) % 250), '.', toString(destinationPodNumber % 250))) AS destinationAddress,
  ports[1 + service] AS destinationPort, '' AS destinationReason, toUInt32(destination + 1) AS destinationLabels,
  if(isExternal, '', concat('app-', toString(destination))) AS destinationService,
  if(isExternal, concat('api', toString(destination % 90), '.example.com'), '') AS destinationDomain,
  processNames[1 + if(isSource, source, destination) % 6] AS process,
  concat('/usr/bin/', processNames[1 + if(isSource, source, destination) % 6]) AS executable,
  toUInt32(1000 + ${pick(3, 60_000, "if(isSource, sourcePodNumber, destinationPodNumber)")}) AS pid, 'main' AS container,
  substring(lower(hex(${hash(4, "if(isSource, sourcePodNumber, destinationPodNumber)")})), 1, 12) AS containerId,
  concat('registry.example/app-', toString(if(isSource, source, destination)), ':1.', toString(intDiv(minute, 20160))) AS image,
  [toUInt32(1 + edge % 50)] AS policies, emptyArrayUInt32() AS policiesStaged, toUInt32(intDiv(minute, 1440)) AS policyGeneration,
  toUInt32(if(isDenied, 0, ${pick(5, 4, "minute", "slot")})) AS connectionsOpened, connectionsOpened AS connectionsClosed,
  toUInt32(isDenied) AS connectionsFailed, toUInt32(${pick(6, 40, "minute", "slot")} = 0) AS resets, toUInt32(${pick(7, 30, "minute", "slot", "isSource")} = 0) AS retransmits,
  toUInt64(if(isDenied, 1, 2 + pow(2, 14 * edgeSize) * burst * atReporter)) AS packetsSent,
  toUInt64(if(isDenied, 0, packetsSent * (0.5 + ${one(9, "minute", "slot")}))) AS packetsReceived,
  toUInt64(if(isDenied, 0, packetsSent * (40 + 400 * ${one(10, "edge")}) * (0.8 + 0.4 * ${one(16, "minute", "slot")}))) AS bytesSent,
  toUInt64(if(isDenied, 0, packetsReceived * (40 + 1300 * ${one(12, "edge")}) * (0.8 + 0.4 * ${one(17, "minute", "slot")}))) AS bytesReceived,
  if(isDenied OR connectionsClosed = 0, CAST(map(), 'Map(Int16, UInt32)'),
    CAST(mapUpdate(map(rttBucket, connectionsClosed), if(connectionsClosed > 2, map(toInt16(rttBucket + 1 + minute % 3), toUInt32(2)), map(rttBucket, connectionsClosed))), 'Map(Int16, UInt32)')) AS rttUs,
  'not-looked' AS tls, '' AS serverName, false AS loopback, 'kernel' AS fidelity,
  substring(lower(hex(${hash(15, "edge", "sourcePodNumber", "destinationPodNumber", "isSource")})), 1, 16) AS flowId
FROM (
  SELECT minute, slot, isSource, edge, session, ${pick(20, world.workloads, "edge")} AS source,
    toUInt64(floor(pow(${one(21, "edge")}, 2) * ${world.workloads})) AS destination, ${pick(22, 6, "destination")} AS service,
    ${pick(23, 1000, "edge")} < ${world.externalPerMille} AS isExternal, ${pick(24, 1000, "edge", "sourcePodNumber")} < ${world.deniedPerMille} AS isDenied, ${one(25, "edge")} AS edgeSize,
    source * 16 + ${pick(26, "(1 + source % 8)", "session", "edge")} AS sourcePodNumber,
    destination * 16 + ${pick(27, "(1 + destination % 8)", "session", "edge", "1")} AS destinationPodNumber
  FROM (
    SELECT minute, slot, isCron, if(isCron, toUInt64(minute % 60 * 1000 + slot), intDiv(minute + ${pick(30, 1440, "slot")}, sessionMinutes) * 4096 + slot) AS session,
      toUInt64(floor(pow(${one(31, "session")}, 2.5) * ${world.edges})) AS edge, arrayJoin([true, false]) AS isSource
    FROM (
      SELECT ${minute} AS minute, arrayJoin(range(toUInt64(${world.slots} * ${weekend} * ${JSON.stringify(busyByHour)}[1 + intDiv(number, 60)] / 100))) AS slot,
        ${pick(32, 1000, "slot")} < ${world.cronPerMille} AS isCron, 3 + ${pick(33, 240, "slot")} AS sessionMinutes
      FROM numbers(${minutes.from}, ${minutes.count})
    )
  )
)
WHERE isSource OR NOT (isExternal OR isDenied)`;
}

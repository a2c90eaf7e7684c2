-- The schema as version 1 of garrison's store made it (release 0.1.0): what a test migrates. Never edited.

CREATE TABLE IF NOT EXISTS garrison_meta (kind LowCardinality(String), key String, value String, at DateTime64(3, 'UTC') DEFAULT now64(3)) ENGINE = MergeTree ORDER BY (kind, key, at);

INSERT INTO garrison_meta (kind, key, value) SELECT 'migration', '1', 'raw tables, rollups and their views';

CREATE TABLE IF NOT EXISTS flows (
  `time` DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  `durationMs` UInt32 CODEC(T64, ZSTD(1)),
  `cluster` LowCardinality(String) CODEC(ZSTD(1)),
  `node` LowCardinality(String) CODEC(ZSTD(1)),
  `ingest` UInt64 CODEC(DoubleDelta, ZSTD(1)),
  `reporter` LowCardinality(String) CODEC(ZSTD(1)),
  `verdict` LowCardinality(String) CODEC(ZSTD(1)),
  `verdictBecause` LowCardinality(String) CODEC(ZSTD(1)),
  `level` UInt8 CODEC(ZSTD(1)),
  `merged` UInt32 CODEC(T64, ZSTD(1)),
  `protocol` LowCardinality(String) CODEC(ZSTD(1)),
  `sourceKind` LowCardinality(String) CODEC(ZSTD(1)),
  `sourceNamespace` LowCardinality(String) CODEC(ZSTD(1)),
  `sourceWorkload` LowCardinality(String) CODEC(ZSTD(1)),
  `sourcePod` LowCardinality(String) CODEC(ZSTD(1)),
  `sourceAddress` IPv6 CODEC(ZSTD(1)),
  `sourcePort` UInt16 CODEC(ZSTD(1)),
  `sourceReason` LowCardinality(String) CODEC(ZSTD(1)),
  `sourceLabels` UInt32 CODEC(T64, ZSTD(1)),
  `destinationKind` LowCardinality(String) CODEC(ZSTD(1)),
  `destinationNamespace` LowCardinality(String) CODEC(ZSTD(1)),
  `destinationWorkload` LowCardinality(String) CODEC(ZSTD(1)),
  `destinationPod` LowCardinality(String) CODEC(ZSTD(1)),
  `destinationAddress` IPv6 CODEC(ZSTD(1)),
  `destinationPort` UInt16 CODEC(ZSTD(1)),
  `destinationReason` LowCardinality(String) CODEC(ZSTD(1)),
  `destinationLabels` UInt32 CODEC(T64, ZSTD(1)),
  `destinationService` LowCardinality(String) CODEC(ZSTD(1)),
  `destinationDomain` LowCardinality(String) CODEC(ZSTD(1)),
  `process` LowCardinality(String) CODEC(ZSTD(1)),
  `executable` LowCardinality(String) CODEC(ZSTD(1)),
  `pid` UInt32 CODEC(T64, ZSTD(1)),
  `container` LowCardinality(String) CODEC(ZSTD(1)),
  `containerId` LowCardinality(String) CODEC(ZSTD(1)),
  `image` LowCardinality(String) CODEC(ZSTD(1)),
  `policies` Array(UInt32) CODEC(ZSTD(1)),
  `policiesStaged` Array(UInt32) CODEC(ZSTD(1)),
  `policyGeneration` UInt32 CODEC(T64, ZSTD(1)),
  `connectionsOpened` UInt32 CODEC(T64, ZSTD(1)),
  `connectionsClosed` UInt32 CODEC(T64, ZSTD(1)),
  `connectionsFailed` UInt32 CODEC(T64, ZSTD(1)),
  `resets` UInt32 CODEC(T64, ZSTD(1)),
  `retransmits` UInt32 CODEC(T64, ZSTD(1)),
  `packetsSent` UInt64 CODEC(ZSTD(1)),
  `packetsReceived` UInt64 CODEC(ZSTD(1)),
  `bytesSent` UInt64 CODEC(ZSTD(1)),
  `bytesReceived` UInt64 CODEC(ZSTD(1)),
  `rttUs` Map(Int16, UInt32) CODEC(ZSTD(1)),
  `tls` LowCardinality(String) CODEC(ZSTD(1)),
  `serverName` LowCardinality(String) CODEC(ZSTD(1)),
  `loopback` Bool CODEC(ZSTD(1)),
  `fidelity` LowCardinality(String) CODEC(ZSTD(1)),
  `flowId` String CODEC(ZSTD(1)),
  INDEX ingestRange ingest TYPE minmax GRANULARITY 1,
  INDEX sourcePodBloom sourcePod TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX destinationPodBloom destinationPod TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX destinationDomainBloom destinationDomain TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfFiveMinutes(time), sourceNamespace, sourceWorkload, destinationNamespace, destinationWorkload, destinationPort, sourcePod, destinationPod, time, reporter)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS process_events (
  `time` DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  `cluster` LowCardinality(String) CODEC(ZSTD(1)),
  `node` LowCardinality(String) CODEC(ZSTD(1)),
  `ingest` UInt64 CODEC(DoubleDelta, ZSTD(1)),
  `action` LowCardinality(String) CODEC(ZSTD(1)),
  `processId` String CODEC(ZSTD(1)),
  `parentProcessId` String CODEC(ZSTD(1)),
  `pid` UInt32 CODEC(T64, ZSTD(1)),
  `parentPid` UInt32 CODEC(T64, ZSTD(1)),
  `uid` UInt32 CODEC(T64, ZSTD(1)),
  `gid` UInt32 CODEC(T64, ZSTD(1)),
  `capabilities` UInt64 CODEC(ZSTD(1)),
  `name` LowCardinality(String) CODEC(ZSTD(1)),
  `executable` LowCardinality(String) CODEC(ZSTD(1)),
  `arguments` Array(String) CODEC(ZSTD(1)),
  `argumentsCut` Bool CODEC(ZSTD(1)),
  `redacted` Array(String) CODEC(ZSTD(1)),
  `workingDirectory` LowCardinality(String) CODEC(ZSTD(1)),
  `ancestors` Array(String) CODEC(ZSTD(1)),
  `startTime` DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  `exitCode` Int32 CODEC(T64, ZSTD(1)),
  `signal` UInt32 CODEC(T64, ZSTD(1)),
  `durationMs` UInt64 CODEC(ZSTD(1)),
  `namespace` LowCardinality(String) CODEC(ZSTD(1)),
  `workload` LowCardinality(String) CODEC(ZSTD(1)),
  `workloadKind` LowCardinality(String) CODEC(ZSTD(1)),
  `service` LowCardinality(String) CODEC(ZSTD(1)),
  `pod` LowCardinality(String) CODEC(ZSTD(1)),
  `container` LowCardinality(String) CODEC(ZSTD(1)),
  `containerId` String CODEC(ZSTD(1)),
  `image` LowCardinality(String) CODEC(ZSTD(1)),
  `imageDigest` LowCardinality(String) CODEC(ZSTD(1)),
  `identityReason` LowCardinality(String) CODEC(ZSTD(1)),
  `fidelity` LowCardinality(String) CODEC(ZSTD(1)),
  INDEX ingestRange ingest TYPE minmax GRANULARITY 1,
  INDEX processIdBloom processId TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfFiveMinutes(time), namespace, workload, executable, time)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS file_events (
  `time` DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  `cluster` LowCardinality(String) CODEC(ZSTD(1)),
  `node` LowCardinality(String) CODEC(ZSTD(1)),
  `ingest` UInt64 CODEC(DoubleDelta, ZSTD(1)),
  `action` LowCardinality(String) CODEC(ZSTD(1)),
  `path` String CODEC(ZSTD(1)),
  `requestedPath` String CODEC(ZSTD(1)),
  `targetPath` String CODEC(ZSTD(1)),
  `flags` UInt32 CODEC(T64, ZSTD(1)),
  `mode` UInt32 CODEC(T64, ZSTD(1)),
  `count` UInt32 CODEC(T64, ZSTD(1)),
  `processId` String CODEC(ZSTD(1)),
  `pid` UInt32 CODEC(T64, ZSTD(1)),
  `process` LowCardinality(String) CODEC(ZSTD(1)),
  `executable` LowCardinality(String) CODEC(ZSTD(1)),
  `namespace` LowCardinality(String) CODEC(ZSTD(1)),
  `workload` LowCardinality(String) CODEC(ZSTD(1)),
  `workloadKind` LowCardinality(String) CODEC(ZSTD(1)),
  `service` LowCardinality(String) CODEC(ZSTD(1)),
  `pod` LowCardinality(String) CODEC(ZSTD(1)),
  `container` LowCardinality(String) CODEC(ZSTD(1)),
  `containerId` String CODEC(ZSTD(1)),
  `image` LowCardinality(String) CODEC(ZSTD(1)),
  `imageDigest` LowCardinality(String) CODEC(ZSTD(1)),
  `identityReason` LowCardinality(String) CODEC(ZSTD(1)),
  `fidelity` LowCardinality(String) CODEC(ZSTD(1)),
  INDEX ingestRange ingest TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfFiveMinutes(time), namespace, workload, executable, path, time)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS dns_events (
  `time` DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  `cluster` LowCardinality(String) CODEC(ZSTD(1)),
  `node` LowCardinality(String) CODEC(ZSTD(1)),
  `ingest` UInt64 CODEC(DoubleDelta, ZSTD(1)),
  `reporter` LowCardinality(String) CODEC(ZSTD(1)),
  `question` String CODEC(ZSTD(1)),
  `questionType` LowCardinality(String) CODEC(ZSTD(1)),
  `responseCode` LowCardinality(String) CODEC(ZSTD(1)),
  `answers` Array(String) CODEC(ZSTD(1)),
  `ttlSeconds` UInt32 CODEC(T64, ZSTD(1)),
  `latencyUs` UInt32 CODEC(T64, ZSTD(1)),
  `server` IPv6 CODEC(ZSTD(1)),
  `serverPort` UInt16 CODEC(ZSTD(1)),
  `count` UInt32 CODEC(T64, ZSTD(1)),
  `processId` String CODEC(ZSTD(1)),
  `pid` UInt32 CODEC(T64, ZSTD(1)),
  `process` LowCardinality(String) CODEC(ZSTD(1)),
  `namespace` LowCardinality(String) CODEC(ZSTD(1)),
  `workload` LowCardinality(String) CODEC(ZSTD(1)),
  `workloadKind` LowCardinality(String) CODEC(ZSTD(1)),
  `service` LowCardinality(String) CODEC(ZSTD(1)),
  `pod` LowCardinality(String) CODEC(ZSTD(1)),
  `container` LowCardinality(String) CODEC(ZSTD(1)),
  `containerId` String CODEC(ZSTD(1)),
  `image` LowCardinality(String) CODEC(ZSTD(1)),
  `imageDigest` LowCardinality(String) CODEC(ZSTD(1)),
  `identityReason` LowCardinality(String) CODEC(ZSTD(1)),
  `fidelity` LowCardinality(String) CODEC(ZSTD(1)),
  INDEX ingestRange ingest TYPE minmax GRANULARITY 1,
  INDEX questionBloom question TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfFiveMinutes(time), namespace, workload, question, time)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS http_events (
  `time` DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  `cluster` LowCardinality(String) CODEC(ZSTD(1)),
  `node` LowCardinality(String) CODEC(ZSTD(1)),
  `ingest` UInt64 CODEC(DoubleDelta, ZSTD(1)),
  `reporter` LowCardinality(String) CODEC(ZSTD(1)),
  `method` LowCardinality(String) CODEC(ZSTD(1)),
  `host` LowCardinality(String) CODEC(ZSTD(1)),
  `path` String CODEC(ZSTD(1)),
  `version` LowCardinality(String) CODEC(ZSTD(1)),
  `status` UInt16 CODEC(ZSTD(1)),
  `latencyUs` UInt32 CODEC(T64, ZSTD(1)),
  `peerAddress` IPv6 CODEC(ZSTD(1)),
  `peerPort` UInt16 CODEC(ZSTD(1)),
  `peerNamespace` LowCardinality(String) CODEC(ZSTD(1)),
  `peerWorkload` LowCardinality(String) CODEC(ZSTD(1)),
  `traceId` String CODEC(ZSTD(1)),
  `count` UInt32 CODEC(T64, ZSTD(1)),
  `processId` String CODEC(ZSTD(1)),
  `pid` UInt32 CODEC(T64, ZSTD(1)),
  `process` LowCardinality(String) CODEC(ZSTD(1)),
  `namespace` LowCardinality(String) CODEC(ZSTD(1)),
  `workload` LowCardinality(String) CODEC(ZSTD(1)),
  `workloadKind` LowCardinality(String) CODEC(ZSTD(1)),
  `service` LowCardinality(String) CODEC(ZSTD(1)),
  `pod` LowCardinality(String) CODEC(ZSTD(1)),
  `container` LowCardinality(String) CODEC(ZSTD(1)),
  `containerId` String CODEC(ZSTD(1)),
  `image` LowCardinality(String) CODEC(ZSTD(1)),
  `imageDigest` LowCardinality(String) CODEC(ZSTD(1)),
  `identityReason` LowCardinality(String) CODEC(ZSTD(1)),
  `fidelity` LowCardinality(String) CODEC(ZSTD(1)),
  INDEX ingestRange ingest TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfFiveMinutes(time), namespace, workload, host, path, time)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS kubernetes_events (
  `time` DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  `cluster` LowCardinality(String) CODEC(ZSTD(1)),
  `node` LowCardinality(String) CODEC(ZSTD(1)),
  `ingest` UInt64 CODEC(DoubleDelta, ZSTD(1)),
  `type` LowCardinality(String) CODEC(ZSTD(1)),
  `reason` LowCardinality(String) CODEC(ZSTD(1)),
  `message` String CODEC(ZSTD(1)),
  `objectKind` LowCardinality(String) CODEC(ZSTD(1)),
  `objectName` LowCardinality(String) CODEC(ZSTD(1)),
  `component` LowCardinality(String) CODEC(ZSTD(1)),
  `count` UInt32 CODEC(T64, ZSTD(1)),
  `namespace` LowCardinality(String) CODEC(ZSTD(1)),
  `workload` LowCardinality(String) CODEC(ZSTD(1)),
  `workloadKind` LowCardinality(String) CODEC(ZSTD(1)),
  `service` LowCardinality(String) CODEC(ZSTD(1)),
  `pod` LowCardinality(String) CODEC(ZSTD(1)),
  `container` LowCardinality(String) CODEC(ZSTD(1)),
  `containerId` String CODEC(ZSTD(1)),
  `image` LowCardinality(String) CODEC(ZSTD(1)),
  `imageDigest` LowCardinality(String) CODEC(ZSTD(1)),
  `identityReason` LowCardinality(String) CODEC(ZSTD(1)),
  `fidelity` LowCardinality(String) CODEC(ZSTD(1)),
  INDEX ingestRange ingest TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfFiveMinutes(time), namespace, workload, objectKind, objectName, time)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS audit_events (
  `time` DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  `cluster` LowCardinality(String) CODEC(ZSTD(1)),
  `node` LowCardinality(String) CODEC(ZSTD(1)),
  `ingest` UInt64 CODEC(DoubleDelta, ZSTD(1)),
  `auditId` String CODEC(ZSTD(1)),
  `stage` LowCardinality(String) CODEC(ZSTD(1)),
  `verb` LowCardinality(String) CODEC(ZSTD(1)),
  `user` LowCardinality(String) CODEC(ZSTD(1)),
  `groups` Array(LowCardinality(String)) CODEC(ZSTD(1)),
  `sourceAddresses` Array(LowCardinality(String)) CODEC(ZSTD(1)),
  `userAgent` String CODEC(ZSTD(1)),
  `apiGroup` LowCardinality(String) CODEC(ZSTD(1)),
  `resource` LowCardinality(String) CODEC(ZSTD(1)),
  `subresource` LowCardinality(String) CODEC(ZSTD(1)),
  `namespace` LowCardinality(String) CODEC(ZSTD(1)),
  `name` String CODEC(ZSTD(1)),
  `responseCode` UInt16 CODEC(ZSTD(1)),
  `decision` LowCardinality(String) CODEC(ZSTD(1)),
  `decisionReason` String CODEC(ZSTD(1)),
  `latencyUs` UInt32 CODEC(T64, ZSTD(1)),
  `fidelity` LowCardinality(String) CODEC(ZSTD(1)),
  INDEX ingestRange ingest TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfFiveMinutes(time), namespace, resource, verb, time)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS security_events (
  `time` DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  `cluster` LowCardinality(String) CODEC(ZSTD(1)),
  `node` LowCardinality(String) CODEC(ZSTD(1)),
  `ingest` UInt64 CODEC(DoubleDelta, ZSTD(1)),
  `severity` LowCardinality(String) CODEC(ZSTD(1)),
  `source` LowCardinality(String) CODEC(ZSTD(1)),
  `rule` LowCardinality(String) CODEC(ZSTD(1)),
  `title` String CODEC(ZSTD(1)),
  `message` String CODEC(ZSTD(1)),
  `tags` Array(LowCardinality(String)) CODEC(ZSTD(1)),
  `techniques` Array(LowCardinality(String)) CODEC(ZSTD(1)),
  `evidence` Array(String) CODEC(ZSTD(1)),
  `count` UInt32 CODEC(T64, ZSTD(1)),
  `processId` String CODEC(ZSTD(1)),
  `pid` UInt32 CODEC(T64, ZSTD(1)),
  `process` LowCardinality(String) CODEC(ZSTD(1)),
  `executable` LowCardinality(String) CODEC(ZSTD(1)),
  `namespace` LowCardinality(String) CODEC(ZSTD(1)),
  `workload` LowCardinality(String) CODEC(ZSTD(1)),
  `workloadKind` LowCardinality(String) CODEC(ZSTD(1)),
  `service` LowCardinality(String) CODEC(ZSTD(1)),
  `pod` LowCardinality(String) CODEC(ZSTD(1)),
  `container` LowCardinality(String) CODEC(ZSTD(1)),
  `containerId` String CODEC(ZSTD(1)),
  `image` LowCardinality(String) CODEC(ZSTD(1)),
  `imageDigest` LowCardinality(String) CODEC(ZSTD(1)),
  `identityReason` LowCardinality(String) CODEC(ZSTD(1)),
  `fidelity` LowCardinality(String) CODEC(ZSTD(1)),
  INDEX ingestRange ingest TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfFiveMinutes(time), namespace, workload, rule, time)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS log_events (
  `time` DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  `cluster` LowCardinality(String) CODEC(ZSTD(1)),
  `node` LowCardinality(String) CODEC(ZSTD(1)),
  `ingest` UInt64 CODEC(DoubleDelta, ZSTD(1)),
  `severityNumber` UInt8 CODEC(ZSTD(1)),
  `severityText` LowCardinality(String) CODEC(ZSTD(1)),
  `body` String CODEC(ZSTD(1)),
  `scope` LowCardinality(String) CODEC(ZSTD(1)),
  `traceId` String CODEC(ZSTD(1)),
  `spanId` String CODEC(ZSTD(1)),
  `namespace` LowCardinality(String) CODEC(ZSTD(1)),
  `workload` LowCardinality(String) CODEC(ZSTD(1)),
  `workloadKind` LowCardinality(String) CODEC(ZSTD(1)),
  `service` LowCardinality(String) CODEC(ZSTD(1)),
  `pod` LowCardinality(String) CODEC(ZSTD(1)),
  `container` LowCardinality(String) CODEC(ZSTD(1)),
  `containerId` String CODEC(ZSTD(1)),
  `image` LowCardinality(String) CODEC(ZSTD(1)),
  `imageDigest` LowCardinality(String) CODEC(ZSTD(1)),
  `identityReason` LowCardinality(String) CODEC(ZSTD(1)),
  `fidelity` LowCardinality(String) CODEC(ZSTD(1)),
  INDEX ingestRange ingest TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfFiveMinutes(time), namespace, workload, time)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS spans (
  `time` DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  `cluster` LowCardinality(String) CODEC(ZSTD(1)),
  `node` LowCardinality(String) CODEC(ZSTD(1)),
  `ingest` UInt64 CODEC(DoubleDelta, ZSTD(1)),
  `traceId` String CODEC(ZSTD(1)),
  `spanId` String CODEC(ZSTD(1)),
  `parentSpanId` String CODEC(ZSTD(1)),
  `name` LowCardinality(String) CODEC(ZSTD(1)),
  `kind` LowCardinality(String) CODEC(ZSTD(1)),
  `status` LowCardinality(String) CODEC(ZSTD(1)),
  `durationUs` UInt64 CODEC(ZSTD(1)),
  `peerService` LowCardinality(String) CODEC(ZSTD(1)),
  `httpMethod` LowCardinality(String) CODEC(ZSTD(1)),
  `httpRoute` LowCardinality(String) CODEC(ZSTD(1)),
  `httpStatus` UInt16 CODEC(ZSTD(1)),
  `namespace` LowCardinality(String) CODEC(ZSTD(1)),
  `workload` LowCardinality(String) CODEC(ZSTD(1)),
  `workloadKind` LowCardinality(String) CODEC(ZSTD(1)),
  `service` LowCardinality(String) CODEC(ZSTD(1)),
  `pod` LowCardinality(String) CODEC(ZSTD(1)),
  `container` LowCardinality(String) CODEC(ZSTD(1)),
  `containerId` String CODEC(ZSTD(1)),
  `image` LowCardinality(String) CODEC(ZSTD(1)),
  `imageDigest` LowCardinality(String) CODEC(ZSTD(1)),
  `identityReason` LowCardinality(String) CODEC(ZSTD(1)),
  `fidelity` LowCardinality(String) CODEC(ZSTD(1)),
  INDEX ingestRange ingest TYPE minmax GRANULARITY 1,
  INDEX traceIdBloom traceId TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfFiveMinutes(time), namespace, workload, name, time)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS findings (
  `time` DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  `cluster` LowCardinality(String) CODEC(ZSTD(1)),
  `node` LowCardinality(String) CODEC(ZSTD(1)),
  `ingest` UInt64 CODEC(DoubleDelta, ZSTD(1)),
  `findingId` String CODEC(ZSTD(1)),
  `source` LowCardinality(String) CODEC(ZSTD(1)),
  `severity` LowCardinality(String) CODEC(ZSTD(1)),
  `rule` LowCardinality(String) CODEC(ZSTD(1)),
  `title` String CODEC(ZSTD(1)),
  `state` LowCardinality(String) CODEC(ZSTD(1)),
  `evidence` Array(String) CODEC(ZSTD(1)),
  `namespace` LowCardinality(String) CODEC(ZSTD(1)),
  `workload` LowCardinality(String) CODEC(ZSTD(1)),
  `workloadKind` LowCardinality(String) CODEC(ZSTD(1)),
  `service` LowCardinality(String) CODEC(ZSTD(1)),
  `pod` LowCardinality(String) CODEC(ZSTD(1)),
  `container` LowCardinality(String) CODEC(ZSTD(1)),
  `containerId` String CODEC(ZSTD(1)),
  `image` LowCardinality(String) CODEC(ZSTD(1)),
  `imageDigest` LowCardinality(String) CODEC(ZSTD(1)),
  `identityReason` LowCardinality(String) CODEC(ZSTD(1)),
  INDEX ingestRange ingest TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfFiveMinutes(time), findingId, time)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS gaps (
  `time` DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  `cluster` LowCardinality(String) CODEC(ZSTD(1)),
  `node` LowCardinality(String) CODEC(ZSTD(1)),
  `ingest` UInt64 CODEC(DoubleDelta, ZSTD(1)),
  `durationMs` UInt64 CODEC(ZSTD(1)),
  `table` LowCardinality(String) CODEC(ZSTD(1)),
  `reason` LowCardinality(String) CODEC(ZSTD(1)),
  `rows` UInt64 CODEC(ZSTD(1)),
  `counted` LowCardinality(String) CODEC(ZSTD(1)),
  `detail` String CODEC(ZSTD(1)),
  INDEX ingestRange ingest TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfFiveMinutes(time), table, reason, time)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS edges_1m (
  time DateTime('UTC') CODEC(Delta, ZSTD(1)),
  cluster LowCardinality(String) CODEC(ZSTD(1)),
  sourceKind LowCardinality(String) CODEC(ZSTD(1)),
  sourceNamespace LowCardinality(String) CODEC(ZSTD(1)),
  sourceWorkload LowCardinality(String) CODEC(ZSTD(1)),
  destinationKind LowCardinality(String) CODEC(ZSTD(1)),
  destinationNamespace LowCardinality(String) CODEC(ZSTD(1)),
  destinationWorkload LowCardinality(String) CODEC(ZSTD(1)),
  destinationService LowCardinality(String) CODEC(ZSTD(1)),
  destinationDomain LowCardinality(String) CODEC(ZSTD(1)),
  destinationPort UInt16 CODEC(ZSTD(1)),
  protocol LowCardinality(String) CODEC(ZSTD(1)),
  verdict LowCardinality(String) CODEC(ZSTD(1)),
  rowsAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  rowsAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  connectionsOpenedAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  connectionsOpenedAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  connectionsClosedAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  connectionsClosedAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  connectionsFailedAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  connectionsFailedAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  resetsAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  resetsAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  retransmitsAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  retransmitsAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  packetsSentAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  packetsSentAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  packetsReceivedAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  packetsReceivedAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  bytesSentAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  bytesSentAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  bytesReceivedAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  bytesReceivedAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  firstSeen SimpleAggregateFunction(min, DateTime('UTC')) CODEC(Delta, ZSTD(1)),
  lastSeen SimpleAggregateFunction(max, DateTime('UTC')) CODEC(Delta, ZSTD(1)),
  policies SimpleAggregateFunction(groupUniqArrayArray, Array(UInt32)) CODEC(ZSTD(1))
) ENGINE = AggregatingMergeTree
PARTITION BY toStartOfInterval(time, INTERVAL 6 HOUR)
ORDER BY (time, cluster, sourceKind, sourceNamespace, sourceWorkload, destinationKind, destinationNamespace, destinationWorkload, destinationService, destinationDomain, destinationPort, protocol, verdict)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS edges_1m_flows TO edges_1m AS SELECT toStartOfMinute(flows.time) AS time, cluster, sourceKind, sourceNamespace, sourceWorkload, destinationKind, destinationNamespace, destinationWorkload, destinationService, destinationDomain, destinationPort, protocol, verdict, sumIf(1, reporter = 'source') AS rowsAtSource, sumIf(1, reporter = 'destination') AS rowsAtDestination, sumIf(connectionsOpened, reporter = 'source') AS connectionsOpenedAtSource, sumIf(connectionsOpened, reporter = 'destination') AS connectionsOpenedAtDestination, sumIf(connectionsClosed, reporter = 'source') AS connectionsClosedAtSource, sumIf(connectionsClosed, reporter = 'destination') AS connectionsClosedAtDestination, sumIf(connectionsFailed, reporter = 'source') AS connectionsFailedAtSource, sumIf(connectionsFailed, reporter = 'destination') AS connectionsFailedAtDestination, sumIf(resets, reporter = 'source') AS resetsAtSource, sumIf(resets, reporter = 'destination') AS resetsAtDestination, sumIf(retransmits, reporter = 'source') AS retransmitsAtSource, sumIf(retransmits, reporter = 'destination') AS retransmitsAtDestination, sumIf(packetsSent, reporter = 'source') AS packetsSentAtSource, sumIf(packetsSent, reporter = 'destination') AS packetsSentAtDestination, sumIf(packetsReceived, reporter = 'source') AS packetsReceivedAtSource, sumIf(packetsReceived, reporter = 'destination') AS packetsReceivedAtDestination, sumIf(bytesSent, reporter = 'source') AS bytesSentAtSource, sumIf(bytesSent, reporter = 'destination') AS bytesSentAtDestination, sumIf(bytesReceived, reporter = 'source') AS bytesReceivedAtSource, sumIf(bytesReceived, reporter = 'destination') AS bytesReceivedAtDestination, toDateTime(min(flows.time), 'UTC') AS firstSeen, toDateTime(max(flows.time), 'UTC') AS lastSeen, groupUniqArrayArray(flows.policies) AS policies FROM flows GROUP BY time, cluster, sourceKind, sourceNamespace, sourceWorkload, destinationKind, destinationNamespace, destinationWorkload, destinationService, destinationDomain, destinationPort, protocol, verdict;

CREATE TABLE IF NOT EXISTS edges_5m (
  time DateTime('UTC') CODEC(Delta, ZSTD(1)),
  cluster LowCardinality(String) CODEC(ZSTD(1)),
  sourceKind LowCardinality(String) CODEC(ZSTD(1)),
  sourceNamespace LowCardinality(String) CODEC(ZSTD(1)),
  sourceWorkload LowCardinality(String) CODEC(ZSTD(1)),
  destinationKind LowCardinality(String) CODEC(ZSTD(1)),
  destinationNamespace LowCardinality(String) CODEC(ZSTD(1)),
  destinationWorkload LowCardinality(String) CODEC(ZSTD(1)),
  destinationService LowCardinality(String) CODEC(ZSTD(1)),
  destinationDomain LowCardinality(String) CODEC(ZSTD(1)),
  destinationPort UInt16 CODEC(ZSTD(1)),
  protocol LowCardinality(String) CODEC(ZSTD(1)),
  verdict LowCardinality(String) CODEC(ZSTD(1)),
  rowsAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  rowsAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  connectionsOpenedAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  connectionsOpenedAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  connectionsClosedAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  connectionsClosedAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  connectionsFailedAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  connectionsFailedAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  resetsAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  resetsAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  retransmitsAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  retransmitsAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  packetsSentAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  packetsSentAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  packetsReceivedAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  packetsReceivedAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  bytesSentAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  bytesSentAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  bytesReceivedAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  bytesReceivedAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  firstSeen SimpleAggregateFunction(min, DateTime('UTC')) CODEC(Delta, ZSTD(1)),
  lastSeen SimpleAggregateFunction(max, DateTime('UTC')) CODEC(Delta, ZSTD(1)),
  policies SimpleAggregateFunction(groupUniqArrayArray, Array(UInt32)) CODEC(ZSTD(1))
) ENGINE = AggregatingMergeTree
PARTITION BY toDate(time)
ORDER BY (time, cluster, sourceKind, sourceNamespace, sourceWorkload, destinationKind, destinationNamespace, destinationWorkload, destinationService, destinationDomain, destinationPort, protocol, verdict)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS edges_5m_edges TO edges_5m AS SELECT toStartOfFiveMinutes(edges_1m.time) AS time, cluster, sourceKind, sourceNamespace, sourceWorkload, destinationKind, destinationNamespace, destinationWorkload, destinationService, destinationDomain, destinationPort, protocol, verdict, sum(edges_1m.rowsAtSource) AS rowsAtSource, sum(edges_1m.rowsAtDestination) AS rowsAtDestination, sum(edges_1m.connectionsOpenedAtSource) AS connectionsOpenedAtSource, sum(edges_1m.connectionsOpenedAtDestination) AS connectionsOpenedAtDestination, sum(edges_1m.connectionsClosedAtSource) AS connectionsClosedAtSource, sum(edges_1m.connectionsClosedAtDestination) AS connectionsClosedAtDestination, sum(edges_1m.connectionsFailedAtSource) AS connectionsFailedAtSource, sum(edges_1m.connectionsFailedAtDestination) AS connectionsFailedAtDestination, sum(edges_1m.resetsAtSource) AS resetsAtSource, sum(edges_1m.resetsAtDestination) AS resetsAtDestination, sum(edges_1m.retransmitsAtSource) AS retransmitsAtSource, sum(edges_1m.retransmitsAtDestination) AS retransmitsAtDestination, sum(edges_1m.packetsSentAtSource) AS packetsSentAtSource, sum(edges_1m.packetsSentAtDestination) AS packetsSentAtDestination, sum(edges_1m.packetsReceivedAtSource) AS packetsReceivedAtSource, sum(edges_1m.packetsReceivedAtDestination) AS packetsReceivedAtDestination, sum(edges_1m.bytesSentAtSource) AS bytesSentAtSource, sum(edges_1m.bytesSentAtDestination) AS bytesSentAtDestination, sum(edges_1m.bytesReceivedAtSource) AS bytesReceivedAtSource, sum(edges_1m.bytesReceivedAtDestination) AS bytesReceivedAtDestination, min(edges_1m.firstSeen) AS firstSeen, max(edges_1m.lastSeen) AS lastSeen, groupUniqArrayArray(edges_1m.policies) AS policies FROM edges_1m GROUP BY time, cluster, sourceKind, sourceNamespace, sourceWorkload, destinationKind, destinationNamespace, destinationWorkload, destinationService, destinationDomain, destinationPort, protocol, verdict;

CREATE TABLE IF NOT EXISTS edges_1h (
  time DateTime('UTC') CODEC(Delta, ZSTD(1)),
  cluster LowCardinality(String) CODEC(ZSTD(1)),
  sourceKind LowCardinality(String) CODEC(ZSTD(1)),
  sourceNamespace LowCardinality(String) CODEC(ZSTD(1)),
  sourceWorkload LowCardinality(String) CODEC(ZSTD(1)),
  destinationKind LowCardinality(String) CODEC(ZSTD(1)),
  destinationNamespace LowCardinality(String) CODEC(ZSTD(1)),
  destinationWorkload LowCardinality(String) CODEC(ZSTD(1)),
  destinationService LowCardinality(String) CODEC(ZSTD(1)),
  destinationDomain LowCardinality(String) CODEC(ZSTD(1)),
  destinationPort UInt16 CODEC(ZSTD(1)),
  protocol LowCardinality(String) CODEC(ZSTD(1)),
  verdict LowCardinality(String) CODEC(ZSTD(1)),
  rowsAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  rowsAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  connectionsOpenedAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  connectionsOpenedAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  connectionsClosedAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  connectionsClosedAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  connectionsFailedAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  connectionsFailedAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  resetsAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  resetsAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  retransmitsAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  retransmitsAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  packetsSentAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  packetsSentAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  packetsReceivedAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  packetsReceivedAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  bytesSentAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  bytesSentAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  bytesReceivedAtSource SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  bytesReceivedAtDestination SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  firstSeen SimpleAggregateFunction(min, DateTime('UTC')) CODEC(Delta, ZSTD(1)),
  lastSeen SimpleAggregateFunction(max, DateTime('UTC')) CODEC(Delta, ZSTD(1)),
  policies SimpleAggregateFunction(groupUniqArrayArray, Array(UInt32)) CODEC(ZSTD(1))
) ENGINE = AggregatingMergeTree
PARTITION BY toMonday(time)
ORDER BY (time, cluster, sourceKind, sourceNamespace, sourceWorkload, destinationKind, destinationNamespace, destinationWorkload, destinationService, destinationDomain, destinationPort, protocol, verdict)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS edges_1h_edges TO edges_1h AS SELECT toStartOfHour(edges_5m.time) AS time, cluster, sourceKind, sourceNamespace, sourceWorkload, destinationKind, destinationNamespace, destinationWorkload, destinationService, destinationDomain, destinationPort, protocol, verdict, sum(edges_5m.rowsAtSource) AS rowsAtSource, sum(edges_5m.rowsAtDestination) AS rowsAtDestination, sum(edges_5m.connectionsOpenedAtSource) AS connectionsOpenedAtSource, sum(edges_5m.connectionsOpenedAtDestination) AS connectionsOpenedAtDestination, sum(edges_5m.connectionsClosedAtSource) AS connectionsClosedAtSource, sum(edges_5m.connectionsClosedAtDestination) AS connectionsClosedAtDestination, sum(edges_5m.connectionsFailedAtSource) AS connectionsFailedAtSource, sum(edges_5m.connectionsFailedAtDestination) AS connectionsFailedAtDestination, sum(edges_5m.resetsAtSource) AS resetsAtSource, sum(edges_5m.resetsAtDestination) AS resetsAtDestination, sum(edges_5m.retransmitsAtSource) AS retransmitsAtSource, sum(edges_5m.retransmitsAtDestination) AS retransmitsAtDestination, sum(edges_5m.packetsSentAtSource) AS packetsSentAtSource, sum(edges_5m.packetsSentAtDestination) AS packetsSentAtDestination, sum(edges_5m.packetsReceivedAtSource) AS packetsReceivedAtSource, sum(edges_5m.packetsReceivedAtDestination) AS packetsReceivedAtDestination, sum(edges_5m.bytesSentAtSource) AS bytesSentAtSource, sum(edges_5m.bytesSentAtDestination) AS bytesSentAtDestination, sum(edges_5m.bytesReceivedAtSource) AS bytesReceivedAtSource, sum(edges_5m.bytesReceivedAtDestination) AS bytesReceivedAtDestination, min(edges_5m.firstSeen) AS firstSeen, max(edges_5m.lastSeen) AS lastSeen, groupUniqArrayArray(edges_5m.policies) AS policies FROM edges_5m GROUP BY time, cluster, sourceKind, sourceNamespace, sourceWorkload, destinationKind, destinationNamespace, destinationWorkload, destinationService, destinationDomain, destinationPort, protocol, verdict;

CREATE TABLE IF NOT EXISTS services_1h (
  time DateTime('UTC') CODEC(Delta, ZSTD(1)),
  cluster LowCardinality(String) CODEC(ZSTD(1)),
  namespace LowCardinality(String) CODEC(ZSTD(1)),
  workload LowCardinality(String) CODEC(ZSTD(1)),
  workloadKind LowCardinality(String) CODEC(ZSTD(1)),
  service LowCardinality(String) CODEC(ZSTD(1)),
  rows SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  rttUs SimpleAggregateFunction(sumMap, Map(Int16, UInt64)) CODEC(ZSTD(1))
) ENGINE = AggregatingMergeTree
PARTITION BY toMonday(time)
ORDER BY (time, cluster, namespace, workload, workloadKind, service)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS services_1h_flows TO services_1h AS SELECT toStartOfHour(flows.time) AS time, cluster, destinationNamespace AS namespace, destinationWorkload AS workload, destinationKind AS workloadKind, destinationService AS service, count() AS rows, sumMap(CAST(flows.rttUs, 'Map(Int16, UInt64)')) AS rttUs FROM flows WHERE notEmpty(flows.rttUs) GROUP BY time, cluster, namespace, workload, workloadKind, service;

CREATE TABLE IF NOT EXISTS workloads_1h (
  time DateTime('UTC') CODEC(Delta, ZSTD(1)),
  cluster LowCardinality(String) CODEC(ZSTD(1)),
  namespace LowCardinality(String) CODEC(ZSTD(1)),
  workload LowCardinality(String) CODEC(ZSTD(1)),
  workloadKind LowCardinality(String) CODEC(ZSTD(1)),
  service SimpleAggregateFunction(anyLast, String),
  nodes SimpleAggregateFunction(groupUniqArrayArray, Array(String)) CODEC(ZSTD(1)),
  images SimpleAggregateFunction(groupUniqArrayArray, Array(String)) CODEC(ZSTD(1)),
  firstSeen SimpleAggregateFunction(min, DateTime('UTC')) CODEC(Delta, ZSTD(1)),
  lastSeen SimpleAggregateFunction(max, DateTime('UTC')) CODEC(Delta, ZSTD(1)),
  rows SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  processes SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  connections SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  connectionsFailed SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  dnsQuestions SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  httpRequests SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  bytesSent SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  bytesReceived SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1))
) ENGINE = AggregatingMergeTree
PARTITION BY toMonday(time)
ORDER BY (time, cluster, namespace, workload, workloadKind)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS workloads_1h_process_events TO workloads_1h AS SELECT toStartOfHour(process_events.time) AS time, cluster, namespace, workload, workloadKind, anyLast(process_events.service) AS service, groupUniqArray(node) AS nodes, groupUniqArrayIf(image, image != '') AS images, toDateTime(min(process_events.time), 'UTC') AS firstSeen, toDateTime(max(process_events.time), 'UTC') AS lastSeen, count() AS rows, countIf(action IN ('exec', 'running')) AS processes FROM process_events GROUP BY time, cluster, namespace, workload, workloadKind;

CREATE MATERIALIZED VIEW IF NOT EXISTS workloads_1h_dns_events TO workloads_1h AS SELECT toStartOfHour(dns_events.time) AS time, cluster, namespace, workload, workloadKind, anyLast(dns_events.service) AS service, groupUniqArray(node) AS nodes, groupUniqArrayIf(image, image != '') AS images, toDateTime(min(dns_events.time), 'UTC') AS firstSeen, toDateTime(max(dns_events.time), 'UTC') AS lastSeen, count() AS rows, sum(count) AS dnsQuestions FROM dns_events GROUP BY time, cluster, namespace, workload, workloadKind;

CREATE MATERIALIZED VIEW IF NOT EXISTS workloads_1h_http_events TO workloads_1h AS SELECT toStartOfHour(http_events.time) AS time, cluster, namespace, workload, workloadKind, anyLast(http_events.service) AS service, groupUniqArray(node) AS nodes, groupUniqArrayIf(image, image != '') AS images, toDateTime(min(http_events.time), 'UTC') AS firstSeen, toDateTime(max(http_events.time), 'UTC') AS lastSeen, count() AS rows, sum(count) AS httpRequests FROM http_events GROUP BY time, cluster, namespace, workload, workloadKind;

CREATE MATERIALIZED VIEW IF NOT EXISTS workloads_1h_flows TO workloads_1h AS SELECT toStartOfHour(flows.time) AS time, cluster, if(reporter = 'source', sourceNamespace, destinationNamespace) AS namespace, if(reporter = 'source', sourceWorkload, destinationWorkload) AS workload, if(reporter = 'source', sourceKind, destinationKind) AS workloadKind, anyLast(if(reporter = 'destination', destinationService, '')) AS service, groupUniqArray(node) AS nodes, groupUniqArrayIf(image, image != '') AS images, toDateTime(min(flows.time), 'UTC') AS firstSeen, toDateTime(max(flows.time), 'UTC') AS lastSeen, count() AS rows, sum(connectionsOpened) AS connections, sum(flows.connectionsFailed) AS connectionsFailed, sum(if(reporter = 'source', flows.bytesSent, flows.bytesReceived)) AS bytesSent, sum(if(reporter = 'source', flows.bytesReceived, flows.bytesSent)) AS bytesReceived FROM flows GROUP BY time, cluster, namespace, workload, workloadKind;

CREATE TABLE IF NOT EXISTS dns_1h (
  time DateTime('UTC') CODEC(Delta, ZSTD(1)),
  cluster LowCardinality(String) CODEC(ZSTD(1)),
  namespace LowCardinality(String) CODEC(ZSTD(1)),
  workload LowCardinality(String) CODEC(ZSTD(1)),
  workloadKind LowCardinality(String) CODEC(ZSTD(1)),
  question String CODEC(ZSTD(1)),
  questionType LowCardinality(String) CODEC(ZSTD(1)),
  responseCode LowCardinality(String) CODEC(ZSTD(1)),
  rows SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  questions SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  lastSeen SimpleAggregateFunction(max, DateTime('UTC')) CODEC(Delta, ZSTD(1)),
  latencyUs SimpleAggregateFunction(sumMap, Map(Int16, UInt64)) CODEC(ZSTD(1))
) ENGINE = AggregatingMergeTree
PARTITION BY toMonday(time)
ORDER BY (time, cluster, namespace, workload, workloadKind, question, questionType, responseCode)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS dns_1h_events TO dns_1h AS SELECT toStartOfHour(dns_events.time) AS time, cluster, namespace, workload, workloadKind, question, questionType, responseCode, count() AS rows, sum(count) AS questions, toDateTime(max(dns_events.time), 'UTC') AS lastSeen, sumMap(map(toInt16(floor(4 * log2(greatest(dns_events.latencyUs, 1)))), toUInt64(count))) AS latencyUs FROM dns_events GROUP BY time, cluster, namespace, workload, workloadKind, question, questionType, responseCode;

CREATE TABLE IF NOT EXISTS http_1h (
  time DateTime('UTC') CODEC(Delta, ZSTD(1)),
  cluster LowCardinality(String) CODEC(ZSTD(1)),
  namespace LowCardinality(String) CODEC(ZSTD(1)),
  workload LowCardinality(String) CODEC(ZSTD(1)),
  workloadKind LowCardinality(String) CODEC(ZSTD(1)),
  reporter LowCardinality(String) CODEC(ZSTD(1)),
  host LowCardinality(String) CODEC(ZSTD(1)),
  method LowCardinality(String) CODEC(ZSTD(1)),
  statusClass UInt8,
  rows SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  requests SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  latencyUs SimpleAggregateFunction(sumMap, Map(Int16, UInt64)) CODEC(ZSTD(1))
) ENGINE = AggregatingMergeTree
PARTITION BY toMonday(time)
ORDER BY (time, cluster, namespace, workload, workloadKind, reporter, host, method, statusClass)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS http_1h_events TO http_1h AS SELECT toStartOfHour(http_events.time) AS time, cluster, namespace, workload, workloadKind, reporter, host, method, toUInt8(intDiv(status, 100)) AS statusClass, count() AS rows, sum(count) AS requests, sumMap(map(toInt16(floor(4 * log2(greatest(http_events.latencyUs, 1)))), toUInt64(count))) AS latencyUs FROM http_events GROUP BY time, cluster, namespace, workload, workloadKind, reporter, host, method, statusClass;

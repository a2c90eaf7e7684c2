// Rows and blocks for tests and benches of the store: a small cluster's flows, cheap to make, the same for the same seed.
import { writeFileSync } from "node:fs";
import type { StoreBlock } from "../../src/core/store/telemetry-store.ts";
import { encodeBlock } from "../../src/edge/blocks/encode-block.ts";
import type { Row, TableName } from "../../src/model/table.ts";

export const storeEntry = new URL("../../src/apps/store/process.ts", import.meta.url).pathname;

/** One flow of a world of 60 workloads; `i` names it, `timeMs` is its window's start. */
export function flowRow(i: number, timeMs: number): Row<"flows"> {
  const source = (i * 7919) % 60;
  const destination = (i * 104_729) % 37;
  const isSource = i % 2 === 0;
  return {
    time: timeMs,
    durationMs: 15_000,
    reporter: isSource ? "source" : "destination",
    verdict: i % 25 === 0 ? "deny" : "allow",
    verdictBecause: i % 25 === 0 ? "policy default/deny" : "established",
    level: 2,
    merged: 1 + (i % 4),
    protocol: "tcp",
    sourceKind: "Deployment",
    sourceNamespace: `team-${source % 8}`,
    sourceWorkload: `app-${source}`,
    sourcePod: `app-${source}-5d8f7c9b6-${i % 7}`,
    sourceAddress: `10.1.${source}.${i % 7}`,
    sourcePort: 0,
    sourceReason: "",
    sourceLabels: source,
    destinationKind: "Deployment",
    destinationNamespace: `team-${destination % 8}`,
    destinationWorkload: `app-${destination}`,
    destinationPod: `app-${destination}-7c9b65d8f-${i % 5}`,
    destinationAddress: `10.2.${destination}.${i % 5}`,
    destinationPort: 8000 + (destination % 6),
    destinationReason: "",
    destinationLabels: destination,
    sourceService: `app-${source}`,
    sourceImageDigest: "",
    destinationImageDigest: "",
    destinationService: `app-${destination}`,
    destinationDomain: "",
    process: "server",
    executable: "/usr/bin/server",
    pid: 1000 + (i % 500),
    container: "main",
    containerId: `c${i % 500}`,
    image: `registry.example/app-${source}:1`,
    policies: [1 + (destination % 9)],
    policiesStaged: [],
    policyGeneration: 1,
    connectionsOpened: 1 + (i % 3),
    connectionsClosed: i % 3,
    connectionsFailed: i % 25 === 0 ? 1 : 0,
    resets: 0,
    retransmits: i % 11 === 0 ? 1 : 0,
    packetsSent: 10 + (i % 300),
    packetsReceived: 12 + ((i * 3) % 500),
    bytesSent: 900 + ((i * 31) % 90_000),
    bytesReceived: 1200 + ((i * 77) % 900_000),
    rttUs: { [String(30 + (i % 9))]: 1 + (i % 3) },
    tls: "not-looked",
    serverName: "",
    loopback: false,
    fidelity: "simulated",
    flowId: ((i * 2_654_435_761) % 4_294_967_296).toString(16),
  };
}

/** Writes the rows as a block's file into the spool folder and returns what `append` wants. */
export function writeBlock<Name extends TableName>(
  dataFolder: string,
  table: Name,
  rows: readonly Row<Name>[],
  token: string,
): StoreBlock {
  const path = `${dataFolder}/spool/${token}`;
  writeFileSync(path, encodeBlock(table, rows));
  return { table, token, rows: rows.length, cluster: "test", node: "node-1", ingest: 1, path, encoding: "none" };
}

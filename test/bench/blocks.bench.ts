// CPU per flow row of the Native encoder, of sealing (zstd, SHA-256) and of the server's structural look. Prints rows per CPU-second.
import { inspectBlock } from "../../src/edge/blocks/inspect-block.ts";
import { encodeBlock } from "../../src/edge/blocks/encode-block.ts";
import { sealBlock } from "../../src/edge/blocks/seal-block.ts";
import type { Row } from "../../src/model/table.ts";

const rowsPerBlock = 5_000;
const rounds = 60;

function flowRow(i: number): Row<"flows"> {
  const source = i % 40;
  const destination = (i * 7) % 60;
  return {
    time: 1_790_000_000_000 + (i % 15) * 1000,
    durationMs: 15_000,
    reporter: i % 2 === 0 ? "source" : "destination",
    verdict: i % 25 === 0 ? "unknown" : "allow",
    verdictBecause: i % 25 === 0 ? "connect failed: ECONNREFUSED" : "established",
    level: 2,
    merged: 1 + (i % 9),
    protocol: i % 5 === 0 ? "udp" : "tcp",
    sourceKind: "Deployment",
    sourceNamespace: `shop-${source % 8}`,
    sourceWorkload: `checkout-${source}`,
    sourcePod: `checkout-${source}-5d8f7c9b6-${(i * 31) % 9973}`,
    sourceAddress: `10.1.${source}.${i % 200}`,
    sourcePort: 0,
    sourceReason: "",
    sourceLabels: source,
    sourceService: `checkout-${source}`,
    sourceImageDigest: "",
    destinationKind: "Deployment",
    destinationNamespace: `data-${destination % 6}`,
    destinationWorkload: `db-${destination}`,
    destinationPod: `db-${destination}-0`,
    destinationAddress: `10.2.${destination}.7`,
    destinationPort: 5432,
    destinationReason: "",
    destinationLabels: destination,
    destinationImageDigest: "",
    destinationService: `db-${destination}`,
    destinationDomain: `db-${destination}.data.svc`,
    process: "node",
    executable: "/usr/local/bin/node",
    pid: 1000 + (i % 500),
    container: "app",
    containerId: `c${source}`.padEnd(64, "0"),
    image: `registry.example/shop/checkout:${source}`,
    policies: [1, 2 + (i % 3)],
    policiesStaged: [],
    policyGeneration: 7,
    connectionsOpened: i % 4,
    connectionsClosed: i % 4,
    connectionsFailed: 0,
    resets: 0,
    retransmits: 0,
    packetsSent: i % 100,
    packetsReceived: i % 90,
    bytesSent: (i * 613) % 100_000,
    bytesReceived: (i * 917) % 1_000_000,
    rttUs: { 38: 1 + (i % 3), 40: 1 },
    tls: "not-looked",
    serverName: "",
    loopback: false,
    fidelity: "kernel",
    flowId: ((i * 2_654_435_761) >>> 0).toString(36),
  };
}

function cpuMsOf(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const used = process.threadCpuUsage(before);
  return (used.user + used.system) / 1000;
}

function report(name: string, work: () => void): void {
  for (let i = 0; i < 10; i += 1) work();
  const cpuMs = cpuMsOf(() => {
    for (let i = 0; i < rounds; i += 1) work();
  });
  const rows = rounds * rowsPerBlock;
  console.log(
    `${name}: ${((cpuMs * 1000) / rows).toFixed(2)} us CPU/row, ${Math.round(rows / (cpuMs / 1000))} rows/CPU-s`,
  );
}

const rows = Array.from({ length: rowsPerBlock }, (_, i) => flowRow(i));
const block = encodeBlock("flows", rows);
const sealed = sealBlock("flows", rows, { boot: "0".repeat(32), sequence: 1 });
console.log(
  `${rowsPerBlock} rows: ${(block.length / rowsPerBlock).toFixed(1)} B/row, sealed ${(sealed.body.length / rowsPerBlock).toFixed(1)} B/row`,
);
report("encodeBlock", () => encodeBlock("flows", rows));
report("sealBlock (zstd 1, SHA-256)", () => sealBlock("flows", rows, { boot: "0".repeat(32), sequence: 1 }));
report("inspectBlock", () => inspectBlock("flows", block));

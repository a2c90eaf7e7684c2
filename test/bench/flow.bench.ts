// CPU per event of flow aggregation: UDP of few conversations (the sensor's flood), UDP of ever new source ports, and short TCP connections.
import { createFlowAggregator } from "../../src/core/flow/aggregate.ts";
import { flowDirectory } from "../../src/apps/agent/peers.ts";
import { createAddressBook } from "../../src/core/directory/address-book.ts";
import type { FlowReporter } from "../../src/core/flow/flow-entry.ts";
import type { TcpEvent, UdpEvent } from "../../src/core/sense/sensor.ts";
import { IdentityEntry } from "../../src/model/identity-entry.ts";

const events = 1_000_000;

const reporter: FlowReporter = {
  key: "host sender",
  pid: 7,
  process: "sender",
  executable: "/usr/bin/sender",
  fidelity: "kernel",
  subject: {
    namespace: "host",
    workload: "host",
    workloadKind: "Host",
    service: "",
    pod: "",
    container: "",
    containerId: "",
    image: "",
    imageDigest: "",
    identityReason: "",
  },
};
const processes = [1, 2, 3, 4].map((pid) => ({ pid, startMs: pid * 10 }));

function udpEvent(i: number, localPort: number): UdpEvent {
  return {
    type: "udp",
    timeMs: 1000 + i / 1000,
    process: processes[i & 3] ?? { pid: 1, startMs: 10 },
    comm: "sender",
    cgroupId: 1,
    localAddress: "127.0.0.1",
    localPort,
    remoteAddress: "127.0.0.1",
    remotePort: 9000,
    direction: "outbound",
    bytes: 100,
    packets: 1,
  };
}

function tcpEvent(type: "tcp-open" | "tcp-close", i: number): TcpEvent {
  const { localAddress, remoteAddress, process, comm, cgroupId, timeMs } = udpEvent(i, 0);
  return {
    type,
    timeMs,
    process,
    comm,
    cgroupId,
    localAddress,
    localPort: 32_768 + (i % 28_000),
    remoteAddress,
    remotePort: 443,
    socketId: i,
    direction: "outbound",
    bytesSent: 10,
    bytesReceived: 10,
    packetsSent: 1,
    packetsReceived: 1,
    retransmits: 0,
    rttUs: 50,
    error: 0,
    wasReset: false,
  };
}

function measure(name: string, count: number, act: (i: number) => void): void {
  const before = process.threadCpuUsage();
  for (let i = 0; i < count; i += 1) act(i);
  const used = process.threadCpuUsage(before);
  console.log(`${name}: ${((used.user + used.system) / count).toFixed(3)} us CPU/event`);
}

function fresh() {
  const flows = createFlowAggregator({ domainOf: () => "" });
  flows.flush(0);
  return flows;
}

const ready = [0, 1, 2, 3].map((i) => udpEvent(i, 40_000 + i));
let flows = fresh();
const reporterOf = () => reporter;
measure("udp, 4 conversations", events, (i) => flows.udp(ready[i & 3] as UdpEvent, reporterOf));
flows = fresh();
measure("udp, new source port each time (event made in the loop)", events / 4, (i) =>
  flows.udp(udpEvent(i, i % 65_536), reporterOf),
);
flows = fresh();
measure("tcp, open and close (events made in the loop)", events / 4, (i) => {
  flows.tcp(tcpEvent("tcp-open", i), reporterOf);
  flows.tcp(tcpEvent("tcp-close", i), reporterOf);
  if (i % 1000 === 0) flows.flush(i);
});

/** Ten thousand pods; every conversation is with another one. */
function podAddress(i: number): string {
  return `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;
}
const put = Array.from({ length: 10_000 }, (_, i) =>
  IdentityEntry.parse({
    key: `Pod/${i}`,
    kind: "pod",
    addresses: [podAddress(i)],
    namespace: "shop",
    workload: `w${i % 500}`,
    workloadKind: "Deployment",
    pod: `w${i % 500}-${i}`,
    podUid: String(i),
    services: [`w${i % 500}`],
    fromMs: 0,
  }),
);
const book = createAddressBook({ createdMs: 0 });
measure("directory: a pod taken in", put.length, (i) => {
  const message = { type: "identities", first: i === 0, last: true, inventory: "kept", because: "" } as const;
  book.apply({ ...message, put: put.slice(i, i + 1), ended: [] }, 1000);
});
measure("directory: an address looked up", events, (i) => {
  book.byAddress({ address: podAddress(i % 10_000), timeMs: 1000 });
});
flows = createFlowAggregator({ domainOf: () => "", directory: flowDirectory(book) });
flows.flush(0);
measure("tcp, open and close, each with another pod of the directory", events / 4, (i) => {
  const remoteAddress = podAddress((i >> 1) % 10_000);
  flows.tcp(
    { ...tcpEvent(i % 2 === 0 ? "tcp-open" : "tcp-close", i >> 1), localAddress: "10.0.0.1", remoteAddress },
    reporterOf,
  );
});

// What first bytes showed belongs to the rows of the connection that showed it, and to no later one of the same flow.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TcpEvent } from "../sense/sensor.ts";
import { createFlowAggregator } from "./aggregate.ts";
import type { FlowReporter } from "./flow-entry.ts";

const curl: FlowReporter = {
  key: "host curl",
  pid: 7,
  process: "curl",
  executable: "/usr/bin/curl",
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

function tcp(type: TcpEvent["type"], socketId: number, timeMs: number): TcpEvent {
  return {
    type,
    timeMs,
    socketId,
    comm: "curl",
    cgroupId: 1,
    process: { pid: 7, startMs: 70 },
    localAddress: "10.0.0.1",
    localPort: 40_000 + socketId,
    remoteAddress: "192.0.2.9",
    remotePort: 443,
    direction: "outbound",
    bytesSent: 0,
    bytesReceived: 0,
    packetsSent: 0,
    packetsReceived: 0,
    retransmits: 0,
    rttUs: 0,
    error: 0,
    wasReset: false,
  };
}

test("TLS is told in each row of its connection, and not of the next one that nobody looked into", () => {
  const flows = createFlowAggregator({ domainOf: () => "", windowMs: 1000 });
  flows.flush(0);
  const tlsOf = (nowMs: number) => flows.flush(nowMs).map((row) => [row.tls, row.serverName]);
  const first = tcp("tcp-open", 1, 100);
  flows.tcp(first, () => curl);
  assert.deepEqual(tlsOf(1000), [["not-looked", ""]]);
  flows.tls(first, "seen", "example.com");
  flows.tcp(tcp("tcp-close", 1, 1500), () => curl);
  assert.deepEqual(tlsOf(2000), [["seen", "example.com"]], "the hello came after the row of the open");
  flows.tcp(tcp("tcp-open", 2, 2500), () => curl);
  assert.deepEqual(tlsOf(3000), [["not-looked", ""]]);
  flows.tls(tcp("tcp-open", 2, 2500), "not-seen", "");
  flows.tcp(tcp("tcp-close", 2, 3500), () => curl);
  assert.deepEqual(tlsOf(4000), [["not-seen", ""]]);
});

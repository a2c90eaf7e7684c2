// The mock's own health: one agent well, one polled and behind, a notice for each thing that is missing.
import type { Status } from "../../src/apps/server/contract/health.ts";
import { revokedNodes } from "./access-answers.ts";
import { tableNames } from "../../src/model/table.ts";

const iso = (ms: number): string => new Date(ms).toISOString();

export function nodeOf(nowMs: number, name: string, index: number): Status["nodes"][number] {
  const polled = name === "laptop";
  return {
    cluster: "local",
    name,
    state: revokedNodes.has(name) ? "revoked" : polled ? "stale" : "connected",
    fidelity: polled ? "polled" : "kernel",
    fidelityBecause: polled ? "loading BPF programs needs root; /proc is polled instead" : "",
    capabilities: [
      { name: "exec and exit", available: true, because: "" },
      { name: "TCP connect, accept, close", available: !polled, because: polled ? "needs BPF" : "" },
      { name: "DNS", available: !polled, because: polled ? "needs BPF" : "" },
      {
        name: "HTTP and TLS first bytes",
        available: false,
        because: "opt-in per workload; no Visibility resource asks for it",
      },
      { name: "container runtime (CRI)", available: !polled, because: polled ? "no runtime socket was found" : "" },
    ],
    agentVersion: "0.1.0",
    kernel: "6.18.0",
    operatingSystem: "Debian GNU/Linux 12",
    architecture: "x64",
    bootId: "0badcafe",
    startedAt: iso(nowMs - 86_400_000),
    lastSeenAt: iso(nowMs - (polled ? 43_000 : 1200)),
    lagMs: polled ? 41_000 : 1400 + index * 130,
    certificateExpiresAt: iso(nowMs + 40_000_000),
    counters: {
      eventsByType: { exec: 51_200, exit: 51_100, tcp: 190_000 },
      ringDropsByType: name === "worker-2" ? { udp: 1204 } : {},
      queueDrops: 0,
      spoolDrops: 0,
      spoolBytes: polled ? 4_200_000 : 0,
      spoolFiles: polled ? 12 : 0,
      blocksAcknowledged: 8123,
      blocksRefused: 0,
      rowsAcknowledged: 1_204_532 + index * 7000,
      redactions: 318,
      identitiesUnknown: 42,
      residentBytes: 104_000_000,
      cpuMs: 214_000,
    },
  };
}

export function status(nowMs: number): Status {
  const part = { version: "0.1.0", startedAt: iso(nowMs - 86_400_000) };
  return {
    version: "0.1.0",
    state: "degraded",
    ready: true,
    time: iso(nowMs),
    parts: [
      { ...part, name: "server", state: "ok", because: "", residentBytes: 182_000_000, cpuMs: 512_000 },
      { ...part, name: "store", state: "ok", because: "", residentBytes: 431_000_000, cpuMs: 1_904_000 },
      { ...part, name: "state", state: "ok", because: "", residentBytes: 0, cpuMs: 0 },
      { ...part, name: "agent", state: "degraded", because: "one of four agents polls", residentBytes: 0, cpuMs: 0 },
      { ...part, name: "ui", state: "ok", because: "", residentBytes: 0, cpuMs: 0 },
    ],
    notices: [
      "laptop: BPF programs could not be loaded because the agent does not run as root; /proc is polled and short-lived processes are missed.",
      "worker-2: 1,204 UDP events were lost because the kernel ring was full.",
    ],
    nodes: ["worker-1", "worker-2", "worker-3", "laptop"].map((name, index) => nodeOf(nowMs, name, index)),
    store: {
      kind: "embedded",
      engine: "chDB 26.5",
      diskFreeBytes: 61_000_000_000,
      diskTotalBytes: 252_000_000_000,
      tables: tableNames.slice(0, 8).map((table, index) => ({
        table,
        rollup: false,
        rows: index > 4 ? 0 : Math.round(9_000_000 / (index + 1) ** 2),
        bytes: index > 4 ? 0 : Math.round(190_000_000 / (index + 1) ** 2),
        days: 30,
        ...(index > 4 ? {} : { oldest: iso(nowMs - 86_400_000 * 6), newest: iso(nowMs - 2000) }),
      })),
    },
    agentsDoor: { address: "0.0.0.0", names: [], port: 8687 },
    ingest: { rows: 4_818_128, blocks: 32_500, duplicates: 12, refusedByCode: {}, spoolBlocks: 2, spoolBytes: 180_000 },
  };
}

// Agents as nodes: the state from when they were heard, what is known before the first report.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { AgentRecord } from "../../core/state/ports.ts";
import type { AgentReport } from "../../model/agent-protocol.ts";
import { serverLimits } from "./config.ts";
import { nodeOf, stateOf } from "./nodes.ts";

const seenMs = Date.parse("2026-11-23T00:00:00Z");
const silent: AgentRecord = {
  cluster: "c",
  node: "n",
  serial: "1",
  expiresAtMs: seenMs + 86_400_000,
  revoked: false,
  lastSeenAtMs: seenMs,
  report: undefined,
};

test("silence turns an agent stale, then gone; revoked is revoked", () => {
  const { agentStaleMs, agentGoneMs } = serverLimits;
  const cases = [
    [0, "connected"],
    [agentStaleMs, "connected"],
    [agentStaleMs + 1, "stale"],
    [agentGoneMs, "stale"],
    [agentGoneMs + 1, "gone"],
  ] as const;
  for (const [afterMs, state] of cases) assert.equal(stateOf(silent, seenMs + afterMs), state, String(afterMs));
  assert.equal(stateOf({ ...silent, revoked: true }, seenMs), "revoked");
});

test("a node is its newest report, or what is known without one", () => {
  const bare = nodeOf(silent, seenMs);
  assert.deepEqual(
    [bare.name, bare.fidelityBecause, bare.counters.queueDrops],
    ["n", "the agent has not reported yet", 0],
  );
  const report: AgentReport = {
    boot: "b",
    number: 0,
    resources: [],
    fidelity: "kernel",
    fidelityBecause: "",
    capabilities: [{ name: "dns", available: false, because: "no BPF" }],
    agentVersion: "1.0.0",
    kernel: "6.18",
    operatingSystem: "Debian",
    architecture: "x64",
    bootId: "id",
    startedAt: "2026-11-22T00:00:00.000Z",
    lagMs: 7,
    counters: { ...bare.counters, queueDrops: 3 },
  };
  const full = nodeOf({ ...silent, report }, seenMs);
  assert.deepEqual(
    [full.fidelity, full.capabilities[0]?.because, full.startedAt, full.lagMs, full.counters.queueDrops],
    ["kernel", "no BPF", "2026-11-22T00:00:00.000Z", 7, 3],
  );
  assert.equal(full.certificateExpiresAt, "2026-11-24T00:00:00.000Z");
});

// Agents as the API shows them: the newest report, and a state worked out from when it came.
import type { AgentRecord } from "../../core/state/ports.ts";
import { Node } from "../../model/node.ts";
import { serverLimits } from "./config.ts";

/** connected (heard of within 30 s), stale (within 10 min), gone, or revoked. */
export function stateOf(agent: AgentRecord, nowMs: number): Node["state"] {
  if (agent.revoked) return "revoked";
  const silentMs = nowMs - agent.lastSeenAtMs;
  if (silentMs <= serverLimits.agentStaleMs) return "connected";
  return silentMs <= serverLimits.agentGoneMs ? "stale" : "gone";
}

/** An agent that joined and has not reported yet is shown with what is known. */
export function nodeOf(agent: AgentRecord, nowMs: number): Node {
  const { report } = agent;
  const lastSeenAt = new Date(agent.lastSeenAtMs).toISOString();
  return Node.parse({
    cluster: agent.cluster,
    name: agent.node,
    state: stateOf(agent, nowMs),
    fidelity: report?.fidelity ?? "polled",
    fidelityBecause: report?.fidelityBecause ?? "the agent has not reported yet",
    capabilities: report?.capabilities ?? [],
    agentVersion: report?.agentVersion ?? "",
    kernel: report?.kernel ?? "",
    operatingSystem: report?.operatingSystem ?? "",
    architecture: report?.architecture ?? "",
    bootId: report?.bootId ?? "",
    startedAt: report?.startedAt ?? lastSeenAt,
    lastSeenAt,
    lagMs: report?.lagMs ?? 0,
    certificateExpiresAt: new Date(agent.expiresAtMs).toISOString(),
    counters: report?.counters ?? {},
    ...(report?.gateway === undefined ? {} : { gateway: report.gateway }),
    ...(report?.detection === undefined ? {} : { detection: report.detection }),
  });
}

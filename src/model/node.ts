// A machine that an agent watches, with what its sensor can and cannot see. Reported by the agent, keyed by its certificate.
import { z } from "zod";
import { DetectionReport } from "./detection-rules.ts";
import { Fidelity } from "./identity.ts";

/** One ability of a node's sensor: yes, or no with the reason. */
export const Capability = z.object({
  name: z.string(),
  available: z.boolean(),
  because: z.string().default(""),
});
export type Capability = z.infer<typeof Capability>;

export const agentStates = ["connected", "stale", "gone", "revoked"] as const;

/** Counters of one agent since it started; every drop has a place to be counted. */
export const AgentCounters = z.object({
  eventsByType: z.record(z.string(), z.int()).default({}),
  ringDropsByType: z.record(z.string(), z.int()).default({}),
  queueDrops: z.int().default(0),
  spoolDrops: z.int().default(0),
  spoolBytes: z.int().default(0),
  spoolFiles: z.int().default(0),
  blocksAcknowledged: z.int().default(0),
  blocksRefused: z.int().default(0),
  rowsAcknowledged: z.int().default(0),
  redactions: z.int().default(0),
  identitiesUnknown: z.int().default(0),
  residentBytes: z.int().default(0),
  cpuMs: z.int().default(0),
});
export type AgentCounters = z.infer<typeof AgentCounters>;

/** Of a node that is a WAF gateway: with what it looks, and what it could not look at. Counts since it started. */
export const GatewayReport = z.object({
  /** Digest of the rule set in force. */
  ruleSet: z.string().max(128),
  rules: z.int().min(0),
  /** Why a newer rule set or policy was refused; "" when none was. */
  ruleSetProblem: z.string().max(1000).default(""),
  workers: z.int().min(0),
  requests: z.int().min(0),
  notInspected: z.int().min(0),
});
export type GatewayReport = z.infer<typeof GatewayReport>;

export const Node = z.object({
  cluster: z.string(),
  name: z.string(),
  state: z.enum(agentStates),
  fidelity: Fidelity,
  /** Why the fidelity is not "kernel"; empty when it is. */
  fidelityBecause: z.string().default(""),
  capabilities: z.array(Capability).default([]),
  agentVersion: z.string(),
  kernel: z.string().default(""),
  operatingSystem: z.string().default(""),
  architecture: z.string().default(""),
  bootId: z.string().default(""),
  startedAt: z.iso.datetime(),
  lastSeenAt: z.iso.datetime(),
  /** Newest acknowledged row's age when it was acknowledged, in milliseconds. */
  lagMs: z.int().default(0),
  certificateExpiresAt: z.iso.datetime(),
  counters: AgentCounters,
  gateway: GatewayReport.optional(),
  detection: DetectionReport.optional(),
});
export type Node = z.infer<typeof Node>;

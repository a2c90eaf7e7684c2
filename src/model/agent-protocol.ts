// What agent and server say to each other over HTTP/2 with mutual TLS. Control is small JSON; data is opaque columnar blocks.
// Cluster, node and agent come from the client certificate only: a message that names another is refused.
import { z } from "zod";
import { DetectionReport } from "./detection-rules.ts";
import { AgentCounters, Capability, GatewayReport } from "./node.ts";
import { IdentitiesMessage } from "./identity-entry.ts";
import { Fidelity } from "./identity.ts";
import { Resource, ResourceKey, ResourceStatus } from "./resource.ts";
import { tableNames, type TableName } from "./table.ts";

export const agentPaths = {
  /** No client certificate yet: the join token is the credential, the CA's hash in it is the server's proof. */
  join: "/agent/v1/join",
  renew: "/agent/v1/renew",
  blocks: "/agent/v1/blocks",
  control: "/agent/v1/control",
  report: "/agent/v1/report",
} as const;

/** Header (JSON, one line) of a POST to `blocks`; the body is `encoding`-compressed ClickHouse Native. */
export const blockHeaderName = "garrison-block";

export const BlockHeader = z.strictObject({
  /** New at each start of the agent process; with `sequence` and the certificate it makes the deduplication token. */
  boot: z.string().regex(/^[0-9a-f]{32}$/),
  /** Rises by one per block and boot, from 1. */
  sequence: z.int().min(1),
  table: z.enum(tableNames as unknown as [TableName, ...TableName[]]),
  wireVersion: z.int().min(1),
  rows: z.int().min(1),
  timeMinMs: z.int(),
  timeMaxMs: z.int(),
  encoding: z.enum(["none", "gzip", "zstd"]),
  /** Of the body as sent, lower-case hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytesInflated: z.int().min(1),
});
export type BlockHeader = z.infer<typeof BlockHeader>;

/** 200: durable, or known already (`duplicate`). Anything else is problem+json with `code` and, when a retry helps, Retry-After. */
export const BlockAcknowledgement = z.object({
  sequence: z.int(),
  duplicate: z.boolean(),
  /** Bytes the agent may have in flight from now on (back-pressure). */
  windowBytes: z.int(),
});
export type BlockAcknowledgement = z.infer<typeof BlockAcknowledgement>;

/** Named limits of the agents' door; a block beyond one is refused by itself and counted. */
export const blockLimits = {
  rowsMax: 200_000,
  bytesMax: 16 * 1024 * 1024,
  bytesInflatedMax: 128 * 1024 * 1024,
  inflateRatioMax: 100,
  /** Rows older or newer than this are refused (quarantine is a gap with reason "out-of-range"). */
  pastMsMax: 24 * 3600 * 1000,
  futureMsMax: 2 * 60 * 1000,
} as const;

/** A join token as text: "gj1.<base64url of this JSON>". The secret is stored hashed on the server. */
export const JoinToken = z.strictObject({
  secret: z.string().min(32),
  cluster: z.string().min(1),
  caSha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type JoinToken = z.infer<typeof JoinToken>;

export const JoinRequest = z.strictObject({
  secret: z.string(),
  node: z.string().min(1).max(253),
  csrPem: z.string().max(16_384),
  agentVersion: z.string().max(64),
});
export type JoinRequest = z.infer<typeof JoinRequest>;

export const CertificateReply = z.object({
  certificatePem: z.string(),
  caPem: z.string(),
  cluster: z.string(),
  node: z.string(),
  expiresAt: z.iso.datetime(),
});
export type CertificateReply = z.infer<typeof CertificateReply>;

export const RenewRequest = z.strictObject({ csrPem: z.string().max(16_384) });
export type RenewRequest = z.infer<typeof RenewRequest>;

/** Lines of the control stream (newline-delimited JSON, server to agent). Numbers rise by one; a hole means: ask for a snapshot. */
export const ControlMessage = z.discriminatedUnion("type", [
  z.object({ type: z.literal("snapshot"), number: z.int(), resources: z.array(Resource) }),
  z.object({ type: z.literal("delta"), number: z.int(), put: z.array(Resource), remove: z.array(ResourceKey) }),
  z.object({ type: z.literal("ping") }),
  IdentitiesMessage,
  /** The store was rebuilt: offer again what was acknowledged in the last two minutes. */
  z.object({ type: z.literal("epoch"), epoch: z.string() }),
]);
export type ControlMessage = z.infer<typeof ControlMessage>;

/** Agent to server, every few seconds and after each change: how it is, and what it made of its resources. */
export const AgentReport = z.strictObject({
  boot: z.string(),
  number: z.int().describe("the newest snapshot or delta that was taken in; 0 before the first"),
  resources: z.array(ResourceStatus),
  fidelity: Fidelity,
  fidelityBecause: z.string(),
  capabilities: z.array(Capability),
  agentVersion: z.string(),
  kernel: z.string(),
  operatingSystem: z.string(),
  architecture: z.string(),
  bootId: z.string(),
  startedAt: z.iso.datetime(),
  lagMs: z.int(),
  counters: AgentCounters,
  /** Only of WAF gateways. */
  gateway: GatewayReport.optional(),
  /** Rules loaded, blind and refused, and what they did. */
  detection: DetectionReport.optional(),
});
export type AgentReport = z.infer<typeof AgentReport>;

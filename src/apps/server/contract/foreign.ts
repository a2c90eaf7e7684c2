// Telemetry from other sensors, at the same door. Bodies are bounded; a bad item is refused by itself and counted, the rest is taken.
import { z } from "zod";
import { ClusterName } from "./common.ts";
import type { Endpoint } from "./endpoint.ts";

export const Accepted = z.object({
  accepted: z.int(),
  refused: z.int(),
  /** The first few refusals: which item, and why. */
  reasons: z.array(z.object({ item: z.int(), because: z.string() })),
});

/** The cluster that foreign rows are filed under; it must be one that the token may write. */
const ClusterQuery = z.object({ cluster: ClusterName.default("foreign") });
const Raw = z.unknown();

export const foreign = {
  ingestHubble: {
    method: "POST",
    path: "/api/v1/ingest/hubble",
    summary: "Hubble flows as JSON lines (`hubble observe -o jsonpb`)",
    role: "operator",
    query: ClusterQuery,
    body: Raw,
    response: Accepted,
  },
  ingestFalco: {
    method: "POST",
    path: "/api/v1/ingest/falco",
    summary: "Falco events as JSON (`json_output: true`, http_output), one or an array",
    role: "operator",
    query: ClusterQuery,
    body: Raw,
    response: Accepted,
  },
  ingestAudit: {
    method: "POST",
    path: "/api/v1/ingest/audit",
    summary: "Kubernetes audit EventList (webhook back end); bodies are dropped",
    role: "operator",
    query: ClusterQuery,
    body: Raw,
    response: Accepted,
  },
  ingestOtlpLogs: {
    method: "POST",
    path: "/v1/logs",
    summary: "OTLP/HTTP logs (JSON or protobuf)",
    role: "operator",
    body: Raw,
    response: z.object({
      partialSuccess: z.object({ rejectedLogRecords: z.string(), errorMessage: z.string() }).optional(),
    }),
  },
  ingestOtlpTraces: {
    method: "POST",
    path: "/v1/traces",
    summary: "OTLP/HTTP traces (JSON or protobuf)",
    role: "operator",
    body: Raw,
    response: z.object({
      partialSuccess: z.object({ rejectedSpans: z.string(), errorMessage: z.string() }).optional(),
    }),
  },
} as const satisfies Record<string, Endpoint>;

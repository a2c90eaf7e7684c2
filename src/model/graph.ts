// The service graph: who talks to whom in a window, at a level of detail, with health and its reasons. What both ends of a connection
// reported is counted once. Absent numbers were not looked at; 0 was looked at and is none.
import { z } from "zod";
import { WorkloadKind } from "./identity.ts";

/** What a vertex stands for. At every level things outside the clusters are external vertices, one per DNS name (or one for all unnamed). */
export const graphLevels = ["namespace", "service", "workload", "endpoint"] as const;
export const GraphLevel = z.enum(graphLevels);
export type GraphLevel = z.infer<typeof GraphLevel>;

/** ok, degraded, failing: judged from what was seen; unknown: too little was seen to judge, because. Worst first in `because`. */
export const healthStates = ["ok", "degraded", "failing", "unknown"] as const;
export const Health = z.object({ state: z.enum(healthStates), because: z.array(z.string()) });
export type Health = z.infer<typeof Health>;

export const vertexKinds = ["namespace", "service", "workload", "endpoint", "external", "unknown", "more"] as const;

/** Sums over a window. Rates are these over `window`'s length. */
export const Traffic = z.object({
  connections: z.int(),
  connectionsFailed: z.int(),
  connectionsDenied: z.int(),
  resets: z.int(),
  retransmits: z.int(),
  packets: z.int(),
  /** From source to destination, and back. */
  bytesSent: z.int(),
  bytesReceived: z.int(),
  /** Mean of the round-trip times seen; absent when none was. */
  rttUsMean: z.int().optional(),
  /** Absent: HTTP was not looked at on this edge. */
  http: z
    .object({
      requests: z.int(),
      /** Answers 4xx and 5xx, and requests without an answer. */
      errors4xx: z.int(),
      errors5xx: z.int(),
      unanswered: z.int(),
      /** Of answered requests; absent when there was none. */
      latencyUsMedian: z.int().optional(),
      latencyUsP95: z.int().optional(),
    })
    .optional(),
});
export type Traffic = z.infer<typeof Traffic>;

export const Vertex = z.object({
  /** Stable between answers: made of level, cluster, namespace, kind and name. */
  id: z.string(),
  kind: z.enum(vertexKinds),
  cluster: z.string(),
  namespace: z.string(),
  /** Of workloads and endpoints (the owner's). */
  workloadKind: WorkloadKind.optional(),
  /** Of endpoints: the owner. Else empty. */
  workload: z.string(),
  /** What a person calls it. For "more": "214 more". */
  name: z.string(),
  /** Services of the workload or endpoint. */
  services: z.array(z.string()),
  simulated: z.boolean(),
  /** Things inside: of namespaces, services, workloads and "more". Absent while the inventory is not known. */
  workloads: z.int().optional(),
  endpoints: z.int().optional(),
  endpointsNotReady: z.int().optional(),
  /** For "more": vertices it stands for. Else 1. */
  members: z.int(),
  health: Health,
  /** What comes in and what goes out, edges inside it left out. */
  inbound: Traffic,
  outbound: Traffic,
  /** Traffic between its own members; absent when there was none. */
  inside: Traffic.optional(),
  /** Why it is "unknown": the reason the agents gave. */
  because: z.string(),
});
export type Vertex = z.infer<typeof Vertex>;

export const Edge = z.object({
  /** "<source id>→<destination id>". */
  id: z.string(),
  source: z.string(),
  destination: z.string(),
  /** "tcp/5432", ... the busiest first, at most 8; `portsOmitted` counts the rest. */
  ports: z.array(z.string()),
  portsOmitted: z.int(),
  /** Services that were dialled. */
  services: z.array(z.string()),
  verdicts: z.object({ allow: z.int(), deny: z.int(), unknown: z.int() }),
  traffic: Traffic,
  health: Health,
  /** Which ends told of it: an edge that only one end saw may have more traffic than is shown. */
  reportedBy: z.enum(["source", "destination", "both"]),
  firstSeen: z.iso.datetime(),
  lastSeen: z.iso.datetime(),
});
export type Edge = z.infer<typeof Edge>;

export const ServiceGraph = z.object({
  level: GraphLevel,
  vertices: z.array(Vertex),
  edges: z.array(Edge),
  /** What the "more" vertices stand for, and edges that were merged into theirs. */
  omitted: z.object({ vertices: z.int(), edges: z.int() }),
  /** Before anything was merged: the whole that the vertices add up to. */
  totals: z.object({ vertices: z.int(), edges: z.int(), endpoints: z.int().optional() }),
});
export type ServiceGraph = z.infer<typeof ServiceGraph>;

export const diffStates = ["added", "removed", "changed", "same"] as const;

/** Two windows side by side: `before` absent for what was added, the newer side absent for what was removed. */
export const GraphDiff = z.object({
  level: GraphLevel,
  vertices: z.array(
    z.object({ id: z.string(), state: z.enum(diffStates), before: Vertex.optional(), after: Vertex.optional() }),
  ),
  edges: z.array(
    z.object({
      id: z.string(),
      state: z.enum(diffStates),
      before: Edge.optional(),
      after: Edge.optional(),
      /** What changed, in words: "failed connections 0 % -> 12 %", "median latency 4 ms -> 310 ms". */
      changes: z.array(z.string()),
    }),
  ),
});
export type GraphDiff = z.infer<typeof GraphDiff>;

/** One thing that wants a person's eye, the most urgent first. */
export const Attention = z.object({
  /** Stable while the cause lasts. */
  id: z.string(),
  severity: z.enum(["critical", "high", "medium", "low", "info"]),
  /** traffic: an edge or service in trouble; workload: pods not ready, restarts; security: detections; coverage: what is not seen; self: Garrison. */
  about: z.enum(["traffic", "workload", "security", "coverage", "self"]),
  title: z.string(),
  detail: z.string(),
  cluster: z.string(),
  namespace: z.string(),
  /** The workload it is about, when it is about one. */
  workload: z.string(),
  workloadKind: WorkloadKind.optional(),
  since: z.iso.datetime().optional(),
  count: z.int(),
  /** Where in the console the evidence is: a screen and its search. */
  link: z.object({ screen: z.string(), search: z.record(z.string(), z.string()) }),
});
export type Attention = z.infer<typeof Attention>;

// Reading telemetry: flows, events, workloads, hints, gaps. Newest first, paged by cursor, live by SSE.
import { z } from "zod";
import { Flow } from "../../../model/flow.ts";
import { WorkloadKind } from "../../../model/identity.ts";
import { ProcessEvent } from "../../../model/process-event.ts";
import { eventTables, tables, type EventKind } from "../../../model/table.ts";
import { Workload } from "../../../model/workload.ts";
import { FilterText, page, PageQuery, streamItem, Window } from "./common.ts";
import type { Endpoint } from "./endpoint.ts";

export const eventKinds = Object.keys(eventTables) as [EventKind, ...EventKind[]];
/** One event of any kind, with `kind` saying which noun it is. */
export const AnyEvent = z.discriminatedUnion("kind", [
  tables.process_events.extend({ kind: z.literal("process") }),
  tables.file_events.extend({ kind: z.literal("file") }),
  tables.dns_events.extend({ kind: z.literal("dns") }),
  tables.http_events.extend({ kind: z.literal("http") }),
  tables.kubernetes_events.extend({ kind: z.literal("kubernetes") }),
  tables.inventory_events.extend({ kind: z.literal("inventory") }),
  tables.audit_events.extend({ kind: z.literal("audit") }),
  tables.security_events.extend({ kind: z.literal("security") }),
  tables.waf_events.extend({ kind: z.literal("waf") }),
  tables.log_events.extend({ kind: z.literal("log") }),
  tables.spans.extend({ kind: z.literal("span") }),
]);
export type AnyEvent = z.infer<typeof AnyEvent>;

const WorkloadParams = z.object({ cluster: z.string(), namespace: z.string(), kind: WorkloadKind, name: z.string() });
const WindowQuery = PageQuery.pick({ since: true, until: true });
const workloadPath = "/api/v1/workloads/:cluster/:namespace/:kind/:name";

/** Several kinds as a comma-separated list; empty means all. */
const KindsQuery = z.object({ kinds: z.string().default("") });

export const TimelinePoint = z.object({
  time: z.iso.datetime(),
  allow: z.int(),
  deny: z.int(),
  unknown: z.int(),
  connections: z.int(),
  connectionsFailed: z.int(),
  bytesSent: z.int(),
  bytesReceived: z.int(),
});

/** A process as the tree shows it: alive or ended within the window; children by `parentProcessId`. */
export const ProcessNode = z.object({
  process: ProcessEvent,
  /** Absent while it runs (or its end was not seen). */
  endedAt: z.iso.datetime().optional(),
  exitCode: z.int().optional(),
  signal: z.int().optional(),
});

export const Hint = z.object({ value: z.string(), count: z.int(), note: z.string().default("") });

export const telemetry = {
  listFlows: {
    method: "GET",
    path: "/api/v1/flows",
    summary: "Flows, newest first",
    role: "viewer",
    query: PageQuery,
    response: page(Flow),
  },
  streamFlows: {
    method: "GET",
    path: "/api/v1/flows/stream",
    summary: "Flows as they arrive; `last` rows of history first",
    role: "viewer",
    query: z.object({
      q: FilterText,
      last: z.coerce.number().int().min(0).max(1000).default(0),
      since: z.string().optional(),
    }),
    response: streamItem(Flow),
    stream: true,
  },
  flowTimeline: {
    method: "GET",
    path: "/api/v1/flows/timeline",
    summary: "Counts per time step, from rollups",
    role: "viewer",
    query: z.object({
      ...WindowQuery.shape,
      q: FilterText,
      steps: z.coerce.number().int().min(1).max(500).default(60),
    }),
    response: z.object({ stepMs: z.int(), points: z.array(TimelinePoint), window: Window }),
  },
  listEvents: {
    method: "GET",
    path: "/api/v1/events",
    summary: "Events of the asked kinds on one timeline, newest first",
    role: "viewer",
    query: PageQuery.extend(KindsQuery.shape),
    response: page(AnyEvent),
  },
  streamEvents: {
    method: "GET",
    path: "/api/v1/events/stream",
    summary: "Events as they arrive; `last` rows of history first",
    role: "viewer",
    query: z.object({
      ...KindsQuery.shape,
      q: FilterText,
      last: z.coerce.number().int().min(0).max(1000).default(0),
      since: z.string().optional(),
    }),
    response: streamItem(AnyEvent),
    stream: true,
  },
  listWorkloads: {
    method: "GET",
    path: "/api/v1/workloads",
    summary: "Workloads seen in the window, busiest first",
    role: "viewer",
    query: PageQuery,
    response: page(Workload),
  },
  getWorkload: {
    method: "GET",
    path: workloadPath,
    summary: "One workload's summary",
    role: "viewer",
    params: WorkloadParams,
    query: WindowQuery,
    response: z.object({ workload: Workload, window: Window }),
  },
  workloadProcesses: {
    method: "GET",
    path: `${workloadPath}/processes`,
    summary: "Processes of a workload in the window, for a tree",
    role: "viewer",
    params: WorkloadParams,
    query: WindowQuery.extend({ limit: z.coerce.number().int().min(1).max(5000).default(1000) }),
    response: z.object({ processes: z.array(ProcessNode), omitted: z.int(), window: Window }),
  },
  workloadPeers: {
    method: "GET",
    path: `${workloadPath}/peers`,
    summary: "Who the workload talks to, both directions, added up over the window",
    role: "viewer",
    params: WorkloadParams,
    query: WindowQuery,
    response: z.object({
      peers: z.array(
        z.object({
          direction: z.enum(["outbound", "inbound"]),
          kind: WorkloadKind,
          namespace: z.string(),
          workload: z.string(),
          /** DNS name or address when the peer is external. */
          address: z.string(),
          domain: z.string(),
          port: z.int(),
          protocol: z.string(),
          processes: z.array(z.string()),
          connections: z.int(),
          connectionsFailed: z.int(),
          bytesSent: z.int(),
          bytesReceived: z.int(),
          /** Median of the round-trip times seen; absent when none was. */
          rttUsMedian: z.int().optional(),
          lastSeen: z.iso.datetime(),
        }),
      ),
      omitted: z.int(),
      window: Window,
    }),
  },
  workloadDns: {
    method: "GET",
    path: `${workloadPath}/dns`,
    summary: "DNS questions of a workload, added up over the window",
    role: "viewer",
    params: WorkloadParams,
    query: WindowQuery,
    response: z.object({
      names: z.array(
        z.object({
          question: z.string(),
          questionType: z.string(),
          count: z.int(),
          failures: z.int(),
          responseCodes: z.array(z.string()),
          answers: z.array(z.string()),
          latencyUsMedian: z.int(),
          lastSeen: z.iso.datetime(),
        }),
      ),
      omitted: z.int(),
      window: Window,
    }),
  },
  hints: {
    method: "GET",
    path: "/api/v1/hints",
    summary: "Filter fields, or the values of one field, for completion",
    role: "viewer",
    query: z.object({
      on: z.enum(["flows", "events", "workloads"]).default("flows"),
      /** Empty: list the fields. */
      field: z.string().default(""),
      prefix: z.string().max(256).default(""),
      /** What is in the filter bar already; values are offered under it. */
      q: FilterText,
      since: z.string().optional(),
    }),
    response: z.object({ hints: z.array(Hint) }),
  },
} as const satisfies Record<string, Endpoint>;

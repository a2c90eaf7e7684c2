// Is Garrison itself well: parts, versions, agents, lag, drops, gaps, retention. What could not be done is said with its reason.
import { z } from "zod";
import { Gap } from "../../../model/gap.ts";
import { Node } from "../../../model/node.ts";
import { PageQuery } from "./common.ts";
import type { Endpoint } from "./endpoint.ts";

export const PartHealth = z.object({
  name: z.enum(["server", "store", "state", "agent", "ui"]),
  state: z.enum(["ok", "degraded", "down", "absent"]),
  because: z.string().default(""),
  version: z.string().default(""),
  residentBytes: z.int().default(0),
  cpuMs: z.int().default(0),
  startedAt: z.iso.datetime().optional(),
});

export const TableUsage = z.object({
  table: z.string(),
  rollup: z.boolean(),
  rows: z.int(),
  bytes: z.int(),
  oldest: z.iso.datetime().optional(),
  newest: z.iso.datetime().optional(),
  /** Days kept; 0 = for ever. */
  days: z.int(),
});

export const Status = z.object({
  version: z.string(),
  /** "ok" | "degraded" (something is missing, or was lost within the last hour; see notices) | "down". */
  state: z.enum(["ok", "degraded", "down"]),
  /** Store and state answer, and an agent reports if one is expected (it joined, or may with a token). Losses and reduced sight do not matter. */
  ready: z.boolean(),
  time: z.iso.datetime(),
  parts: z.array(PartHealth),
  /** One line each: what is real, what could not be done and why. */
  notices: z.array(z.string()),
  nodes: z.array(Node),
  store: z.object({
    kind: z.enum(["embedded", "clickhouse"]),
    engine: z.string(),
    diskFreeBytes: z.int(),
    diskTotalBytes: z.int(),
    tables: z.array(TableUsage),
  }),
  /** Where agents reach the server: the address it listens on, further names in its certificate, port 0 when there is no door. */
  agentsDoor: z.object({ address: z.string(), names: z.array(z.string()), port: z.int() }).optional(),
  ingest: z.object({
    rows: z.int(),
    blocks: z.int(),
    duplicates: z.int(),
    refusedByCode: z.record(z.string(), z.int()),
    spoolBlocks: z.int(),
    spoolBytes: z.int(),
  }),
});
export type Status = z.infer<typeof Status>;

export const health = {
  status: {
    method: "GET",
    path: "/api/v1/status",
    summary: "Everything the health page and `garrison status` show",
    role: "viewer",
    response: Status,
  },
  listNodes: {
    method: "GET",
    path: "/api/v1/nodes",
    summary: "Nodes with their agents",
    role: "viewer",
    response: z.object({ nodes: z.array(Node) }),
  },
  listGaps: {
    method: "GET",
    path: "/api/v1/gaps",
    summary: "What is known to be missing, newest first",
    role: "viewer",
    query: PageQuery,
    response: z.object({ rows: z.array(Gap), next: z.string().optional() }),
  },
  healthz: {
    method: "GET",
    path: "/healthz",
    summary: "The process is alive",
    role: "open",
    response: z.object({ ok: z.literal(true) }),
  },
  readyz: {
    method: "GET",
    path: "/readyz",
    summary: "The process can serve: store and state answer",
    role: "open",
    response: z.object({ ready: z.boolean() }),
  },
} as const satisfies Record<string, Endpoint>;

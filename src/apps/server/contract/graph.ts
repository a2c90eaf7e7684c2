// The service graph live and for any past window, the difference of two windows, and what needs a person now.
import { z } from "zod";
import { Cluster } from "../../../model/cluster.ts";
import { Attention, GraphDiff, graphLevels, ServiceGraph, Traffic } from "../../../model/graph.ts";
import { FilterText, Window } from "./common.ts";
import type { Endpoint } from "./endpoint.ts";

export const graphLimits = { verticesDefault: 120, verticesMax: 2000 } as const;

const WindowShape = { since: z.string().optional(), until: z.string().optional() };

export const GraphQuery = z.object({
  /** Filter over flows; `ns:shop` shows that namespace with its neighbours. */
  q: FilterText,
  ...WindowShape,
  level: z.enum(graphLevels).default("service"),
  /** Beyond it the least busy vertices become "and n more", per namespace (per cluster at namespace level). */
  verticesMax: z.coerce.number().int().min(5).max(graphLimits.verticesMax).default(graphLimits.verticesDefault),
  /** Vertex ids of "more" vertices to open, comma-separated. */
  open: z.string().max(4096).default(""),
  /** "workloads": also those of the inventory that nobody talked to. */
  idle: z.enum(["none", "workloads"]).default("none"),
});

export const graph = {
  serviceGraph: {
    method: "GET",
    path: "/api/v1/graph",
    summary: "Who talks to whom in the window, with health and its reasons; from rollups",
    role: "viewer",
    query: GraphQuery,
    response: z.object({ graph: ServiceGraph, window: Window }),
  },
  graphDiff: {
    method: "GET",
    path: "/api/v1/graph/diff",
    summary: "The graph of the window against the one of an earlier window",
    role: "viewer",
    query: GraphQuery.extend({ beforeSince: z.string(), beforeUntil: z.string() }),
    response: z.object({ diff: GraphDiff, before: Window, window: Window }),
  },
  overview: {
    method: "GET",
    path: "/api/v1/overview",
    summary: "What needs a person now, how much is covered, and the trend of the window",
    role: "viewer",
    query: z.object({ ...WindowShape, q: FilterText }),
    response: z.object({
      attention: z.array(Attention),
      /** Kinds of attention that could not be looked at, and why: an empty list must not look like all is well. */
      notLooked: z.array(z.object({ about: z.string(), because: z.string() })),
      clusters: z.array(Cluster),
      traffic: Traffic,
      events: z.array(z.object({ kind: z.string(), count: z.int() })),
      window: Window,
    }),
  },
} as const satisfies Record<string, Endpoint>;

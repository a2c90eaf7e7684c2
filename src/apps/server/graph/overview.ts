// The overview: what needs a person now, what could not be looked at, coverage, and the window's numbers. A part that fails is said, the
// rest is shown.
import type { z } from "zod";
import { toFault } from "../../../base/fault.ts";
import { attention } from "../../../core/graph/attention.ts";
import { limited } from "../../../core/graph/service-graph.ts";
import { addSums, emptySums, trafficOf } from "../../../core/graph/traffic-sums.ts";
import type { OverviewNumbers } from "../../../edge/store/queries/queries.ts";
import type { graph } from "../contract/graph.ts";
import { nodeOf } from "../nodes.ts";
import type { ServerParts } from "../parts.ts";
import { draftGraph, type GraphParts, inventoryAt } from "./graph-answers.ts";

export type OverviewParts = GraphParts & Pick<ServerParts, "state" | "losses">;
type OverviewQuery = z.infer<typeof graph.overview.query>;
type Overview = z.infer<typeof graph.overview.response>;
type NotLooked = Overview["notLooked"];

const nothing: OverviewNumbers = { warnings: [], detections: [], events: [], notCounted: [] };

export async function overviewOf(parts: OverviewParts, query: OverviewQuery): Promise<Overview> {
  const notLooked: NotLooked = [];
  const [drafted, numbers, clusters, agents] = await Promise.all([
    draftGraph(parts, { ...query, level: "service", idle: "none" }),
    parts.queries.overviewNumbers(query).catch((thrown: unknown) => {
      // Without the numbers the rest is still worth showing; what the filter does not fit is the asker's and goes up.
      const fault = toFault(thrown);
      if (fault.kind === "usage") throw fault;
      notLooked.push({ about: "events", because: fault.message });
      return nothing;
    }),
    parts.clusters.list(),
    parts.state.agents.list(),
  ]);
  const nowMs = parts.clock.nowMs();
  const nodes = agents.map((agent) => nodeOf(agent, nowMs));
  const { losses, gapsUnknown } = await parts.losses.look(nodes, true);
  if (gapsUnknown !== "") notLooked.push({ about: "self", because: gapsUnknown });
  notLooked.push(...numbers.notCounted, ...unknownReadiness(clusters, parts.clusters));
  const { workloads } = await inventoryAt(parts, { atMs: undefined, isWanted: () => true });
  const whole = limited(drafted.draft, new Map());
  const { warnings, detections } = numbers;
  const found = attention({ graph: whole, workloads, warnings, detections, clusters, nodes, losses });
  if (found.omitted > 0)
    notLooked.push({ about: "more", because: `${found.omitted} less urgent things are not listed` });
  return {
    attention: found.items,
    notLooked,
    clusters,
    traffic: trafficOf(totalOf(drafted.draft)),
    events: [...numbers.events],
    window: drafted.sums.window,
  };
}

/** Clusters whose pods nobody reads, or not all of them now: their readiness was not looked at. */
function unknownReadiness(clusters: Overview["clusters"], side: GraphParts["clusters"]): NotLooked {
  return clusters.flatMap(({ name, counts, state, because }) => {
    // Where nobody was told to ask a Kubernetes API there are no pods to be ready.
    if (state === "agents-only") return [];
    const gap = side.gapOf(name, "Pod");
    if (counts !== undefined && gap === "") return [];
    return [{ about: "workload", because: `${name}: ${because || gap || "its inventory is not known"}` }];
  });
}

/** Each edge once, and what stays inside a vertex. */
function totalOf({ vertices, edges }: Awaited<ReturnType<typeof draftGraph>>["draft"]) {
  const total = emptySums();
  for (const edge of edges.values()) addSums(total, edge.sums);
  for (const { inside } of vertices.values()) if (inside !== undefined) addSums(total, inside);
  return total;
}

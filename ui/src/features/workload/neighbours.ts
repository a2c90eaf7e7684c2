// The direct neighbours of a workload in the service graph, the worst and busiest first. Pure.
import type { Edge, Health, ServiceGraph, Vertex } from "../../../../src/model/graph.ts";
import type { WorkloadQuestion } from "./workload-question.ts";

export interface Neighbour {
  readonly vertex: Vertex;
  readonly edge: Edge;
}

export interface Neighbours {
  /** The workload itself; undefined when the graph of the window does not hold it. */
  readonly own: Vertex | undefined;
  readonly inbound: readonly Neighbour[];
  readonly outbound: readonly Neighbour[];
}

const badness: Readonly<Record<Health["state"], number>> = { failing: 3, degraded: 2, ok: 1, unknown: 0 };

function worstFirst(a: Neighbour, b: Neighbour): number {
  return (
    badness[b.edge.health.state] - badness[a.edge.health.state] ||
    b.edge.traffic.connections - a.edge.traffic.connections ||
    a.vertex.name.localeCompare(b.vertex.name, "en")
  );
}

export function neighboursOf(graph: ServiceGraph, params: WorkloadQuestion["params"]): Neighbours {
  const own = graph.vertices.find(
    ({ kind, cluster, namespace, workloadKind, name }) =>
      kind === "workload" &&
      cluster === params.cluster &&
      namespace === params.namespace &&
      workloadKind === params.kind &&
      name === params.name,
  );
  if (own === undefined) return { own, inbound: [], outbound: [] };
  const vertices = new Map(graph.vertices.map((vertex) => [vertex.id, vertex]));
  const others = (from: "source" | "destination", to: "source" | "destination"): readonly Neighbour[] =>
    graph.edges
      .filter((edge) => edge[from] === own.id && edge[to] !== own.id)
      .flatMap((edge) => {
        const vertex = vertices.get(edge[to]);
        return vertex === undefined ? [] : [{ vertex, edge }];
      })
      .toSorted(worstFirst);
  return { own, inbound: others("destination", "source"), outbound: others("source", "destination") };
}

/** Width of a line for so many bytes of the most: 1 to 6 pixels, by size's logarithm. */
export function lineWidthPx(bytes: number, bytesMost: number): number {
  if (bytes <= 0 || bytesMost <= 0) return 1;
  return 1 + 5 * (Math.log1p(bytes) / Math.log1p(Math.max(bytes, bytesMost)));
}

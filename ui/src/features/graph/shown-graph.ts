// From the server's answer (or the difference of two) to what is drawn: layers, single hidden vertices, focus, boxes. Pure.
// Nothing is left out in silence: what is not shown is counted.
import type { Edge, GraphDiff, ServiceGraph, Vertex } from "../../../../src/model/graph.ts";
import type { Box, Change, ShownEdge, ShownGraph, ShownVertex } from "../../canvas/shape.ts";

export interface Choices {
  /** Layers: "cluster/namespace". */
  readonly hide: readonly string[];
  readonly dim: readonly string[];
  /** Vertex ids that are not shown. */
  readonly without: readonly string[];
  /** Id of the vertex whose neighbours alone are shown; empty: all. */
  readonly near: string;
}

export interface Shown extends ShownGraph {
  readonly hidden: { readonly vertices: number; readonly edges: number };
}

interface Sides {
  readonly vertices: readonly { readonly vertex: Vertex; readonly change: Change }[];
  readonly edges: readonly { readonly edge: Edge; readonly change: Change; readonly changes: readonly string[] }[];
}

/** Both windows in one picture: what is gone is drawn as it was. */
export function sidesOf(graph: ServiceGraph, diff: GraphDiff | undefined): Sides {
  if (diff === undefined)
    return {
      vertices: graph.vertices.map((vertex) => ({ vertex, change: "same" })),
      edges: graph.edges.map((edge) => ({ edge, change: "same", changes: [] })),
    };
  return {
    vertices: diff.vertices.flatMap(({ before, after, state }) => {
      const vertex = after ?? before;
      return vertex === undefined ? [] : [{ vertex, change: state }];
    }),
    edges: diff.edges.flatMap(({ before, after, state, changes }) => {
      const edge = after ?? before;
      return edge === undefined ? [] : [{ edge, change: state, changes }];
    }),
  };
}

/** "cluster/namespace"; empty for what is outside. */
export function layerOf({ cluster, namespace }: Vertex): string {
  return namespace === "" ? "" : `${encodeURIComponent(cluster)}/${encodeURIComponent(namespace)}`;
}

export function shownGraph(sides: Sides, choices: Choices): Shown {
  const [hide, dim, without] = [new Set(choices.hide), new Set(choices.dim), new Set(choices.without)];
  const near = nearOf(sides, choices.near);
  const kept = sides.vertices.filter(
    ({ vertex }) =>
      !hide.has(layerOf(vertex)) && !without.has(vertex.id) && (near === undefined || near.has(vertex.id)),
  );
  const isMany =
    new Set(sides.vertices.map(({ vertex }) => vertex.cluster).filter((cluster) => cluster !== "")).size > 1;
  const vertices = kept.map(({ vertex, change }): ShownVertex => ({
    vertex,
    change,
    isDim: dim.has(layerOf(vertex)),
    box: boxOf(vertex, isMany),
  }));
  const shown = new Map(vertices.map((each) => [each.vertex.id, each]));
  const edges = sides.edges.flatMap(({ edge, change, changes }): readonly ShownEdge[] => {
    const [source, destination] = [shown.get(edge.source), shown.get(edge.destination)];
    if (source === undefined || destination === undefined) return [];
    return [{ edge, change, changes, isDim: source.isDim || destination.isDim }];
  });
  return {
    vertices,
    edges,
    boxes: boxesOf(vertices, isMany),
    hidden: { vertices: sides.vertices.length - vertices.length, edges: sides.edges.length - edges.length },
  };
}

function nearOf({ edges, vertices }: Sides, id: string): ReadonlySet<string> | undefined {
  if (!vertices.some(({ vertex }) => vertex.id === id)) return undefined;
  const ends = edges.filter(({ edge }) => edge.source === id || edge.destination === id);
  return new Set([id, ...ends.flatMap(({ edge }) => [edge.source, edge.destination])]);
}

/** Namespaces are boxes, and clusters around them when there are several. What has no namespace stands outside of all. */
function boxOf(vertex: Vertex, isMany: boolean): string {
  if (vertex.kind === "external" || vertex.cluster === "") return "";
  if (vertex.kind === "namespace" || vertex.namespace === "") return isMany ? encodeURIComponent(vertex.cluster) : "";
  return layerOf(vertex);
}

function boxesOf(vertices: readonly ShownVertex[], isMany: boolean): readonly Box[] {
  const boxes = new Map<string, Box>();
  for (const { vertex, box } of vertices) {
    if (box === "") continue;
    const { cluster, namespace, simulated } = vertex;
    const outer = isMany ? encodeURIComponent(cluster) : "";
    if (outer !== "" && !boxes.has(outer)) boxes.set(outer, { id: outer, label: cluster, parent: "", simulated });
    if (box !== outer) boxes.set(box, { id: box, label: namespace, parent: outer, simulated });
  }
  return [...boxes.values()];
}

export interface Layer {
  readonly id: string;
  readonly cluster: string;
  readonly namespace: string;
  readonly vertices: number;
}

/** Namespaces of the answer, by name, to hide or dim. */
export function layersOf(sides: Sides): readonly Layer[] {
  const layers = new Map<string, Layer>();
  for (const { vertex } of sides.vertices) {
    const id = layerOf(vertex);
    if (id === "") continue;
    const { cluster, namespace } = vertex;
    layers.set(id, { id, cluster, namespace, vertices: (layers.get(id)?.vertices ?? 0) + vertex.members });
  }
  return [...layers.values()].toSorted((a, b) => (a.namespace < b.namespace ? -1 : a.namespace > b.namespace ? 1 : 0));
}

/** Ids of the vertices that a text is found in, best first: names that begin with it, then the rest. */
export function findVertices(graph: ShownGraph, text: string): readonly string[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return [];
  const rank = ({ vertex }: ShownVertex): number => {
    const name = vertex.name.toLowerCase();
    if (name === wanted) return 0;
    if (name.startsWith(wanted)) return 1;
    if (name.includes(wanted)) return 2;
    const rest = [vertex.namespace, vertex.workload, vertex.health.state, ...vertex.services].join(" ").toLowerCase();
    return rest.includes(wanted) ? 3 : 9;
  };
  return graph.vertices
    .map((each) => ({ id: each.vertex.id, at: rank(each) }))
    .filter(({ at }) => at < 9)
    .toSorted((a, b) => a.at - b.at)
    .map(({ id }) => id);
}

/** Endpoints in all that is drawn: what the whole must add up to. Undefined where the inventory does not know some. */
export function endpointsIn(vertices: readonly Vertex[]): number | undefined {
  let sum = 0;
  for (const { endpoints, kind } of vertices) {
    if (endpoints !== undefined) sum += endpoints;
    else if (kind !== "external" && kind !== "unknown") return undefined;
  }
  return sum;
}

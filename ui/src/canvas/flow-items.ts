// From a shown graph and its places to React Flow's nodes and edges. What did not change keeps its object, so it is not rendered again.
import type { CanvasProps } from "./canvas-props.ts";
import type { LineEdge } from "./edge-line.tsx";
import { boxRects } from "./places.ts";
import { cardSize, type Places, type ShownVertex } from "./shape.ts";
import type { BoxNode, CardNode } from "./vertex-card.tsx";
import { edgeWidth } from "./vertex-text.ts";

export type AnyNode = CardNode | BoxNode;

interface NodeParts extends Pick<CanvasProps, "graph" | "seconds" | "picked" | "found" | "labelOf"> {
  readonly places: Places;
  readonly active: string;
  /** Nodes of the last time, by id; brought up to date. */
  readonly known: Map<string, AnyNode>;
}

export function nodesOf(parts: NodeParts): AnyNode[] {
  const { graph, places, known } = parts;
  const nodes: AnyNode[] = [];
  const rects = boxRects(graph, places);
  for (const { id, label, parent, simulated } of graph.boxes) {
    const rect = rects.get(id);
    if (rect === undefined) continue;
    const isOuter =
      graph.boxes.some((other) => other.parent === id) ||
      (parent === "" && graph.vertices[0]?.vertex.kind === "namespace");
    nodes.push(reuse(known, boxNode(id, rect, { label, isOuter, simulated })));
  }
  for (const shown of graph.vertices) {
    const place = places.get(shown.vertex.id);
    if (place !== undefined) nodes.push(cardNode(parts, shown, place));
  }
  const shownIds = new Set(nodes.map(({ id }) => id));
  for (const id of known.keys()) if (!shownIds.has(id)) known.delete(id);
  return nodes;
}

function boxNode(
  id: string,
  rect: { x: number; y: number; width: number; height: number },
  data: BoxNode["data"],
): BoxNode {
  const { x, y, width, height } = rect;
  return {
    id: `box:${id}`,
    type: "box",
    position: { x, y },
    width,
    height,
    data,
    zIndex: data.isOuter ? -2 : -1,
    selectable: false,
    className: "vertex-box-node",
  };
}

function reuse(known: Map<string, AnyNode>, node: BoxNode): AnyNode {
  const before = known.get(node.id);
  const isSame =
    before !== undefined &&
    JSON.stringify([before.position, before.width, before.height, before.data]) ===
      JSON.stringify([node.position, node.width, node.height, node.data]);
  if (isSame) return before;
  known.set(node.id, node);
  return node;
}

function cardNode(parts: NodeParts, shown: ShownVertex, place: { readonly x: number; readonly y: number }): AnyNode {
  const { id } = shown.vertex;
  const before = parts.known.get(id);
  const flags = { isPicked: parts.picked === id, isActive: parts.active === id, isFound: parts.found.has(id) };
  const isSame =
    before?.type === "card" &&
    before.data.shown === shown &&
    before.data.seconds === parts.seconds &&
    before.data.isPicked === flags.isPicked &&
    before.data.isActive === flags.isActive &&
    before.data.isFound === flags.isFound &&
    before.position.x === place.x &&
    before.position.y === place.y;
  if (isSame) return before;
  const node: CardNode = {
    id,
    type: "card",
    position: { x: place.x, y: place.y },
    ...cardSize,
    data: { shown, seconds: parts.seconds, label: parts.labelOf(shown.vertex), ...flags },
  };
  parts.known.set(id, node);
  return node;
}

export function edgesOf({
  graph,
  picked,
  seconds,
  edgeLabelOf,
}: Pick<CanvasProps, "graph" | "picked" | "seconds" | "edgeLabelOf">): LineEdge[] {
  const isVertexPicked = graph.vertices.some(({ vertex }) => vertex.id === picked);
  return graph.edges.map((shown) => {
    const { id, source, destination, traffic } = shown.edge;
    const isPicked = picked === id;
    const isPart = isPicked || (isVertexPicked && (source === picked || destination === picked));
    return {
      id,
      type: "line",
      source,
      target: destination,
      ariaLabel: edgeLabelOf(shown),
      data: {
        shown,
        width: edgeWidth(traffic, seconds),
        isPicked: isPart,
        isAside: picked !== "" && isVertexPicked && !isPart,
      },
    };
  });
}

// Between our graph and ELK's JSON: boxes are compound nodes, what lies in no box is a child of the root. Pure.
import { boxPadding, cardSize, type Place, type Places, type ShownGraph } from "./shape.ts";

export interface ElkNode {
  readonly id: string;
  readonly x?: number;
  readonly y?: number;
  readonly width?: number;
  readonly height?: number;
  readonly layoutOptions?: Readonly<Record<string, string>>;
  readonly children?: readonly ElkNode[];
  readonly edges?: readonly ElkEdge[];
}

interface ElkEdge {
  readonly id: string;
  readonly sources: string[];
  readonly targets: string[];
}

export interface ElkGraph extends ElkNode {
  readonly children: readonly ElkNode[];
  readonly edges: readonly ElkEdge[];
}

/** Beyond either, layers over the whole grow into a desert: boxes are laid out one by one and packed. */
const wholeLayersMax = { vertices: 160, edges: 320 } as const;

/** Layers from left to right: who calls stands left of who is called. */
const rootOptions = {
  "elk.algorithm": "layered",
  "elk.direction": "RIGHT",
  "elk.hierarchyHandling": "INCLUDE_CHILDREN",
  "elk.spacing.nodeNode": "22",
  "elk.spacing.componentComponent": "48",
  "elk.layered.spacing.nodeNodeBetweenLayers": "64",
  "elk.layered.spacing.edgeNodeBetweenLayers": "24",
  "elk.layered.nodePlacement.strategy": "BRANDES_KOEPF",
  "elk.layered.cycleBreaking.strategy": "GREEDY",
  "elk.aspectRatio": "1.7",
  "elk.separateConnectedComponents": "true",
} as const;

/** Spacing is not inherited by what is inside a box. */
const boxOptions = {
  "elk.spacing.nodeNode": rootOptions["elk.spacing.nodeNode"],
  "elk.layered.spacing.nodeNodeBetweenLayers": rootOptions["elk.layered.spacing.nodeNodeBetweenLayers"],
  "elk.layered.spacing.edgeNodeBetweenLayers": rootOptions["elk.layered.spacing.edgeNodeBetweenLayers"],
  "elk.padding": `[top=${boxPadding.top},left=${boxPadding.side},bottom=${boxPadding.bottom},right=${boxPadding.side}]`,
} as const;

const packedOptions = {
  "elk.algorithm": "rectpacking",
  "elk.aspectRatio": "1.9",
  "elk.spacing.nodeNode": "40",
  "elk.padding": "[top=40,left=20,bottom=20,right=20]",
} as const;

/** A box in a packed graph has layers of its own, from the edges inside of it. */
const ownLayers = {
  "elk.algorithm": "layered",
  "elk.direction": "RIGHT",
  "elk.aspectRatio": "1.4",
  "elk.spacing.componentComponent": "22",
} as const;

export function elkGraphOf(graph: ShownGraph): ElkGraph {
  const isPacked = graph.vertices.length > wholeLayersMax.vertices || graph.edges.length > wholeLayersMax.edges;
  return isPacked ? packedGraph(graph) : layeredGraph(graph);
}

function edgeOf({ edge }: ShownGraph["edges"][number]): ElkEdge {
  return { id: edge.id, sources: [edge.source], targets: [edge.destination] };
}

function layeredGraph(graph: ShownGraph): ElkGraph {
  const childrenOf = (box: string): readonly ElkNode[] => [
    ...graph.boxes
      .filter(({ parent }) => parent === box)
      .map(({ id }) => ({ id: `box:${id}`, layoutOptions: boxOptions, children: childrenOf(id) })),
    ...cardsIn(graph, box),
  ];
  return { id: "root", layoutOptions: rootOptions, children: filled(childrenOf("")), edges: graph.edges.map(edgeOf) };
}

function packedGraph(graph: ShownGraph): ElkGraph {
  const boxOf = new Map(graph.vertices.map(({ vertex, box }) => [vertex.id, box]));
  const inside = Map.groupBy(
    graph.edges.filter(({ edge }) => boxOf.get(edge.source) === boxOf.get(edge.destination)),
    ({ edge }) => boxOf.get(edge.source) ?? "",
  );
  const childrenOf = (box: string): readonly ElkNode[] => [
    ...graph.boxes
      .filter(({ parent }) => parent === box)
      .map(({ id }): ElkNode => {
        const isOuter = graph.boxes.some(({ parent }) => parent === id);
        if (isOuter)
          return { id: `box:${id}`, layoutOptions: { ...packedOptions, ...boxOptions }, children: childrenOf(id) };
        const edges = (inside.get(id) ?? []).map(edgeOf);
        return { id: `box:${id}`, layoutOptions: { ...boxOptions, ...ownLayers }, children: cardsIn(graph, id), edges };
      }),
    ...cardsIn(graph, box),
  ];
  return { id: "root", layoutOptions: packedOptions, children: filled(childrenOf("")), edges: [] };
}

function cardsIn(graph: ShownGraph, box: string): readonly ElkNode[] {
  return graph.vertices.filter((each) => each.box === box).map(({ vertex }) => ({ id: vertex.id, ...cardSize }));
}

function filled(nodes: readonly ElkNode[]): readonly ElkNode[] {
  return nodes.filter(({ children }) => children === undefined || children.length > 0);
}

/** Absolute places of the vertices in ELK's answer, whose coordinates are relative to the box around. */
export function placesOf(answer: ElkNode): Places {
  const places = new Map<string, Place>();
  const walk = (node: ElkNode, origin: Place): void => {
    const at = { x: origin.x + (node.x ?? 0), y: origin.y + (node.y ?? 0) };
    if (node.children === undefined) places.set(node.id, at);
    else for (const child of node.children) walk(child, at);
  };
  for (const child of answer.children ?? []) walk(child, { x: 0, y: 0 });
  return places;
}

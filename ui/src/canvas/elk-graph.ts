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
}

export interface ElkGraph extends ElkNode {
  readonly children: readonly ElkNode[];
  readonly edges: readonly { readonly id: string; readonly sources: string[]; readonly targets: string[] }[];
}

/** Layers from left to right: who calls stands left of who is called. */
const rootOptions = {
  "elk.algorithm": "layered",
  "elk.direction": "RIGHT",
  "elk.hierarchyHandling": "INCLUDE_CHILDREN",
  "elk.spacing.nodeNode": "22",
  "elk.spacing.componentComponent": "48",
  "elk.layered.spacing.nodeNodeBetweenLayers": "84",
  "elk.layered.spacing.edgeNodeBetweenLayers": "24",
  "elk.layered.nodePlacement.strategy": "BRANDES_KOEPF",
  "elk.layered.cycleBreaking.strategy": "GREEDY",
  "elk.aspectRatio": "1.7",
  "elk.separateConnectedComponents": "true",
} as const;

const boxOptions = {
  "elk.padding": `[top=${boxPadding.top},left=${boxPadding.side},bottom=${boxPadding.bottom},right=${boxPadding.side}]`,
} as const;

export function elkGraphOf(graph: ShownGraph): ElkGraph {
  const childrenOf = (box: string): readonly ElkNode[] => [
    ...graph.boxes
      .filter(({ parent }) => parent === box)
      .map(({ id }) => ({ id: `box:${id}`, layoutOptions: boxOptions, children: childrenOf(id) })),
    ...graph.vertices.filter((each) => each.box === box).map(({ vertex }) => ({ id: vertex.id, ...cardSize })),
  ];
  return {
    id: "root",
    layoutOptions: rootOptions,
    children: childrenOf("").filter(({ children }) => children === undefined || children.length > 0),
    edges: graph.edges.map(({ edge }) => ({ id: edge.id, sources: [edge.source], targets: [edge.destination] })),
  };
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

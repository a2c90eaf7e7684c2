// What both drawings of a graph take: cards and overview share one selection model.
import type { Vertex } from "../../../src/model/graph.ts";
import type { ShownEdge, ShownGraph, ShownVertex } from "./shape.ts";

export interface CanvasProps {
  readonly graph: ShownGraph;
  /** What a remembered layout belongs to. */
  readonly subject: string;
  /** Length of the window: rates are sums over it. */
  readonly seconds: number;
  /** Id of the chosen vertex or edge; empty for none. */
  readonly picked: string;
  /** Ids that the find box hit. */
  readonly found: ReadonlySet<string>;
  /** The hit that is walked to; empty for none. */
  readonly foundAt: string;
  readonly labelOf: (vertex: Vertex) => string;
  readonly edgeLabelOf: (edge: ShownEdge) => string;
  readonly onPick: (id: string) => void;
  readonly onDive: (vertex: Vertex) => void;
  /** Escape: what is chosen is let go, else one level up. */
  readonly onBack: () => void;
  readonly onFind: () => void;
  /** Acts of a vertex at a place of the window. */
  readonly onMenu: (vertex: Vertex, at: { readonly x: number; readonly y: number }) => void;
}

export interface CardData extends Record<string, unknown> {
  readonly shown: ShownVertex;
  readonly seconds: number;
  readonly isPicked: boolean;
  readonly isActive: boolean;
  readonly isFound: boolean;
  readonly label: string;
}

/** Element ids hold no spaces. */
export function elementId(vertexId: string): string {
  return `vertex-${encodeURIComponent(vertexId)}`;
}

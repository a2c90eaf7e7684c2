// What the canvas draws: vertices, edges and the boxes around them, as a screen prepared them. Sizes in pixels.
import type { Edge, Vertex } from "../../../src/model/graph.ts";

export type Change = "added" | "removed" | "changed" | "same";

export interface ShownVertex {
  readonly vertex: Vertex;
  /** Id of the box it lies in; empty for none. */
  readonly box: string;
  readonly isDim: boolean;
  readonly change: Change;
}

export interface ShownEdge {
  readonly edge: Edge;
  readonly isDim: boolean;
  readonly change: Change;
  /** What changed, in words. */
  readonly changes: readonly string[];
}

export interface Box {
  readonly id: string;
  readonly label: string;
  /** Id of the box around this box; empty for none. */
  readonly parent: string;
  readonly simulated: boolean;
}

export interface ShownGraph {
  readonly vertices: readonly ShownVertex[];
  readonly edges: readonly ShownEdge[];
  readonly boxes: readonly Box[];
}

export interface Place {
  readonly x: number;
  readonly y: number;
}

/** Upper left corners, by vertex id. */
export type Places = ReadonlyMap<string, Place>;

export interface Rect extends Place {
  readonly width: number;
  readonly height: number;
}

export const cardSize = { width: 196, height: 58 } as const;
export const boxPadding = { side: 16, top: 34, bottom: 16 } as const;

/** Beyond this many visible vertices the overview is drawn instead of cards. */
export const cardsMax = 800;

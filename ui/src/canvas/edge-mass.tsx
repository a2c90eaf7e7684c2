// Many healthy edges as one line drawing under the cards: one element instead of a thousand, so that panning stays smooth. They are
// not to be pointed at; the details and the table have each of them.
import { getBezierPath, Position, ViewportPortal } from "@xyflow/react";
import { memo } from "react";
import { cardSize, type Places, type ShownEdge } from "./shape.ts";

interface EdgeMassProps {
  readonly edges: readonly ShownEdge[];
  readonly places: Places;
}

const curvature = 0.28;

/** Whether an edge may be one of many: nothing about it needs an eye. */
export function isQuiet({ edge, change }: ShownEdge): boolean {
  return change === "same" && (edge.health.state === "ok" || edge.health.state === "unknown");
}

export const EdgeMass = memo(function EdgeMass({ edges, places }: EdgeMassProps) {
  const lines = edges.flatMap(({ edge }) => {
    const [from, to] = [places.get(edge.source), places.get(edge.destination)];
    if (from === undefined || to === undefined) return [];
    const [path] = getBezierPath({
      sourceX: from.x + cardSize.width,
      sourceY: from.y + cardSize.height / 2,
      sourcePosition: Position.Right,
      targetX: to.x,
      targetY: to.y + cardSize.height / 2,
      targetPosition: Position.Left,
      curvature,
    });
    return [path];
  });
  return (
    <ViewportPortal>
      <svg className="edge-mass" width="1" height="1" aria-hidden="true">
        <path d={lines.join(" ")} />
      </svg>
    </ViewportPortal>
  );
});

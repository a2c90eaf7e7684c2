// One edge as a curve: its width says how many bytes, its colour how it fares; only bad ones have a pattern (dashes are dear to draw).
import { BaseEdge, getBezierPath, type Edge, type EdgeProps } from "@xyflow/react";
import { memo } from "react";
import type { ShownEdge } from "./shape.ts";

export interface EdgeData extends Record<string, unknown> {
  readonly shown: ShownEdge;
  readonly width: number;
  readonly isPicked: boolean;
  /** Another thing is chosen and this edge has no part in it. */
  readonly isAside: boolean;
}

export type LineEdge = Edge<EdgeData, "line">;

/** Lines that go back to the left leave and arrive in a wider bow. */
const backBow = 0.5;
const bow = 0.28;

export const EdgeLine = memo(function EdgeLine(props: EdgeProps<LineEdge>) {
  const { data, sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition } = props;
  if (data === undefined) return null;
  const curvature = targetX < sourceX ? backBow : bow;
  const [path, labelX, labelY] = getBezierPath({
    sourceX,
    sourceY,
    targetX,
    targetY,
    sourcePosition,
    targetPosition,
    curvature,
  });
  const { edge, isDim, change } = data.shown;
  return (
    <g
      className="edge-line"
      data-health={edge.health.state}
      data-dim={isDim || data.isAside}
      data-picked={data.isPicked}
      data-change={change}
    >
      <BaseEdge id={props.id} path={path} interactionWidth={16} style={{ strokeWidth: data.width }} />
      <path
        className="edge-head"
        d={`M ${targetX - 8} ${targetY - 4.5} L ${targetX} ${targetY} L ${targetX - 8} ${targetY + 4.5} Z`}
      />
      {edge.health.state === "failing" || change !== "same" ? (
        <text className="edge-mark" x={labelX} y={labelY - 4} textAnchor="middle">
          {change === "same" ? "✕" : { added: "+", removed: "−", changed: "≠" }[change]}
        </text>
      ) : null}
    </g>
  );
});

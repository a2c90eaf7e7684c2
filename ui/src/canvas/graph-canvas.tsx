// The drawing that suits the size: cards up to 800 visible vertices, the overview above.
import { lazy, Suspense } from "react";
import { Loading } from "../kit/states.tsx";
import type { CanvasProps } from "./canvas-props.ts";
import { CardsCanvas } from "./cards-canvas.tsx";
import { cardsMax } from "./shape.ts";

// WebGL and forces are loaded by those who need them.
const OverviewCanvas = lazy(() =>
  import("./overview-canvas.tsx").then((module) => ({ default: module.OverviewCanvas })),
);

export function GraphCanvas(props: CanvasProps) {
  if (props.graph.vertices.length <= cardsMax) return <CardsCanvas {...props} />;
  return (
    <Suspense fallback={<Loading label="Loading the overview" rows={6} />}>
      <OverviewCanvas {...props} />
    </Suspense>
  );
}

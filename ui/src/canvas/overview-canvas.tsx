// The graph as points: more than 800 vertices. WebGL (sigma) where the browser has it, a plain canvas where not; the same selection.
import "../styles/graph.css";
import { useEffect, useMemo, useState } from "react";
import { Loading, Notice } from "../kit/states.tsx";
import type { CanvasProps } from "./canvas-props.ts";
import { FlatView } from "./flat-view.tsx";
import { forcePlaces } from "./layout.ts";
import type { OverviewPoint, OverviewScene } from "./overview-scene.ts";
import type { Places, ShownGraph } from "./shape.ts";
import { SigmaView } from "./sigma-view.tsx";
import { useCanvasKeys } from "./use-canvas-keys.ts";
import { usePlaces } from "./use-places.ts";
import { walk } from "./walk.ts";

/** Beyond this many, points shrink, so that they do not cover each other. */
const pointsFull = 400;

/** Software rendering counts: it is slow, not wrong. */
function hasWebGl(): boolean {
  const canvas = document.createElement("canvas");
  return canvas.getContext("webgl2") !== null;
}

export function OverviewCanvas(props: CanvasProps) {
  const { graph, picked } = props;
  const placing = usePlaces(graph, `overview ${props.subject}`, forcePlaces);
  const { places } = placing;
  const [active, setActive] = useState("");
  const [isFlat, setFlat] = useState(() => !hasWebGl());
  useEffect(() => {
    if (props.foundAt !== "") setActive(props.foundAt);
  }, [props.foundAt]);
  const scene = useMemo<OverviewScene>(() => sceneOf(graph, places), [graph, places]);
  const onKeyDown = useCanvasKeys({ ...props, places, active, setActive, bringIntoView: () => undefined });
  const activeShown = graph.vertices.find(({ vertex }) => vertex.id === active);
  const view = {
    scene,
    picked,
    active,
    found: props.found,
    onPick: (id: string) => {
      setActive(id);
      props.onPick(id);
    },
    onDive: (id: string) => {
      const shown = graph.vertices.find(({ vertex }) => vertex.id === id);
      if (shown !== undefined) props.onDive(shown.vertex);
    },
  };
  return (
    <div className="canvas" data-laying-out={placing.state === "laying-out"}>
      {placing.state === "failed" ? (
        <Notice tone="warning">The layout did not work in this browser: vertices stand in rows, as they came.</Notice>
      ) : null}
      <div
        className="overview"
        role="application"
        tabIndex={0}
        aria-label="Service graph, overview: arrow keys move, Space shows details, Enter dives in, Escape goes back, slash finds"
        data-renderer={isFlat ? "canvas" : "webgl"}
        onKeyDown={onKeyDown}
        onFocus={() => {
          if (active === "") setActive(walk(places, undefined, "right", new Map()) ?? "");
        }}
      >
        {scene.points.length === 0 ? <Loading label="Arranging the graph" rows={6} /> : null}
        {scene.points.length > 0 && isFlat ? <FlatView {...view} /> : null}
        {scene.points.length > 0 && !isFlat ? <SigmaView {...view} onRefused={() => setFlat(true)} /> : null}
      </div>
      <p className="canvas-hover">
        {activeShown === undefined
          ? `Overview of ${graph.vertices.length} vertices. Choose one, narrow the filter, or go up a level for cards.`
          : props.labelOf(activeShown.vertex)}
      </p>
      <p className="visually-hidden" aria-live="polite">
        {activeShown === undefined ? "" : props.labelOf(activeShown.vertex)}
      </p>
    </div>
  );
}

function sceneOf(graph: ShownGraph, places: Places): OverviewScene {
  const scale = Math.min(1, Math.sqrt(pointsFull / graph.vertices.length));
  return {
    points: graph.vertices.flatMap(({ vertex, isDim }): readonly OverviewPoint[] => {
      const place = places.get(vertex.id);
      if (place === undefined) return [];
      const weight = vertex.inbound.connections + vertex.outbound.connections;
      return [{ id: vertex.id, ...place, size: scale * (2.5 + Math.min(6, Math.log10(1 + weight))), vertex, isDim }];
    }),
    names: boxNames(graph, places),
    lines: graph.edges.map(({ edge, isDim }) => ({
      source: edge.source,
      target: edge.destination,
      health: edge.health.state,
      isDim,
    })),
  };
}

/** The innermost boxes' names at the middle of their members. */
function boxNames({ boxes, vertices }: ShownGraph, places: Places): OverviewScene["names"] {
  const members = Map.groupBy(vertices, ({ box }) => box);
  return boxes.flatMap(({ id, label }) => {
    const at = (members.get(id) ?? []).flatMap(({ vertex }) => places.get(vertex.id) ?? []);
    if (at.length === 0) return [];
    const sum = at.reduce((total, { x, y }) => ({ x: total.x + x, y: total.y + y }), { x: 0, y: 0 });
    return [{ label, x: sum.x / at.length, y: sum.y / at.length }];
  });
}

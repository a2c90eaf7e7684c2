// The keyboard on a drawn graph, the same for cards and overview: arrows walk, Space chooses, Enter dives, Escape goes back.
import { useMemo, type KeyboardEvent } from "react";
import { elementId, type CanvasProps } from "./canvas-props.ts";
import { neighboursOf } from "./places.ts";
import type { Places } from "./shape.ts";
import { directionOfKey, walk } from "./walk.ts";

export interface KeyParts extends CanvasProps {
  readonly places: Places;
  readonly active: string;
  readonly setActive: (id: string) => void;
  readonly bringIntoView: (id: string) => void;
}

/** What is handled here is not handled by the screen's own keys (use-keys.ts leaves prevented events alone). */
export function useCanvasKeys(parts: KeyParts): (event: KeyboardEvent) => void {
  const { graph, places, active } = parts;
  const neighbours = useMemo(() => neighboursOf(graph), [graph]);
  return (event) => {
    // The zoom buttons lie inside the canvas and have keys of their own.
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const vertex = graph.vertices.find((each) => each.vertex.id === active)?.vertex;
    const direction = directionOfKey[event.key];
    const run = (act: () => void): void => {
      event.preventDefault();
      act();
    };
    if (direction !== undefined)
      return run(() => {
        const shown = new Map(
          graph.vertices.flatMap((each) => {
            const place = places.get(each.vertex.id);
            return place === undefined ? [] : [[each.vertex.id, place] as const];
          }),
        );
        const next = walk(shown, active === "" ? undefined : active, direction, neighbours);
        if (next === undefined) return;
        parts.setActive(next);
        parts.bringIntoView(next);
      });
    if (event.key === "/") return run(parts.onFind);
    if (event.key === "Escape") return run(parts.onBack);
    if (vertex === undefined) return undefined;
    if (event.key === " ") return run(() => parts.onPick(vertex.id));
    if (event.key === "Enter") return run(() => parts.onDive(vertex));
    const isMenu = event.key === "ContextMenu" || event.key === "m" || (event.key === "F10" && event.shiftKey);
    if (isMenu)
      return run(() => {
        const rect = document.getElementById(elementId(vertex.id))?.getBoundingClientRect();
        parts.onMenu(vertex, { x: rect?.left ?? 0, y: rect?.bottom ?? 0 });
      });
    return undefined;
  };
}

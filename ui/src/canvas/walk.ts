// Where an arrow key leads: along an edge when one goes that way, else to the nearest vertex in that direction. Pure.
import type { Place, Places } from "./shape.ts";

export type Direction = "left" | "right" | "up" | "down";

export const directionOfKey: Readonly<Record<string, Direction>> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};

const edgeBonus = 0.5;
/** Left and right follow edges; up and down stay in their layer: how much being aside costs. */
const asideCost = 2.2;

/** How far `to` lies in a direction, with what lies aside counted more; undefined when it lies elsewhere. */
function distance(from: Place, to: Place, direction: Direction): number | undefined {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const isFlat = direction === "left" || direction === "right";
  const ahead = direction === "left" ? -dx : direction === "right" ? dx : direction === "up" ? -dy : dy;
  const aside = Math.abs(isFlat ? dy : dx);
  return ahead < 1 ? undefined : ahead + aside * asideCost;
}

/** The id to go to; undefined when nothing lies that way. Without a starting point: the one nearest to the upper left. */
export function walk(
  places: Places,
  from: string | undefined,
  direction: Direction,
  neighbours: ReadonlyMap<string, readonly string[]>,
): string | undefined {
  const start = from === undefined ? undefined : places.get(from);
  if (from === undefined || start === undefined) return firstOf(places);
  const joined = new Set(neighbours.get(from));
  let best: { readonly id: string; readonly cost: number } | undefined;
  for (const [id, place] of places) {
    if (id === from) continue;
    const far = distance(start, place, direction);
    if (far === undefined) continue;
    const cost = joined.has(id) ? far * edgeBonus : far;
    if (best === undefined || cost < best.cost) best = { id, cost };
  }
  return best?.id;
}

function firstOf(places: Places): string | undefined {
  let best: { readonly id: string; readonly cost: number } | undefined;
  for (const [id, { x, y }] of places) if (best === undefined || x + y < best.cost) best = { id, cost: x + y };
  return best?.id;
}

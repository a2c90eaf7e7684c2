// Places that are remembered: what has one keeps it, what is new slides in near a neighbour. Boxes are drawn around their members. Pure.
import { boxPadding, cardSize, type Box, type Place, type Places, type Rect, type ShownGraph } from "./shape.ts";

const step = { x: cardSize.width + 28, y: cardSize.height + 24 } as const;
const ringsMax = 40;

/** Places for every vertex of the graph; `known` is not changed for what has one. */
export function mergePlaces(known: Places, graph: ShownGraph): Places {
  const fresh = graph.vertices.filter(({ vertex }) => !known.has(vertex.id));
  if (fresh.length === 0) return known;
  const places = new Map(known);
  const shown = new Set(graph.vertices.map(({ vertex }) => vertex.id));
  const taken = graph.vertices.flatMap(({ vertex }) => known.get(vertex.id) ?? []);
  const neighbours = neighboursOf(graph);
  for (const { vertex, box } of fresh) {
    const near =
      graph.vertices.filter((each) => each.box === box && box !== "").find((each) => places.has(each.vertex.id))?.vertex
        .id ?? neighbours.get(vertex.id)?.find((id) => places.has(id) && shown.has(id));
    const place = freeNear(near === undefined ? below(taken) : (places.get(near) as Place), taken);
    places.set(vertex.id, place);
    taken.push(place);
  }
  return places;
}

export function neighboursOf(graph: ShownGraph): ReadonlyMap<string, readonly string[]> {
  const neighbours = new Map<string, string[]>();
  const join = (from: string, to: string): void => {
    const known = neighbours.get(from);
    if (known === undefined) neighbours.set(from, [to]);
    else known.push(to);
  };
  for (const { edge } of graph.edges) {
    join(edge.source, edge.destination);
    join(edge.destination, edge.source);
  }
  return neighbours;
}

function below(taken: readonly Place[]): Place {
  const bottom = taken.reduce((most, { y }) => Math.max(most, y + step.y * 1.5), 0);
  return { x: taken.reduce((least, { x }) => Math.min(least, x), taken[0]?.x ?? 0), y: bottom };
}

/** The nearest free spot in growing squares around a place; below first, so that layers stay layers. */
function freeNear(around: Place, taken: readonly Place[]): Place {
  const isFree = ({ x, y }: Place): boolean =>
    taken.every((other) => Math.abs(other.x - x) >= step.x - 8 || Math.abs(other.y - y) >= step.y - 8);
  for (let ring = 1; ring <= ringsMax; ring += 1) {
    const spots: Place[] = [];
    for (let column = -ring; column <= ring; column += 1)
      for (let row = -ring; row <= ring; row += 1)
        if (Math.max(Math.abs(column), Math.abs(row)) === ring)
          spots.push({ x: around.x + column * step.x, y: around.y + row * step.y });
    const cost = ({ x, y }: Place): number =>
      Math.abs(x - around.x) * 2 + Math.abs(y - around.y) + (y < around.y ? 10 : 0);
    const found = spots.toSorted((a, b) => cost(a) - cost(b)).find(isFree);
    if (found !== undefined) return found;
  }
  return { x: around.x, y: around.y + step.y * (ringsMax + 1) };
}

/** Rectangles around the members of each box, inner boxes included; boxes without members have none. */
export function boxRects(graph: ShownGraph, places: Places): ReadonlyMap<string, Rect> {
  const rects = new Map<string, Rect>();
  const byParent = Map.groupBy(graph.boxes, ({ parent }) => parent);
  const members = Map.groupBy(graph.vertices, ({ box }) => box);
  const rectOf = (box: Box): Rect | undefined => {
    const cards = (members.get(box.id) ?? []).flatMap(({ vertex }) => {
      const place = places.get(vertex.id);
      return place === undefined ? [] : [{ ...place, ...cardSize }];
    });
    const inner = (byParent.get(box.id) ?? []).flatMap((each) => rectOf(each) ?? []);
    const around = boundsOf([...cards, ...inner]);
    if (around === undefined) return undefined;
    const rect = {
      x: around.x - boxPadding.side,
      y: around.y - boxPadding.top,
      width: around.width + boxPadding.side * 2,
      height: around.height + boxPadding.top + boxPadding.bottom,
    };
    rects.set(box.id, rect);
    return rect;
  };
  for (const box of byParent.get("") ?? []) rectOf(box);
  return rects;
}

/** The smallest rectangle around all; undefined for none. */
export function boundsOf(rects: readonly Rect[]): Rect | undefined {
  if (rects.length === 0) return undefined;
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y, width, height } of rects) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x + width);
    bottom = Math.max(bottom, y + height);
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

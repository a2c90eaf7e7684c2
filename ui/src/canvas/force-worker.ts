// The overview's layout, in a worker of its own: vertices begin in a circle per box, then a capped number of force steps.
import { DirectedGraph } from "graphology";
import forceAtlas2 from "graphology-layout-forceatlas2";
import type { ForceJob } from "./layout.ts";

const stepsMax = 180;
const stepsBudget = 260_000;

interface WorkerScope {
  postMessage(value: Float64Array): void;
  addEventListener(name: "message", listener: (event: MessageEvent<ForceJob>) => void): void;
}
const scope = self as unknown as WorkerScope;

const insideWeight = 1;
const acrossWeight = 0.02;
const hubWeight = 0.6;
/** Radius of a box, as a part of the distance to the nearest other one. */
const discPart = 0.46;

/**
 * Deterministic: the same graph gives the same picture. Members of a box hang on an invisible hub, and lines between boxes pull
 * little, so that namespaces stay together and can be told apart.
 */
function seededGraph({ ids, groups, links }: ForceJob): DirectedGraph {
  const graph = new DirectedGraph();
  const boxes = Math.max(1, new Set(groups).size);
  const placeInBox = new Map<number, number>();
  ids.forEach((id, at) => {
    const group = groups[at] ?? 0;
    const place = placeInBox.get(group) ?? 0;
    placeInBox.set(group, place + 1);
    const angle = (2 * Math.PI * group) / boxes;
    const turn = place * 2.399963;
    const radius = 14 * Math.sqrt(place);
    const center = { x: Math.cos(angle) * boxes * 60, y: Math.sin(angle) * boxes * 60 };
    const hub = `hub ${group}`;
    if (!graph.hasNode(hub)) graph.addNode(hub, center);
    graph.addNode(id, { x: center.x + Math.cos(turn) * radius, y: center.y + Math.sin(turn) * radius });
    graph.addDirectedEdge(hub, id, { weight: hubWeight });
  });
  for (const [from, to] of links) {
    const [source, target] = [ids[from], ids[to]];
    if (source === undefined || target === undefined || source === target) continue;
    const weight = groups[from] === groups[to] ? insideWeight : acrossWeight;
    graph.mergeDirectedEdge(source, target, { weight });
  }
  return graph;
}

/** Each box becomes a disc as large as the distance to the next box allows: members are told apart, boxes too. */
function spreadGroups(flat: Float64Array, groups: readonly number[]): void {
  const members = Map.groupBy(groups.keys(), (at) => groups[at] ?? 0);
  const discs = [...members.values()].map((at) => {
    const [x, y] = [0, 1].map((axis) => at.reduce((sum, each) => sum + (flat[each * 2 + axis] ?? 0), 0) / at.length);
    const center = { x: x ?? 0, y: y ?? 0 };
    const far = at.map((each) => Math.hypot((flat[each * 2] ?? 0) - center.x, (flat[each * 2 + 1] ?? 0) - center.y));
    return { at, center, radius: Math.max(...far, 1e-6) };
  });
  if (discs.length < 2) return;
  const most = Math.max(...discs.map(({ at }) => at.length));
  for (const disc of discs) {
    const others = discs.filter((other) => other !== disc);
    const gap = Math.min(...others.map(({ center }) => Math.hypot(center.x - disc.center.x, center.y - disc.center.y)));
    const scale = (gap * discPart * Math.sqrt(disc.at.length / most)) / disc.radius;
    for (const each of disc.at) {
      flat[each * 2] = disc.center.x + ((flat[each * 2] ?? 0) - disc.center.x) * scale;
      flat[each * 2 + 1] = disc.center.y + ((flat[each * 2 + 1] ?? 0) - disc.center.y) * scale;
    }
  }
}

scope.addEventListener("message", ({ data }) => {
  const graph = seededGraph(data);
  const iterations = Math.max(20, Math.min(stepsMax, Math.round(stepsBudget / Math.max(1, data.ids.length))));
  const settings = {
    ...forceAtlas2.inferSettings(graph),
    barnesHutOptimize: data.ids.length > 500,
    adjustSizes: false,
  };
  const places = forceAtlas2(graph, { iterations, settings, getEdgeWeight: "weight" });
  const flat = new Float64Array(data.ids.length * 2);
  data.ids.forEach((id, at) => {
    flat[at * 2] = places[id]?.["x"] ?? 0;
    flat[at * 2 + 1] = places[id]?.["y"] ?? 0;
  });
  spreadGroups(flat, data.groups);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker, not a window
  scope.postMessage(flat);
});

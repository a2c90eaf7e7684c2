// The overview's layout, in a worker of its own: vertices begin in a circle per box, then a capped number of force steps.
import Graph from "graphology";
import forceAtlas2 from "graphology-layout-forceatlas2";
import type { ForceJob } from "./layout.ts";

const stepsMax = 180;
const stepsBudget = 260_000;

interface WorkerScope {
  postMessage(value: Float64Array): void;
  addEventListener(name: "message", listener: (event: MessageEvent<ForceJob>) => void): void;
}
const scope = self as unknown as WorkerScope;

/** Seeds by box, deterministic: the same graph gives the same picture. */
function seededGraph({ ids, groups, links }: ForceJob): Graph {
  const graph = new Graph({ type: "directed", multi: false });
  const boxes = Math.max(1, new Set(groups).size);
  const placeInBox = new Map<number, number>();
  ids.forEach((id, at) => {
    const group = groups[at] ?? 0;
    const place = placeInBox.get(group) ?? 0;
    placeInBox.set(group, place + 1);
    const angle = (2 * Math.PI * group) / boxes;
    const turn = place * 2.399963;
    const radius = 14 * Math.sqrt(place);
    graph.addNode(id, {
      x: Math.cos(angle) * boxes * 40 + Math.cos(turn) * radius,
      y: Math.sin(angle) * boxes * 40 + Math.sin(turn) * radius,
    });
  });
  for (const [from, to] of links) {
    const [source, target] = [ids[from], ids[to]];
    if (source !== undefined && target !== undefined && source !== target) graph.mergeDirectedEdge(source, target);
  }
  return graph;
}

scope.addEventListener("message", ({ data }) => {
  const graph = seededGraph(data);
  const iterations = Math.max(20, Math.min(stepsMax, Math.round(stepsBudget / Math.max(1, data.ids.length))));
  const settings = {
    ...forceAtlas2.inferSettings(graph),
    barnesHutOptimize: data.ids.length > 500,
    adjustSizes: false,
  };
  const places = forceAtlas2(graph, { iterations, settings });
  const flat = new Float64Array(data.ids.length * 2);
  data.ids.forEach((id, at) => {
    flat[at * 2] = places[id]?.["x"] ?? 0;
    flat[at * 2 + 1] = places[id]?.["y"] ?? 0;
  });
  scope.postMessage(flat);
});

// Whatever is chosen in the console's graph, its filter is one that the real grammar reads.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFilter } from "../../src/core/filter/parse.ts";
import type { Edge, Vertex } from "../../src/model/graph.ts";

interface Selection {
  flowsFilter: (picked: object) => string;
  eventsFilter: (vertex: Vertex) => string;
}
interface Fixture {
  vertexOf: (given?: Partial<Vertex>) => Vertex;
  edgeOf: (given?: Partial<Edge>) => Edge;
}

// The console is a compiler project of its own: its pure parts are loaded by address.
const ui = new URL("../../ui/src/", import.meta.url);
const { eventsFilter, flowsFilter } = (await import(
  new URL("features/graph/selection-filter.ts", ui).href
)) as Selection;
const { edgeOf, vertexOf } = (await import(new URL("canvas/shown.fixture.ts", ui).href)) as Fixture;

const vertices = [
  vertexOf({ kind: "namespace", name: "shop" }),
  vertexOf({ kind: "service" }),
  vertexOf(),
  vertexOf({ kind: "endpoint", name: "checkout-7c9d-x", workload: "checkout" }),
  vertexOf({ name: "session-3 (root)", namespace: "host" }),
  vertexOf({ name: 'quo"te\\d, comma', namespace: "host" }),
  vertexOf({ kind: "external", name: "api.example", cluster: "", namespace: "" }),
  vertexOf({ kind: "external", name: "outside", cluster: "", namespace: "" }),
  vertexOf({ kind: "unknown", name: "unknown", namespace: "" }),
  vertexOf({ kind: "more", name: "9 more" }),
  vertexOf({ kind: "more", name: "2 more", namespace: "" }),
];

test("every vertex, and every pair as an edge", () => {
  for (const vertex of vertices) {
    const q = flowsFilter({ kind: "vertex", vertex });
    assert.ok(parseFilter(q).clauses.length > 0, vertex.name);
    parseFilter(eventsFilter(vertex));
    for (const other of vertices)
      parseFilter(flowsFilter({ kind: "edge", edge: edgeOf(), source: vertex, destination: other }));
  }
});

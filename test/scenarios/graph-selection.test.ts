// Whatever is chosen in the console's graph, its filter is one that the real grammar reads.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFilter } from "../../src/core/filter/parse.ts";
import { edgeOf, vertexOf } from "../../ui/src/canvas/shown.fixture.ts";
import { eventsFilter, flowsFilter } from "../../ui/src/features/graph/selection-filter.ts";

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

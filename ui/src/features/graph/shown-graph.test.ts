import assert from "node:assert/strict";
import { test } from "node:test";
import type { GraphDiff, ServiceGraph, Vertex } from "../../../../src/model/graph.ts";
import { edgeOf, vertexOf } from "../../canvas/shown.fixture.ts";
import { endpointsIn, findVertices, layersOf, shownGraph, sidesOf, type Choices } from "./shown-graph.ts";

const all: Choices = { hide: [], dim: [], without: [], near: "" };

function graphOf(vertices: readonly Vertex[], edges: readonly (readonly [string, string])[]): ServiceGraph {
  return {
    level: "service",
    vertices: [...vertices],
    edges: edges.map(([source, destination]) => edgeOf({ id: `${source}→${destination}`, source, destination })),
    omitted: { vertices: 0, edges: 0 },
    totals: { vertices: vertices.length, edges: edges.length },
  };
}

const shop = [
  vertexOf({ id: "web", name: "web" }),
  vertexOf({ id: "db", name: "orders-db", namespace: "data" }),
  vertexOf({ id: "out", name: "api.example", kind: "external", cluster: "", namespace: "" }),
  vertexOf({ id: "demo", name: "web", cluster: "demo", simulated: true }),
];
const sides = sidesOf(
  graphOf(shop, [
    ["web", "db"],
    ["web", "out"],
    ["demo", "out"],
  ]),
  undefined,
);

function ids(choices: Partial<Choices>): readonly string[] {
  return shownGraph(sides, { ...all, ...choices }).vertices.map(({ vertex }) => vertex.id);
}

test("layers hide or dim a namespace of one cluster; what is hidden is counted with its edges", () => {
  assert.deepEqual(ids({}), ["web", "db", "out", "demo"]);
  const hidden = shownGraph(sides, { ...all, hide: ["local/data"] });
  assert.deepEqual(
    hidden.vertices.map(({ vertex }) => vertex.id),
    ["web", "out", "demo"],
  );
  assert.deepEqual(hidden.hidden, { vertices: 1, edges: 1 });
  const dimmed = shownGraph(sides, { ...all, dim: ["demo/shop"] });
  assert.deepEqual(
    dimmed.vertices.map(({ isDim }) => isDim),
    [false, false, false, true],
  );
  assert.deepEqual(
    dimmed.edges.map(({ isDim }) => isDim),
    [false, false, true],
  );
  assert.deepEqual(
    layersOf(sides).map(({ id, vertices }) => [id, vertices]),
    [
      ["local/data", 1],
      ["local/shop", 1],
      ["demo/shop", 1],
    ],
  );
});

test("focus leaves a vertex and its neighbours; a focus that is gone shows all; single vertices are left out", () => {
  assert.deepEqual(ids({ near: "db" }), ["web", "db"]);
  assert.deepEqual(ids({ near: "nobody" }), ["web", "db", "out", "demo"]);
  assert.deepEqual(ids({ without: ["out", "web"] }), ["db", "demo"]);
});

test("namespaces are boxes, clusters around them when there are several, what is outside lies outside", () => {
  const { boxes, vertices } = shownGraph(sides, all);
  assert.deepEqual(
    boxes.map(({ id, parent }) => [id, parent]),
    [
      ["local", ""],
      ["local/shop", "local"],
      ["local/data", "local"],
      ["demo", ""],
      ["demo/shop", "demo"],
    ],
  );
  assert.deepEqual(
    vertices.map(({ box }) => box),
    ["local/shop", "local/data", "", "demo/shop"],
  );
  const one = shownGraph(sidesOf(graphOf(shop.slice(0, 2), []), undefined), all);
  assert.deepEqual(
    one.boxes.map(({ id, parent }) => [id, parent]),
    [
      ["local/shop", ""],
      ["local/data", ""],
    ],
  );
});

test("a comparison draws what is gone as it was, and says what changed", () => {
  const edge = edgeOf({ id: "web→db", source: "web", destination: "db" });
  const diff: GraphDiff = {
    level: "service",
    vertices: [
      { id: "web", state: "same", before: shop[0], after: shop[0] },
      { id: "db", state: "removed", before: shop[1] },
    ],
    edges: [{ id: edge.id, state: "removed", before: edge, changes: ["gone"] }],
  };
  const { vertices, edges } = shownGraph(sidesOf(graphOf([], []), diff), all);
  assert.deepEqual(
    vertices.map(({ vertex, change }) => [vertex.id, change]),
    [
      ["web", "same"],
      ["db", "removed"],
    ],
  );
  assert.deepEqual(
    edges.map(({ change, changes }) => [change, changes]),
    [["removed", ["gone"]]],
  );
});

test("finding puts names before the rest and does not find for nothing", () => {
  const graph = shownGraph(sides, all);
  assert.deepEqual(findVertices(graph, " WEB"), ["web", "demo"]);
  assert.deepEqual(findVertices(graph, "db"), ["db"]);
  assert.deepEqual(findVertices(graph, "data"), ["db"]);
  assert.deepEqual(findVertices(graph, ""), []);
});

test("endpoints add up, unless the inventory does not know some", () => {
  const [a, b] = [vertexOf({ endpoints: 3 }), vertexOf({ kind: "more", endpoints: 4 })];
  assert.equal(endpointsIn([a, b, vertexOf({ kind: "external" })]), 7);
  assert.equal(endpointsIn([a, vertexOf()]), undefined);
});

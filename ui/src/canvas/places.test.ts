import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { elkGraphOf, placesOf } from "./elk-graph.ts";
import { boundsOf, boxRects, mergePlaces, neighboursOf } from "./places.ts";
import { cardSize, type Place, type Places } from "./shape.ts";
import { structureKey } from "./structure-key.ts";
import { shownOf } from "./shown.fixture.ts";
import { walk } from "./walk.ts";

function placesAt(...given: readonly (readonly [string, number, number])[]): Places {
  return new Map(given.map(([id, x, y]): [string, Place] => [id, { x, y }]));
}

test("structure decides the key: order and numbers do not", () => {
  const a = shownOf(["a", "b", "c"], ["a→b", "b→c"]);
  assert.equal(structureKey(a), structureKey(shownOf(["c", "a", "b"], ["b→c", "a→b"])));
  assert.notEqual(structureKey(a), structureKey(shownOf(["a", "b", "c"], ["a→b", "a→c"])));
  assert.notEqual(structureKey(a), structureKey(shownOf(["a", "b"], ["a→b", "b→c"])));
  assert.notEqual(structureKey(a), structureKey(shownOf(["a", "b", "c"], ["a→b", "b→c"], { a: "other" })));
});

test("what has a place keeps it; what is new slides in near its neighbour, on nobody", () => {
  const known = placesAt(["a", 0, 0], ["b", 300, 0], ["far", 5000, 5000]);
  const merged = mergePlaces(known, shownOf(["a", "b", "far", "new"], ["b→new"]));
  for (const [id, place] of known) assert.deepEqual(merged.get(id), place);
  const placed = merged.get("new");
  assert.ok(placed !== undefined);
  assert.ok(Math.hypot(placed.x - 300, placed.y) < 400, JSON.stringify(placed));
  assert.equal(mergePlaces(known, shownOf(["a", "b"], [])), known);
});

test("however many come at once, no two cards overlap", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 12 }), (fresh, old) => {
      const ids = Array.from({ length: fresh + old }, (_, index) => `v${index}`);
      const known = placesAt(
        ...ids.slice(0, old).map((id, at) => [id, (at % 4) * 260, Math.floor(at / 4) * 90] as const),
      );
      const edges = ids.slice(1).map((id, at) => `v${at}→${id}`);
      const places = [...mergePlaces(known, shownOf(ids, edges)).values()];
      assert.equal(places.length, ids.length);
      for (const [at, a] of places.entries())
        for (const b of places.slice(at + 1))
          assert.ok(Math.abs(a.x - b.x) >= cardSize.width || Math.abs(a.y - b.y) >= cardSize.height, `${at}`);
    }),
    { numRuns: 40 },
  );
});

test("boxes lie around their members, outer ones around inner ones; an empty box has no rectangle", () => {
  const graph = {
    ...shownOf(["a", "b", "c"], [], { a: "east/shop", b: "east/shop", c: "east/pay" }),
    boxes: [
      { id: "east", label: "east", parent: "", simulated: false },
      { id: "east/shop", label: "shop", parent: "east", simulated: false },
      { id: "east/pay", label: "pay", parent: "east", simulated: false },
      { id: "west", label: "west", parent: "", simulated: false },
    ],
  };
  const rects = boxRects(graph, placesAt(["a", 0, 0], ["b", 300, 100], ["c", 900, 0]));
  const [outer, inner] = [rects.get("east"), rects.get("east/shop")];
  assert.ok(outer !== undefined && inner !== undefined);
  assert.ok(inner.x < 0 && inner.y < 0 && inner.x + inner.width > 300 + cardSize.width);
  assert.ok(outer.x < inner.x && outer.y < inner.y && outer.width > inner.width);
  assert.equal(rects.has("west"), false);
  assert.equal(boundsOf([]), undefined);
});

test("arrows follow edges first, then the nearest; at the rim they stay", () => {
  const graph = shownOf(["a", "near", "joined", "down"], ["a→joined"]);
  const places = placesAt(["a", 0, 0], ["near", 250, 0], ["joined", 400, 20], ["down", 0, 90]);
  const neighbours = neighboursOf(graph);
  for (const [direction, wanted] of [
    ["right", "joined"],
    ["down", "down"],
    ["left", undefined],
    ["up", undefined],
  ] as const)
    assert.equal(walk(places, "a", direction, neighbours), wanted, direction);
  assert.equal(walk(places, "near", "left", neighbours), "a");
  assert.equal(walk(places, undefined, "right", neighbours), "a");
  assert.equal(walk(new Map(), undefined, "right", neighbours), undefined);
});

test("ELK gets boxes as compound nodes and gives absolute places back", () => {
  const boxes = [{ id: "c/shop", label: "shop", parent: "", simulated: false }];
  const graph = { ...shownOf(["a", "b", "x"], ["a→b", "b→x"], { a: "c/shop", b: "c/shop" }), boxes };
  const elk = elkGraphOf(graph);
  assert.deepEqual(
    elk.children.map(({ id, children }) => [id, children?.map((each) => each.id)]),
    [
      ["box:c/shop", ["a", "b"]],
      ["x", undefined],
    ],
  );
  assert.equal(elk.edges.length, 2);
  const places = placesOf({
    id: "root",
    children: [
      { id: "box:c/shop", x: 10, y: 20, children: [{ id: "a", x: 1, y: 2 }] },
      { id: "x", x: 7, y: 8 },
    ],
  });
  assert.deepEqual(
    [...places],
    [
      ["a", { x: 11, y: 22 }],
      ["x", { x: 7, y: 8 }],
    ],
  );
});

test("a large graph is packed box by box: only edges inside a box shape it", () => {
  const ids = Array.from({ length: 200 }, (_, index) => `v${index}`);
  const boxes = ["a", "b"].map((id) => ({ id, label: id, parent: "", simulated: false }));
  const boxOf = Object.fromEntries(ids.map((id, at) => [id, at % 2 === 0 ? "a" : "b"]));
  const elk = elkGraphOf({ ...shownOf(ids, ["v0→v2", "v0→v1"], boxOf), boxes });
  assert.deepEqual(elk.edges, []);
  assert.deepEqual(
    elk.children.map(({ children, edges }) => [children?.length, edges?.map(({ id }) => id)]),
    [
      [100, ["v0→v2"]],
      [100, []],
    ],
  );
});

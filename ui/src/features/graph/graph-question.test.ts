import assert from "node:assert/strict";
import { test } from "node:test";
import { edgeOf, vertexOf } from "../../canvas/shown.fixture.ts";
import {
  beforeWindow,
  crumbsOf,
  diveOf,
  graphCommand,
  graphQuery,
  layoutSubject,
  levelOf,
  upOf,
  withItem,
  withoutItem,
} from "./graph-question.ts";
import { flowsFilter } from "./selection-filter.ts";

test("broken choices of the address become the default", () => {
  assert.equal(levelOf({ level: "galaxy" }), "service");
  const { level, verticesMax, idle, q } = graphQuery({
    level: "workload",
    most: "7",
    idle: "yes",
    ns: "shop",
    q: "port:80",
  });
  assert.deepEqual([level, verticesMax, idle, q], ["workload", 120, "none", "ns:shop port:80"]);
});

test("diving goes down level by level and up again", () => {
  const namespace = diveOf(vertexOf({ kind: "namespace", name: "shop" }), { level: "namespace", pick: "x" });
  assert.deepEqual(
    namespace.kind === "level" && [
      namespace.patch.level,
      namespace.patch.ns,
      namespace.patch.cluster,
      namespace.patch.pick,
    ],
    ["service", "shop", "local", undefined],
  );
  const service = diveOf(vertexOf({ kind: "service" }), { q: "port:80" });
  assert.equal(service.kind === "level" && service.patch.q, "port:80 to:checkout");
  const workload = diveOf(vertexOf(), { q: "port:80 to:checkout" });
  assert.equal(workload.kind === "level" && workload.patch.q, "port:80 workload:checkout");
  assert.equal(diveOf(vertexOf({ kind: "endpoint" }), {}).kind, "page");
  assert.equal(diveOf(vertexOf({ kind: "external" }), {}).kind, "none");
  const more = diveOf(vertexOf({ kind: "more", id: "more/a" }), { open: "more/b" });
  assert.equal(more.kind === "level" && more.patch.open, "more/b,more/a");

  const up = upOf({ level: "endpoint", ns: "shop", q: "port:80 workload:checkout" });
  assert.deepEqual([up?.level, up?.q], ["workload", "port:80"]);
  assert.equal(upOf({ level: "service", ns: "shop" })?.ns, undefined);
  assert.equal(upOf({ level: "namespace" }), undefined);
});

test("crumbs say where one is; the last one leads nowhere", () => {
  const crumbs = crumbsOf({ level: "workload", ns: "shop", cluster: "local", q: "to:checkout" });
  assert.deepEqual(
    crumbs.map(({ title, patch }) => [title, patch === undefined]),
    [
      ["All namespaces", false],
      ["shop · local", false],
      ["checkout", true],
    ],
  );
  assert.deepEqual(
    crumbsOf({}).map(({ patch }) => patch),
    [undefined],
  );
});

test("the compared window is as long as the shown one, and earlier", () => {
  const now = Date.parse("2026-11-23T08:00:00Z");
  assert.equal(beforeWindow({}, now), undefined);
  assert.equal(beforeWindow({ before: "2w" }, now), undefined);
  const day = beforeWindow({ before: "1d", range: "15m" }, now);
  assert.deepEqual([day?.beforeSince, day?.beforeUntil], ["2026-11-22T07:45:00.000Z", "2026-11-22T08:00:00.000Z"]);
  const right = beforeWindow({ before: "window", range: "15m" }, now);
  assert.equal(right?.beforeUntil, "2026-11-23T07:45:00.000Z");
});

test("hiding, selecting, pausing and another time keep the layout; another question does not", () => {
  const subject = layoutSubject({ level: "service", ns: "shop" });
  assert.equal(
    layoutSubject({ level: "service", ns: "shop", hide: "a/b", pick: "x", paused: "1", range: "6h" }),
    subject,
  );
  assert.notEqual(layoutSubject({ level: "workload", ns: "shop" }), subject);
  assert.equal(withItem(withItem(undefined, "a"), "b"), "a,b");
  assert.equal(withItem("a,b", "a"), "a,b");
  assert.equal(withoutItem("a", "a"), undefined);
});

test("commands ask the same", () => {
  assert.equal(
    graphCommand({ most: "2000", idle: "1", before: "1d" }),
    "npx garrison graph --level service --since 1h --max 2000 --idle --diff 1d",
  );
  assert.equal(
    graphCommand({ level: "workload", ns: "shop", range: "15m" }),
    "npx garrison graph --level workload --since 15m ns:shop",
  );
});

test("an edge is asked for by its two ends, a vertex by either end", () => {
  const namespace = vertexOf({ kind: "namespace", name: "shop" });
  const service = vertexOf({ kind: "service" });
  const workload = vertexOf();
  const outside = vertexOf({ kind: "external", name: "api.example", cluster: "", namespace: "" });
  const edge = (source: typeof workload, destination: typeof workload): string =>
    flowsFilter({ kind: "edge", edge: edgeOf(), source, destination });
  assert.equal(edge(workload, service), "cluster:local from:shop/checkout to:shop/checkout");
  assert.equal(edge(namespace, outside), "cluster:local from.ns:shop to:api.example");
  assert.equal(flowsFilter({ kind: "vertex", vertex: workload }), "cluster:local ns:shop workload:checkout");
});

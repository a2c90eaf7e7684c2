import assert from "node:assert/strict";
import { test } from "node:test";
import { evidenceHref } from "./evidence-href.ts";

test("evidence leads to screens only, with the range of the page", () => {
  for (const [screen, search, range, href] of [
    ["/flows", { q: "verdict:deny" }, "6h", "/flows?q=verdict%3Adeny&range=6h"],
    ["/flows", { range: "5m" }, "6h", "/flows?range=5m"],
    ["/workloads/local/shop/Deployment/a%2Fb", {}, undefined, "/workloads/local/shop/Deployment/a%2Fb"],
    ["//elsewhere.example", {}, undefined, "/overview"],
    ["/\\elsewhere.example", {}, undefined, "/overview"],
    ["javascript:alert(1)", {}, undefined, "/overview"],
    ["/flows?x=1#token=a", {}, undefined, "/overview"],
    ["/events", { nonsense: "1", q: "" }, undefined, "/events"],
  ] as const)
    assert.equal(evidenceHref({ screen, search }, { range }), href);
});

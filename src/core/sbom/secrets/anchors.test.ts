import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { createAnchorScan } from "./anchors.ts";

function hitsOf(anchors: readonly string[], text: string): string[] {
  const hits: string[] = [];
  createAnchorScan(anchors).scan(
    Buffer.from(text, "latin1"),
    (at, anchor) => hits.push(`${at} ${anchors[anchor]}`) > 0,
  );
  return hits.toSorted();
}

function naive(anchors: readonly string[], text: string): string[] {
  const hits: string[] = [];
  for (const anchor of anchors) {
    for (let at = text.indexOf(anchor); at >= 0; at = text.indexOf(anchor, at + 1)) hits.push(`${at} ${anchor}`);
  }
  return hits.toSorted();
}

test("finds what a look at every place finds", () => {
  const letters = fc.constantFrom("a", "b", "-", "_");
  const anchor = fc.string({ unit: letters, minLength: 4, maxLength: 9 });
  const property = fc.property(
    fc.uniqueArray(anchor, { minLength: 1, maxLength: 8 }),
    fc.string({ unit: letters, maxLength: 200 }),
    (anchors, text) => assert.deepEqual(hitsOf(anchors, text), naive(anchors, text)),
  );
  fc.assert(property, { numRuns: 2000 });
});

test("at the very beginning, at the very end, and in nothing", () => {
  assert.deepEqual(hitsOf(["ghp_", "PRIVATE KEY"], "ghp_PRIVATE KEY"), ["0 ghp_", "4 PRIVATE KEY"]);
  assert.deepEqual(hitsOf(["ghp_"], ""), []);
  assert.deepEqual(hitsOf(["ghp_"], "ghp"), []);
});

test("stops when it is told to", () => {
  let hits = 0;
  createAnchorScan(["ghp_"]).scan(Buffer.from("ghp_ ghp_ ghp_"), () => {
    hits += 1;
    return hits < 2;
  });
  assert.equal(hits, 2);
});

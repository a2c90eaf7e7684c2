// Any two strings come out as they went in, whatever was there before.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { createStringCache } from "./string-cache.ts";

function sourceOf(first: string, second: string, filling: number) {
  const memory = new ArrayBuffer(4096);
  const bytes = Buffer.from(memory).fill(filling);
  const split = 8 + bytes.write(first, 8);
  const end = split + bytes.write(second, split);
  return { source: { bytes, words: new Uint32Array(memory) }, split, end };
}

test("pairs of strings, again and again, with other bytes behind them", () => {
  const cache = createStringCache();
  const text = fc.string({ unit: fc.constantFrom("/", "a", "b", "ü", "."), maxLength: 24 });
  fc.assert(
    fc.property(text, text, fc.integer({ min: 0, max: 255 }), (first, second, filling) => {
      const { source, split, end } = sourceOf(first, second, filling);
      const { first: foundFirst, second: foundSecond } = cache.pair(source, 8, split, end);
      return foundFirst === first && foundSecond === second;
    }),
    { numRuns: 5000 },
  );
});

test("the same bytes are the same object, split elsewhere they are not", () => {
  const cache = createStringCache();
  const one = sourceOf("/etc/passwd", "/etc/passwd", 0);
  const two = sourceOf("/etc/passwd", "/etc/passwd", 255);
  const kept = cache.pair(one.source, 8, one.split, one.end);
  assert.equal(cache.pair(two.source, 8, two.split, two.end).first, kept.first);
  assert.equal(cache.pair(two.source, 8, two.split + 1, two.end).first, "/etc/passwd/");
});

test("long ones are read, too", () => {
  const cache = createStringCache();
  const { source, split, end } = sourceOf("x".repeat(600), "y", 0);
  assert.deepEqual(cache.pair(source, 8, split, end), { first: "x".repeat(600), second: "y" });
});

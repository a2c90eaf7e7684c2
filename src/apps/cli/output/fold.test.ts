import assert from "node:assert/strict";
import { test } from "node:test";
import { fold, foldHanging } from "./fold.ts";
import { withoutColour } from "./harmless.ts";
import { paint } from "./paint.ts";
import { textWidth } from "./table.ts";

test("a line of a section hangs: its indent, and what goes on two further in", () => {
  assert.equal(foldHanging("  aa bb cc", 11), "    aa bb\n      cc");
  assert.equal(foldHanging("aa bb", 80), "  aa bb");
});

test("folds between words, indents, keeps every word, and colours take no room", () => {
  const by = paint(true);
  const text = `${by.bad("3 known to be exploited")}, 397 with a fix, 108 upstream only`;
  const folded = fold(text, { width: 24, first: "  " });
  assert.equal(withoutColour(folded), "  3 known to be\n  exploited, 397 with a\n  fix, 108 upstream only");
  assert.ok(folded.split("\n").every((line) => textWidth(line) <= 24));
  assert.equal(fold("as it is", { width: Number.POSITIVE_INFINITY }), "as it is");
  assert.equal(fold("a-word-that-is-longer than", { width: 5 }), "a-word-that-is-longer\nthan");
});

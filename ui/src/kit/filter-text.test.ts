import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { applyCompletion, completionAt, tokensOf, withTerm } from "./filter-text.ts";

test("tokens keep their places, quotes keep their spaces", () => {
  const tokens = tokensOf('ns:shop  -to:"a b",c free');
  assert.deepEqual(
    tokens.map((token) => [token.text, token.start, token.field, token.negated, token.valueStart]),
    [
      ["ns:shop", 0, "ns", false, 3],
      ['-to:"a b",c', 9, "to", true, 13],
      ["free", 21, "", false, 21],
    ],
  );
});

test("any text splits into tokens that cover all but the spaces", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("a", ":", '"', " ", "-", ",", "\\") }), (text) => {
      const tokens = tokensOf(text);
      for (const token of tokens) assert.equal(text.slice(token.start, token.end), token.text);
      const covered = tokens.map((token) => token.text.replace(/\s/g, "")).join("");
      assert.equal(covered, text.replace(/\s/g, ""));
    }),
  );
});

test("knows what is typed at the caret", () => {
  const cases = [
    ["", 0, { on: "field", prefix: "", from: 0, to: 0 }],
    ["ve", 2, { on: "field", prefix: "ve", from: 0, to: 2 }],
    ["-ve", 3, { on: "field", prefix: "ve", from: 1, to: 3 }],
    ["verdict:", 8, { on: "value", field: "verdict", prefix: "", from: 8, to: 8 }],
    ["verdict:de", 10, { on: "value", field: "verdict", prefix: "de", from: 8, to: 10 }],
    ["verdict:deny,un", 15, { on: "value", field: "verdict", prefix: "un", from: 13, to: 15 }],
    ["verdict:de,unknown x", 10, { on: "value", field: "verdict", prefix: "de", from: 8, to: 10 }],
    ["ns:shop ", 8, { on: "field", prefix: "", from: 8, to: 8 }],
    ["ns:shop", 1, { on: "field", prefix: "n", from: 0, to: 3 }],
  ] as const;
  for (const [text, caret, expected] of cases) assert.deepEqual(completionAt(text, caret), expected, text);
});

test("puts suggestions in", () => {
  const run = (text: string, caret: number, insert: string): string => {
    const done = applyCompletion(text, completionAt(text, caret), insert);
    return `${done.text.slice(0, done.caret)}|${done.text.slice(done.caret)}`;
  };
  assert.equal(run("ver", 3, "verdict:"), "verdict:|");
  assert.equal(run("verdict:de", 10, "deny"), "verdict:deny |");
  assert.equal(run("verdict:de,allow", 10, "deny"), "verdict:deny|,allow");
  assert.equal(run("a verdict:de b", 12, "deny"), "a verdict:deny| b");
});

test("adds a term once", () => {
  assert.equal(withTerm("", "ns:a"), "ns:a");
  assert.equal(withTerm("port:1", "ns:a"), "port:1 ns:a");
  assert.equal(withTerm("port:1 ns:a", "ns:a"), "port:1 ns:a");
});

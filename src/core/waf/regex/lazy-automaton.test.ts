import assert from "node:assert/strict";
import { test } from "node:test";
import { createLazyAutomaton } from "./lazy-automaton.ts";
import { parsePattern } from "./parse-pattern.ts";
import { buildProgram } from "./program.ts";
import { takeSteps } from "./steps.ts";
import { testTree } from "./test-tree.ts";

const options = { isMultiline: false, isDotAll: true, isCaseless: false };

function automatonOf(source: string): ReturnType<typeof createLazyAutomaton> {
  return createLazyAutomaton(buildProgram(testTree(parsePattern(source, options)), 0, false));
}

function coinFlips(bytes: number): string {
  let state = 12_345;
  let text = "";
  for (let at = 0; at < bytes; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    text += ((state >>> 16) & 1) === 0 ? "a" : "b";
  }
  return text;
}

test("more states than there is room for: the cache is emptied or left, the answer stays, work stays linear", () => {
  const automaton = automatonOf("a[ab]{24}c");
  const flips = coinFlips(32_768);
  takeSteps();
  assert.equal(automaton.test(flips.slice(0, 16_384)), false);
  const half = takeSteps();
  assert.ok(half.cacheFlushes > 0, "the pattern is meant to overflow the cache");
  assert.equal(automaton.test(flips), false);
  const full = takeSteps();
  assert.ok(full.bytes + full.visits <= 2.2 * (half.bytes + half.visits), `${half.visits} and ${full.visits} visits`);
  assert.equal(automaton.test(`${flips}a${"b".repeat(24)}c`), true);
  assert.equal(automaton.test(`${flips}a${"b".repeat(23)}c${flips}`), flips[flips.length - 1] === "a");
  assert.equal(automaton.test("ab"), false);
});

const cases: readonly (readonly [string, string, boolean])[] = [
  ["a$", "a\n", true],
  ["a$", "a\nb", false],
  ["a\\z", "a\n", false],
  ["$", "", true],
  ["^$", "\n", true],
  ["^\\n$", "\n", true],
  ["\\n\\z", "a\n", true],
  ["(?m)a$", "a\nb", true],
  ["(?m)^b", "a\nb", true],
  ["(?m)^", "x", true],
  ["\\b", "  ", false],
  ["\\b", " x", true],
  ["x\\B", "x", false],
  ["\\bx\\b", "yx x", true],
  ["[^a]", "\u0000", true],
  ["\\xff$", "\u00ff\n", true],
  ["^a|b$", "cb", true],
  ["^a|^b", "cb", false],
];

for (const [source, subject, expected] of cases) {
  test(`${source} on ${JSON.stringify(subject)}, cold and warm`, () => {
    const automaton = automatonOf(source);
    assert.equal(automaton.test(subject), expected);
    assert.equal(automaton.test(subject), expected);
  });
}

test("a pattern that is tied to the start stops early", () => {
  const automaton = automatonOf("^[a-f]+x");
  takeSteps();
  automaton.test(`zz${"a".repeat(5000)}`);
  assert.ok(takeSteps().visits < 100);
});

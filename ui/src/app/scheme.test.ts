import assert from "node:assert/strict";
import { test } from "node:test";
import { nextChoice, readChoice, schemeOf } from "./scheme.ts";

test("a saved choice is read back; anything else follows the system", () => {
  for (const [saved, expected] of [
    ["light", "light"],
    ["dark", "dark"],
    ["auto", "auto"],
    [null, "auto"],
    ["Dark", "auto"],
    ["", "auto"],
  ] as const)
    assert.equal(readChoice(saved), expected);
});

test("only auto asks the system", () => {
  assert.deepEqual(
    (["auto", "light", "dark"] as const).map((choice) => [schemeOf(choice, true), schemeOf(choice, false)]),
    [
      ["dark", "light"],
      ["light", "light"],
      ["dark", "dark"],
    ],
  );
});

test("the button comes round to where it began, by way of every choice", () => {
  const seen = [nextChoice.auto, nextChoice[nextChoice.auto], nextChoice[nextChoice[nextChoice.auto]]];
  assert.deepEqual(seen, ["light", "dark", "auto"]);
});

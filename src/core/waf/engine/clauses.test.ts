// Clauses of word lists are sound: every value that the operator matches is a candidate, bytes beyond ASCII too.
import assert from "node:assert/strict";
import { test } from "node:test";
import { pm } from "../operators/pm.ts";
import { createPrefilter } from "../scan/create-prefilter.ts";
import type { RuleOperator } from "../seclang/rule-set.ts";
import { clausesOf } from "./clauses.ts";

const scope = { expand: (argument: string) => argument };

test("words of pm are compared with ASCII case folded, other bytes as they are", () => {
  const words = ["SeLect", "\u00c9t\u00c9", "caf\u00e9"];
  const operator: RuleOperator = { name: "pm", argument: words.join(" "), words, isNegated: false };
  const prefilter = createPrefilter([clausesOf(operator)]);
  const bound = pm(operator);
  const values = ["a SELECT b", "x\u00c9T\u00c9", "x\u00e9t\u00e9", "CAF\u00e9", "CAF\u00c9", "nothing"];
  const told = values.map((value) => ({ value, isMatch: bound.evaluate(value, scope) !== undefined }));
  assert.deepEqual(
    told.map(({ isMatch }) => isMatch),
    [true, true, false, true, false, false],
  );
  for (const { value, isMatch } of told)
    assert.equal((prefilter.candidates(value)[0] ?? 0) === 1, isMatch, JSON.stringify(value));
});

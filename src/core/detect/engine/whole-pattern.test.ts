import assert from "node:assert/strict";
import { test } from "node:test";
import { compiled, rule } from "../rules.fixture.ts";
import { wholePattern } from "./whole-pattern.ts";

test("a pattern matches the whole text; one whose automaton is too large refuses its rule alone", () => {
  assert.equal(wholePattern("/tmp/[a-z0-9]{1,64}").test("/tmp/abc"), true);
  assert.equal(wholePattern("/tmp").test("/tmp/abc"), false);
  const { rules, problems } = compiled([
    rule("large", "proc.cmdline regex '(.*a{1,200}){1,20}9'"),
    rule("small", "proc.cmdline regex '.*a{1,200}9'"),
  ]);
  assert.deepEqual(
    rules.summaries.map(({ name }) => name),
    ["small"],
  );
  assert.match(problems[0]?.message ?? "", /patternInstructionsMax/);
});

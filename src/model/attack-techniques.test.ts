import assert from "node:assert/strict";
import { test } from "node:test";
import { attackTechnique, attackTechniques } from "./attack-techniques.ts";

test("each technique stands once, in order, with at least one tactic", () => {
  const ids = attackTechniques.map(({ id }) => id);
  assert.deepEqual(ids, [...new Set(ids)].toSorted());
  for (const { id, name, tactics } of attackTechniques) {
    assert.match(id, /^T\d{4}(\.\d{3})?$/);
    assert.ok(name !== "" && tactics.length > 0, id);
  }
});

test("a sub-technique that is not listed is named by its parent; what is not known at all is not guessed", () => {
  assert.equal(attackTechnique("T1059.004")?.name, "Unix Shell");
  assert.deepEqual(attackTechnique("T1059.999"), {
    id: "T1059.999",
    name: "Command and Scripting Interpreter",
    tactics: ["Execution"],
  });
  assert.equal(attackTechnique("T9999"), undefined);
  assert.equal(attackTechnique(""), undefined);
});

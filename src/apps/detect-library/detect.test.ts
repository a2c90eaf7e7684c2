import assert from "node:assert/strict";
import { test } from "node:test";
import { createFlatJudge, readRules } from "./detect.ts";

test("rules from text to a hit", () => {
  const { rules, problems } = readRules([
    {
      name: "a.yaml",
      text: "- rule: R\n  desc: d\n  condition: evt.type = execve\n  output: hit %proc.name\n  priority: ERROR\n",
    },
  ]);
  const outputs: string[] = [];
  createFlatJudge(rules, ({ output }) => outputs.push(output)).take({ "evt.type": "execve", "proc.name": "nc" });
  assert.deepEqual([problems, outputs], [[], ["hit nc"]]);
});

// readOnly and ownerOnly narrow, as KubeArmor means them: a Block with both holds for writing and for others, an Allow never gives what they take.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ruleWords } from "../plan.ts";
import { parse, short } from "../policies.fixture.ts";

const cases: readonly (readonly [action: string, flags: object, rules: readonly string[]])[] = [
  ["Block", {}, ["file Block path /a"]],
  ["Block", { readOnly: true }, ["file Block path /a write"]],
  ["Block", { ownerOnly: true }, ["file Block path /a not-owner"]],
  ["Block", { readOnly: true, ownerOnly: true }, ["file Block path /a write", "file Block path /a not-owner"]],
  ["Audit", { ownerOnly: true }, ["file Audit path /a not-owner"]],
  ["Allow", { readOnly: true }, ["file Block path /a write", "file Allow path /a", "only Block file"]],
  ["Allow", { ownerOnly: true }, ["file Block path /a not-owner", "file Allow path /a", "only Block file"]],
];

for (const [action, flags, rules] of cases) {
  test(`KubeArmor: ${action} with ${Object.keys(flags).join(" and ") || "no flags"}`, () => {
    const { policy, problems } = parse({
      apiVersion: "security.kubearmor.com/v1",
      kind: "KubeArmorPolicy",
      metadata: { name: "p", namespace: "shop" },
      spec: {
        selector: { matchLabels: { app: "web" } },
        file: { matchPaths: [{ path: "/a", ...flags }] },
        action,
      },
    });
    assert.deepEqual(problems, []);
    assert.deepEqual(policy?.rules.map(short), rules);
    for (const rule of policy?.rules ?? [])
      assert.equal(ruleWords(rule).endsWith(" by others than its owner"), short(rule).endsWith("not-owner"));
  });
}

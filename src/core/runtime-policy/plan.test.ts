// What three kinds of nodes promise for every kind of rule: never more than they can.
import assert from "node:assert/strict";
import { test } from "node:test";
import { blindNode, killNode, lsmNode, own } from "./policies.fixture.ts";
import { planPolicy, planRule } from "./plan.ts";

const cases: readonly (readonly [spec: object, withLsm: string, without: string, blind: string])[] = [
  [{ exec: [{ path: "/x" }] }, "prevent", "kill", "detect"],
  [{ exec: [{ pattern: "/a/*/x" }] }, "detect", "detect", "detect"],
  [{ exec: [{ path: "/x", action: "Allow" }] }, "allow", "allow", "allow"],
  [{ exec: [{ path: "/x", action: "Audit" }] }, "audit", "audit", "audit"],
  [{ only: { exec: true } }, "prevent", "kill", "detect"],
  [{ files: [{ directory: "/etc" }] }, "prevent", "kill-late", "detect"],
  [{ network: [{ port: 22 }] }, "prevent", "prevent", "detect"],
  [{ network: [{ port: 22, fromSource: ["/x"] }] }, "detect", "detect", "detect"],
  [{ network: [{ protocol: "raw" }] }, "prevent", "prevent", "detect"],
  [{ network: [{ protocol: "packet" }] }, "prevent", "kill", "detect"],
  [{ only: { network: true } }, "prevent", "prevent", "detect"],
  [{ capabilities: [{ capability: "NET_RAW" }] }, "prevent", "detect", "detect"],
  [{ calls: [{ call: "mount" }] }, "prevent", "kill-late", "detect"],
  [{ calls: [{ call: "unshare" }] }, "kill", "kill", "detect"],
  [{ calls: [{ call: "drift-exec" }] }, "prevent", "kill", "detect"],
  [{ calls: [{ call: "bpf", fromSource: ["/x"] }] }, "detect", "detect", "detect"],
];

for (const [spec, ...expected] of cases) {
  test(`${JSON.stringify(spec)}: ${expected.join(", ")}`, () => {
    const [rule] = own(spec).rules;
    assert.ok(rule);
    const planned = [lsmNode, killNode, blindNode].map((planes) => planRule(rule, planes));
    assert.deepEqual(
      planned.map(({ guarantee }) => guarantee),
      expected,
    );
    for (const { because } of planned) assert.notEqual(because, "");
  });
}

test("why not better is said: the kernel's own refusal stands in the reason", () => {
  const [rule] = own({ exec: [{ path: "/x" }] }).rules;
  assert.ok(rule);
  assert.match(planRule(rule, killNode).because, /no LSM programs here \(EPERM\)/);
  assert.match(
    planRule(rule, { ...lsmNode, lsmMissing: { exec: "no such hook" } }).because,
    /lacks the LSM hook.*no such hook/,
  );
});

test("a policy is as good as its weakest blocking rule", () => {
  const policy = own({
    exec: [{ path: "/x" }, { path: "/y", action: "Audit" }],
    capabilities: [{ capability: "BPF" }],
  });
  assert.deepEqual([planPolicy(policy, lsmNode).weakest, planPolicy(policy, killNode).weakest], ["prevent", "detect"]);
  assert.equal(planPolicy(own({ exec: [{ path: "/y", action: "Audit" }] }), killNode).weakest, undefined);
});

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

function policyOf(spec: object) {
  return parse({
    apiVersion: "security.kubearmor.com/v1",
    kind: "KubeArmorPolicy",
    metadata: { name: "p", namespace: "shop" },
    spec: { selector: { matchLabels: { app: "web" } }, ...spec },
  });
}

test("KubeArmor: a policy without an action blocks, as there", () => {
  const { policy, problems } = policyOf({ process: { matchPaths: [{ path: "/bin/sh" }] } });
  assert.deepEqual([problems, policy?.rules.map(({ action }) => action)], [[], ["Block"]]);
});

test("KubeArmor: several protocols or capabilities may stand in one text", () => {
  const { policy, problems } = policyOf({
    network: { matchProtocols: [{ protocol: "tcp,UDP" }] },
    capabilities: { matchCapabilities: [{ capability: "net_raw, sys_admin" }] },
    action: "Block",
  });
  assert.deepEqual(problems, []);
  assert.deepEqual(
    policy?.rules.map((rule) => (rule.kind === "socket" ? rule.socket : rule.kind === "capability" && rule.capability)),
    ["tcp", "udp", "NET_RAW", "SYS_ADMIN"],
  );
});

test("KubeArmor: a name that every object has is no call and no protocol", () => {
  const { policy, problems } = policyOf({
    syscalls: { matchSyscalls: [{ syscall: ["constructor", "toString"] }] },
    network: { matchProtocols: [{ protocol: "constructor" }] },
    process: { matchPaths: [{ path: "/bin/sh" }] },
  });
  assert.deepEqual(
    problems.map(({ code }) => code),
    ["runtime-policy/not-supported", "runtime-policy/not-supported", "runtime-policy/not-supported"],
  );
  assert.equal(policy?.rules.length, 1);
});

for (const [action, flags, rules] of cases) {
  test(`KubeArmor: ${action} with ${Object.keys(flags).join(" and ") || "no flags"}`, () => {
    const { policy, problems } = policyOf({ file: { matchPaths: [{ path: "/a", ...flags }] }, action });
    assert.deepEqual(problems, []);
    assert.deepEqual(policy?.rules.map(short), rules);
    for (const rule of policy?.rules ?? [])
      assert.equal(ruleWords(rule).endsWith(" by others than its owner"), short(rule).endsWith("not-owner"));
  });
}

// Whom policies select, what globs match, what a rule's number says later, and lists of programs as policies.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parsePrefix } from "../../base/ip.ts";
import type { GuardedEvent } from "../sense/deed-events.ts";
import { allowListProblem, policyOfAllowList, type ExecutableAllowList } from "./contract.ts";
import type { RuntimeSubject } from "./model.ts";
import { own, short } from "./policies.fixture.ts";
import { runtimeResourceName } from "./resource-of.ts";
import { createRuleBook, explainGuarded, ruleBookLimits } from "./rule-book.ts";
import { bytesOf, capabilityOf, globMatches, networkOf, startOfPattern } from "./rules-of.ts";
import { isSelected } from "./select.ts";

const subject: RuntimeSubject = {
  namespace: "shop",
  workload: "checkout",
  container: "app",
  image: "docker.io/library/nginx:1.27",
  labels: { app: "checkout", tier: "web" },
  cgroup: "/shop.slice/checkout.service/child",
};

const targets: readonly (readonly [target: object, isSelected: boolean])[] = [
  [{}, true],
  [{ namespace: "shop", workload: "checkout" }, true],
  [{ namespace: "other" }, false],
  [{ workload: "check" }, false],
  [{ container: "app" }, true],
  [{ container: "sidecar" }, false],
  [{ image: "docker.io/library/nginx:*" }, true],
  [{ image: "*nginx*" }, false],
  [{ image: "**/nginx:*" }, true],
  [{ cgroup: "/shop.slice/checkout.service" }, true],
  [{ cgroup: "/shop.slice/check" }, false],
  [{ selector: "app == 'checkout' && tier != 'db'" }, true],
  [{ selector: "has(gone)" }, false],
];

for (const [target, expected] of targets) {
  test(`${JSON.stringify(target)} selects the workload: ${expected}`, () => {
    assert.equal(isSelected(own({ target, calls: [{ call: "mount" }] }).target, subject), expected);
  });
}

test("a protected namespace is selected by nobody", () => {
  assert.equal(isSelected(own({ target: {} }).target, { ...subject, namespace: "kube-system" }), false);
});

const globs: readonly (readonly [pattern: string, text: string, isMatch: boolean])[] = [
  ["/usr/bin/*", "/usr/bin/nc", true],
  ["/usr/bin/*", "/usr/bin/a/nc", false],
  ["/usr/**", "/usr/bin/a/nc", true],
  ["**/sh", "/bin/sh", true],
  ["**/sh", "/bin/bash", false],
  ["/a?c", "/abc", true],
  ["/a?c", "/a/c", false],
  ["/[a-c]x", "/bx", true],
  ["/[!a-c]x", "/bx", false],
  ["/{bin,sbin}/x", "/sbin/x", true],
  ["/{bin,sbin}/x", "/lib/x", false],
  ["", "", true],
  ["*", "", true],
  ["/a", "/ab", false],
];

for (const [pattern, text, expected] of globs) {
  test(`the glob ${pattern} matches ${text}: ${expected}`, () => assert.equal(globMatches(pattern, text), expected));
}

test("a glob is linear: a long one over a long text ends", () => {
  assert.equal(globMatches("**a".repeat(40), `${"a".repeat(4000)}b`), false);
});

describe("parts of rules", () => {
  test("what of a glob the kernel can look up", () => {
    assert.deepEqual(startOfPattern("/usr/bin/nc*"), { start: "/usr/bin/nc", isDeep: false });
    assert.deepEqual(startOfPattern("/tmp/**"), { start: "/tmp/", isDeep: true });
    for (const pattern of ["**/sh", "/a/*/b", "/a?", "*", "/[a]*"])
      assert.equal(startOfPattern(pattern), undefined, pattern);
  });

  test("capabilities by any spelling, addresses in one space", () => {
    assert.deepEqual(capabilityOf("cap_Net_Raw"), { value: "NET_RAW" });
    assert.ok("because" in capabilityOf("NET_ROW"));
    assert.deepEqual(networkOf("10.0.0.0/8"), { value: { address: "10.0.0.0", prefixBits: 104 } });
    assert.deepEqual(networkOf("2001:db8::1"), { value: { address: "2001:db8::1", prefixBits: 128 } });
    assert.ok("because" in networkOf("x"));
    assert.ok(parsePrefix("10.0.0.0/8"));
    assert.equal(bytesOf("aü€😀"), new TextEncoder().encode("aü€😀").length);
  });

  test("names of resources that hold another's object", () => {
    const metadata = { name: "No-Shell", namespace: "shop" };
    assert.equal(runtimeResourceName({ kind: "KubeArmorPolicy", metadata }), "kubearmorpolicy.shop.no-shell");
    assert.equal(runtimeResourceName({ kind: "TracingPolicy", metadata: { name: "x" } }), "tracingpolicy.x");
    assert.equal(runtimeResourceName({ kind: "TracingPolicy", metadata: { name: "x".repeat(300) } }), undefined);
  });
});

const event: GuardedEvent = {
  type: "guarded",
  timeMs: 1,
  process: { pid: 7, startMs: 1 },
  comm: "nc",
  cgroupId: 3,
  hook: "exec",
  outcome: "killed",
  plane: "kill",
  rule: 1,
  path: "/usr/bin/nc",
  tuple: undefined,
};

test("a rule keeps its number, and a record names policy and rule by it", () => {
  const book = createRuleBook();
  const policy = own({ exec: [{ path: "/usr/bin/nc" }, { path: "/usr/bin/id" }] }, "shop/no-netcat");
  const [first, second] = policy.rules.map((rule) => book.numberOf(policy, rule));
  const again = own({ exec: [{ path: "/usr/bin/nc" }] }, "shop/no-netcat");
  assert.ok(again.rules[0]);
  assert.deepEqual([first, second, book.numberOf(again, again.rules[0])], [1, 2, 1]);
  assert.equal(
    explainGuarded(event, book.find(1)),
    "kernel: killed at exec of /usr/bin/nc by shop/no-netcat spec.exec[0] (exec of /usr/bin/nc), plane kill",
  );
  const tuple = { localAddress: "::", localPort: 0, remoteAddress: "10.0.0.1", remotePort: 22 };
  assert.match(
    explainGuarded({ ...event, hook: "connect", path: "", tuple, rule: 99 }, book.find(99)),
    /connect 10\.0\.0\.1:22 by rule 99, which is gone/,
  );
  assert.ok(ruleBookLimits.rulesMax > 1000);
});

test("a list of programs as a policy; one that would stop everything is refused", () => {
  const list: ExecutableAllowList = {
    name: "b",
    namespace: "shop",
    workload: "web",
    container: "",
    image: "",
    executables: ["/app", "/usr/bin/"],
    mode: "enforce",
  };
  assert.deepEqual(policyOfAllowList(list).rules.map(short), [
    "exec Allow path /app",
    "exec Allow below /usr/bin/",
    "only Block exec",
  ]);
  assert.equal(allowListProblem(list), "");
  for (const wrong of [
    { executables: [] },
    { executables: ["app"] },
    { executables: Array.from({ length: 600 }, () => "/x") },
    { namespace: "", workload: "" },
  ])
    assert.notEqual(allowListProblem({ ...list, ...wrong }), "", JSON.stringify(wrong));
});

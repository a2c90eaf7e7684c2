import assert from "node:assert/strict";
import { test } from "node:test";
import {
  happenedText,
  holdsRuntimeWords,
  inScope,
  runtimeForm,
  runtimeMode,
  runtimeStates,
  scopeCluster,
  targetText,
  type RuntimeNode,
  type RuntimeResource,
} from "./runtime-words.ts";

function policy(spec: RuntimeResource["spec"], over: Partial<RuntimeResource> = {}): RuntimeResource {
  return {
    apiVersion: "garrison/v1",
    kind: "RuntimePolicy",
    scope: "cluster/local",
    name: "web",
    spec,
    generation: 1,
    author: "admin",
    time: "2026-11-26T08:00:00.000Z",
    deleted: false,
    status: [],
    ...over,
  };
}

function node(over: Partial<RuntimeNode>): RuntimeNode {
  return {
    kind: "RuntimePolicy",
    scope: "cluster/local",
    name: "web",
    generation: 1,
    state: "applied",
    because: "",
    cluster: "local",
    node: "worker-1",
    ...over,
  };
}

function told(countsByOutcome: Readonly<Record<string, number>>, endpoints: number): RuntimeNode {
  const runtime = {
    rules: [],
    rulesOmitted: 0,
    receipt: "",
    receiptMs: 0,
    receiptKind: "none",
    mode: "enforce",
  } as const;
  const enforcement = { state: "enforced", digest: "", policyGeneration: 0, endpoints, problems: [] } as const;
  return node({
    enforcement: { ...enforcement, problems: [], runtime: { ...runtime, rules: [], countsByOutcome } },
  });
}

test("whom a policy holds, in few words", () => {
  for (const [spec, expected] of [
    [{}, "all containers"],
    [{ target: { namespace: "shop" } }, "shop"],
    [{ target: { namespace: "shop", workload: "web", container: "nginx" } }, "shop/web, container nginx"],
    [{ target: { cgroup: "/system.slice/ssh.service" } }, "/system.slice/ssh.service"],
    [{ target: { image: "docker.io/library/nginx:*" } }, "image docker.io/library/nginx:*"],
    [{ manifest: { apiVersion: "v1", kind: "KubeArmorPolicy", metadata: { namespace: "shop" } } }, "shop"],
    [{ manifest: { apiVersion: "v1", kind: "TracingPolicy" } }, "as its manifest says"],
  ] as const)
    assert.equal(targetText(policy(spec)), expected);
  assert.equal(runtimeForm(policy({ manifest: { apiVersion: "v1", kind: "TracingPolicy" } })), "TracingPolicy");
  assert.equal(runtimeMode(policy({})), "dry-run", "the default is a dry run");
  assert.equal(scopeCluster({ scope: "node/local/worker-1" }), "local");
  assert.equal(scopeCluster({ scope: "global" }), "");
});

test("what no node told is not known, never nothing", () => {
  const untold = policy({}, { status: [node({})] });
  assert.equal(happenedText(untold), undefined);
  assert.equal(inScope(untold), undefined);
  assert.deepEqual(runtimeStates(untold), [{ state: "waiting", nodes: 1 }]);
  const quiet = policy({}, { status: [told({}, 0)] });
  assert.equal(happenedText(quiet), "nothing happened yet");
  assert.equal(inScope(quiet), 0);
});

test("counts are summed over nodes; the worst state stands first", () => {
  const status = [
    told({ killed: 2, "would-deny": 0 }, 2),
    told({ killed: 1, denied: 1204 }, 1),
    node({ state: "refused" }),
  ];
  assert.equal(happenedText({ status }), "3 killed, 1,204 denied");
  assert.equal(inScope({ status }), 3);
  const refused = node({
    state: "refused",
    enforcement: { ...told({}, 0).enforcement!, state: "refused", runtime: undefined },
  });
  assert.equal(inScope({ status: [refused] }), undefined, "a node that refused it did not look");
  assert.deepEqual(runtimeStates({ status }), [
    { state: "refused", nodes: 1 },
    { state: "enforced", nodes: 2 },
  ]);
});

test("all typed words are looked for in name, scope, form and target", () => {
  const found = policy({ target: { namespace: "shop", workload: "checkout" } });
  for (const [typed, expected] of [
    ["", true],
    ["checkout local", true],
    ["checkout demo", false],
  ] as const)
    assert.equal(holdsRuntimeWords(found, typed), expected, typed);
});

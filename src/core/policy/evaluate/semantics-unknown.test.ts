// What is not known: never allowed, and said why.
import assert from "node:assert/strict";
import { test } from "node:test";
import { calico, clusterWith, flowOf, kubernetesPolicy, podLike } from "./test-cluster.ts";

test("what is not known is unknown with its reason, and never allowed", () => {
  const isolate = kubernetesPolicy("isolate", {
    podSelector: {},
    policyTypes: ["Egress"],
    egress: [{ to: [{ podSelector: {} }] }],
  });
  const reasons = [
    ["red/a > 10.0.77.1 tcp 80", /10\.0\.77\.1 is the cluster's, and nobody known has it/],
    ["red/gone > 192.0.2.1 tcp 80", /pod\/red\/gone is not in the world/],
    ["red/a > 10.9.0.1 tcp 80", /10\.9\.0\.1 is the address of service red\/b/],
    ["red/a > nonsense tcp 80", /"nonsense" is no address/],
  ] as const;
  const { engine } = clusterWith([isolate]);
  for (const [text, reason] of reasons) {
    const verdict = engine.evaluate(flowOf(text));
    assert.equal(verdict.verdict, "unknown", text);
    assert.match(verdict.because, reason);
  }
  const partial = clusterWith([isolate], { incomplete: "pods: forbidden", ranges: [] }).engine;
  assert.match(partial.evaluate(flowOf("red/a > 192.0.2.1 tcp 80")).because, /may be the cluster's: pods: forbidden/);
  const nameless = clusterWith([isolate], { incomplete: "namespaces: forbidden", namespaces: [] }).engine;
  assert.match(nameless.evaluate(flowOf("red/a > red/b tcp 80")).because, /the labels of namespace red are not known/);
  const shared = clusterWith([isolate], {
    endpoints: [podLike("red", "x", "10.0.0.1"), podLike("blue", "y", "10.0.0.1")],
  }).engine;
  assert.match(
    shared.evaluate(flowOf("10.0.0.1 > 192.0.2.1 tcp 80")).because,
    /several have this address \(pod\/blue\/y, pod\/red\/x\)/,
  );
});

test("a doubt that cannot change the outcome is none", () => {
  const { engine } = clusterWith([
    calico("GlobalNetworkPolicy", "p", {
      selector: "app == 'a'",
      types: ["Egress"],
      egress: [{ action: "Allow", destination: { domains: ["example.com"] } }, { action: "Allow" }],
    }),
  ]);
  const verdict = engine.evaluate(flowOf("red/a > 192.0.2.1 tcp 443"));
  assert.deepEqual([verdict.egress.verdict, verdict.egress.decidedBy?.rule], ["allow", 1]);
});

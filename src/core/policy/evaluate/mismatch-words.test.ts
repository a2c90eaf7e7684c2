// What a person reads at a rule that did not match: what it asked for, and what the flow has.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clusterWith, flowOf } from "./test-cluster.ts";

const policy = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "db", namespace: "red" },
  spec: {
    podSelector: { matchLabels: { app: "b" } },
    ingress: [
      { from: [{ podSelector: { matchLabels: { app: "web" } } }], ports: [{ port: 5432 }] },
      { from: [{ ipBlock: { cidr: "192.0.2.0/24" } }] },
    ],
  },
};

test("labels, ports and nets are said as they are, beside what was asked", () => {
  const { engine } = clusterWith([policy]);
  const { now } = engine.explain(flowOf("red/a > red/b tcp 80"));
  const [first, second] = now.ingress.steps.map(({ because }) => because);
  assert.match(
    first ?? "",
    /^source red\/Deployment\/a has app=a; asked is app == "web" && namespace red; port 80\/TCP is not 5432$/,
  );
  assert.match(second ?? "", /^source 10\.0\.0\.1 is not in 192\.0\.2\.0\/24/);
});

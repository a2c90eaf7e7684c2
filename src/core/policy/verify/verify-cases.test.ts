// All truth tables that the project was given agree with the engine; a wrong table is found out.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { Fault } from "../../../base/fault.ts";
import { skipUnless } from "../../../../test/support/skip.ts";
import { verifyCases } from "./verify-cases.ts";

const root = path.resolve(import.meta.dirname, "../../../..");
const tables = path.resolve(root, "../shared/cases/policy/reachability-truth-tables.json.gz");

test("the engine agrees with every probe of the reachability truth tables", (context) => {
  if (!skipUnless(context, existsSync(tables), "shared/cases/policy (reachability truth tables)")) return;
  const { agreed, disagreed, first } = verifyCases(JSON.parse(gunzipSync(readFileSync(tables)).toString()));
  assert.deepEqual({ agreed, disagreed, first }, { agreed: 90_135, disagreed: 0, first: [] });
});

const pod = (ns: string, name: string, ip: string) => ({
  ns,
  name,
  ip,
  labels: { app: name },
  containers: [{ name: "web", port: 80, protocol: "TCP" }],
});
const deny = { metadata: { name: "deny", namespace: "x" }, spec: { podSelector: {}, policyTypes: ["Ingress"] } };
const probe = (ingress: boolean) => ({
  from: "x/a",
  to: "x/b",
  port: 80,
  protocol: "TCP",
  ingress,
  egress: true,
  allowed: ingress,
});
const table = (ingress: boolean) => [
  {
    description: "deny all",
    steps: [
      {
        namespaces: { x: { ns: "x" } },
        pods: [pod("x", "a", "10.0.0.1"), pod("x", "b", "10.0.0.2")],
        policies: [deny],
        probes: [probe(ingress)],
      },
    ],
  },
];

test("a probe disagrees when one of its three answers does, and says why", () => {
  assert.deepEqual(verifyCases(table(false)), { agreed: 1, disagreed: 0, first: [] });
  const { agreed, disagreed, first } = verifyCases(table(true));
  assert.deepEqual([agreed, disagreed, first.length], [0, 1, 1]);
  assert.equal(first[0]?.said.ingress.steps.at(-1)?.outcome, "end-of-tier");
});

test("what is no truth table is refused with the place", () => {
  for (const wrong of [
    undefined,
    {},
    [{ steps: 3 }],
    [{ description: "x", steps: [{ probes: [{ port: 70_000 }] }] }],
  ]) {
    assert.throws(
      () => verifyCases(wrong),
      (thrown) => thrown instanceof Fault && thrown.code === "policy/bad-truth-table",
    );
  }
});

// Which mode a workload has by its policies, and when that cannot be told.
import assert from "node:assert/strict";
import test from "node:test";
import { WafPolicy } from "../../../model/waf-policy.ts";
import { modeOf, type KeptPolicy } from "./modes.ts";

// "prod" begins "prod2": scopes are compared whole.
const asked = { cluster: "prod", namespace: "shop", workload: "web", service: "web" };

function policy(name: string, spec: object, scope = "cluster/prod"): KeptPolicy {
  return { scope, name, spec: WafPolicy.parse(spec) };
}

test("no policy is off, and says so", () => {
  assert.deepEqual(modeOf([], asked), { mode: "off", policies: [], because: "no policy selects it" });
});

test("namespace, workload and service must all hold; other clusters do not count", () => {
  const here = policy("here", { target: { namespace: "shop", workload: "web", service: "web:8080" }, mode: "block" });
  const others = [
    policy("n", { target: { namespace: "pay" }, mode: "off" }),
    policy("w", { target: { workload: "api" }, mode: "off" }),
    policy("s", { target: { service: "api" }, mode: "off" }),
    policy("c", { mode: "off" }, "cluster/test"),
    policy("longer", { mode: "off" }, "cluster/prod2"),
  ];
  const said = modeOf([...others, here], asked);
  assert.deepEqual(said, { mode: "block", policies: [{ scope: "cluster/prod", name: "here" }], because: "" });
});

test("policies that differ, or speak of routes, are mixed", () => {
  const block = policy("a", { mode: "block" });
  assert.equal(modeOf([block, policy("b", { mode: "detect" })], asked).mode, "mixed");
  assert.equal(modeOf([policy("r", { target: { routes: [{ path: "/pay" }] }, mode: "block" })], asked).mode, "mixed");
  assert.equal(modeOf([block, policy("b", { mode: "block" }, "global")], asked).mode, "block");
});

test("labels are not known here: a selector is unknown by name", () => {
  const said = modeOf([policy("by-label", { target: { selector: "app == 'web'" }, mode: "block" })], asked);
  assert.equal(said.mode, "unknown");
  assert.match(said.because, /by-label/);
  assert.equal(modeOf([], { ...asked, workload: "" }).mode, "unknown");
});

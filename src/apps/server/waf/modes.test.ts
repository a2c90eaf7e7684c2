// Which mode a workload has by its policies and the floor, and when that cannot be told.
import assert from "node:assert/strict";
import test from "node:test";
import { WafFloor, WafPolicy } from "../../../model/waf-policy.ts";
import { modeOf, type KeptPolicy } from "./modes.ts";

const asked = { cluster: "prod", namespace: "shop", workload: "web", service: "web" };

function policy(name: string, spec: object, scope = "cluster/prod"): KeptPolicy {
  return { scope, name, spec: WafPolicy.parse(spec) };
}

function said(policies: readonly KeptPolicy[], floor?: object) {
  const named = floor === undefined ? undefined : { scope: "global", name: "base", spec: WafFloor.parse(floor) };
  return modeOf({ policies, floor: named }, asked);
}

test("no policy is off, or what the floor says for the unselected", () => {
  assert.deepEqual(said([]), { mode: "off", policies: [], because: "no policy selects it" });
  assert.equal(said([], { unselected: "detect" }).mode, "detect");
});

test("namespace, workload and service must all hold; other clusters do not count, and are compared whole", () => {
  const here = policy("here", { target: { namespace: "shop", workload: "web", service: "web" }, mode: "block" });
  const others = [
    policy("n", { target: { namespace: "pay" }, mode: "off" }),
    policy("w", { target: { workload: "api" }, mode: "off" }),
    policy("s", { target: { service: "api" }, mode: "off" }),
    policy("c", { mode: "off" }, "cluster/test"),
    policy("longer", { mode: "off" }, "cluster/prod2"),
  ];
  assert.deepEqual(said([...others, here]), {
    mode: "block",
    policies: [{ scope: "cluster/prod", name: "here", isOwn: true }],
    because: "",
  });
});

test("the most specific one decides, as at the gateways", () => {
  const wide = policy("wide", { target: { namespace: "shop" }, mode: "detect" });
  const own = policy("own", { target: { namespace: "shop", workload: "web" }, mode: "block" });
  assert.deepEqual([said([wide, own]).mode, said([wide, own]).policies[0]?.name], ["block", "own"]);
  assert.deepEqual(said([wide]).policies, [{ scope: "cluster/prod", name: "wide", isOwn: false }]);
  assert.equal(said([policy("g", { mode: "block" }, "global"), policy("c", { mode: "detect" })]).mode, "detect");
});

test("the floor raises it, and says so", () => {
  const raised = said([policy("own", { target: { workload: "web" }, mode: "detect" })], { modeMin: "block" });
  assert.equal(raised.mode, "block");
  assert.match(raised.because, /floor base .* says detect/);
});

test("routes that come first make it mixed", () => {
  const routed = policy("r", { target: { workload: "web", routes: [{ path: "/pay" }] }, mode: "block" });
  assert.equal(said([routed, policy("all", { mode: "detect" })]).mode, "mixed");
});

test("what is not known here is unknown by name: labels, ports, a gateway's own policy", () => {
  for (const doubtful of [
    policy("doubtful", { target: { selector: "app == 'web'" }, mode: "block" }),
    policy("doubtful", { target: { service: "web:8080" }, mode: "block" }),
    policy("doubtful", { mode: "block" }, "node/prod/gw2"),
  ]) {
    const { mode, because } = said([doubtful, policy("all", { mode: "detect" })]);
    assert.equal(mode, "unknown");
    assert.match(because, /doubtful/);
  }
  // A less specific one that is in doubt changes nothing.
  const certain = policy("own", { target: { namespace: "shop", workload: "web" }, mode: "block" });
  assert.equal(said([policy("label", { target: { selector: "app == 'web'" } }), certain]).mode, "block");
  assert.equal(modeOf({ policies: [], floor: undefined }, { ...asked, workload: "" }).mode, "unknown");
});

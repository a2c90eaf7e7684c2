// Resources to one intent: which ones count, what is refused and why, and a digest that only what decides about packets changes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Resource } from "../../../model/resource.ts";
import { intentOf } from "./intent.ts";

function resource(kind: string, name: string, spec: object, scope = "global"): Resource {
  return Resource.parse({ kind, name, scope, spec, generation: 1, author: "t", time: "2026-11-25T00:00:00Z" });
}

function policy(name: string, spec: object = { podSelector: {} }, scope = "global"): Resource {
  const manifest = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace: "shop" },
    spec,
  };
  return resource("Policy", `networkpolicy.shop.${name}`, { manifest }, scope);
}

const on = (spec: object = {}, scope = "global") =>
  resource("Enforcement", "default", { mode: "enforce", ...spec }, scope);

test("the digest is of what decides about packets: not of order, limits or confirmations", () => {
  const base = intentOf([policy("a"), policy("b"), on()]).digest;
  const same = [
    [on(), policy("b"), policy("a")],
    [policy("a"), policy("b"), on({ confirm: "x", takeBack: "y", rollbackAfterSeconds: 60, cutShareMax: 0.5 })],
    [policy("a"), policy("b"), on(), resource("Visibility", "v", { http: true })],
  ];
  for (const resources of same) assert.equal(intentOf(resources).digest, base);
  const other = [
    [policy("a"), on()],
    [policy("a"), policy("b", { podSelector: { matchLabels: { app: "x" } } }), on()],
    [policy("a"), policy("b"), on({ mode: "preview" })],
    [policy("a"), policy("b"), on(), resource("LocalEndpoint", "w", { netns: "w", name: "w" })],
  ];
  for (const resources of other) assert.notEqual(intentOf(resources).digest, base);
});

test("the narrowest scope decides, and the others say so; without an Enforcement nothing is enforced", () => {
  const node = "node/home/n1";
  const intent = intentOf([
    on({ mode: "off" }),
    on({}, node),
    policy("a"),
    policy("a", { podSelector: {}, policyTypes: ["Egress"] }, node),
  ]);
  assert.equal(intent.settings.mode, "enforce");
  assert.deepEqual(
    intent.set.policies.map(({ directions }) => directions),
    [["egress"]],
  );
  const back = intent.words
    .filter(({ standsBack }) => standsBack !== "")
    .map(({ resource: { kind, scope } }) => [kind, scope]);
  assert.deepEqual(back, [
    ["Enforcement", "global"],
    ["Policy", "global"],
  ]);
  assert.equal(intentOf([policy("a")]).settings.mode, "off");
});

test("a bad resource is refused by itself with its reason; the rest counts", () => {
  const intent = intentOf([
    on(),
    policy("good"),
    policy("bad", { podSelector: {}, ingress: [{ ports: [{ port: 70_000 }] }] }),
    resource("Policy", "no-manifest", { manifest: { kind: "NetworkPolicy" } }),
    resource("LocalEndpoint", "one", { netns: "w", name: "w" }),
    resource("LocalEndpoint", "two", { netns: "w", name: "other" }),
    resource("LocalEndpoint", "three", { netns: "../x", name: "x" }),
  ]);
  const refused = intent.words.filter((word) => word.refused !== "").map(({ resource: { name } }) => name);
  assert.ok(refused.includes("no-manifest") && refused.includes("two") && refused.includes("three"), refused.join());
  assert.ok(intent.set.policies.some(({ name }) => name === "good"));
  const bad = intent.words.find(({ resource: { name } }) => name === "networkpolicy.shop.bad");
  assert.match(`${bad?.refused} ${bad?.problems.join()}`, /port/);
  assert.deepEqual(
    intent.locals.map(({ endpoint }) => endpoint),
    ["pod/default/w"],
  );
});

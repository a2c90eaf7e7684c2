import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../../../base/fault.ts";
import { parsePolicies } from "../../../../core/policy/parse/parse-policies.ts";
import type { PolicySet } from "../../../../core/policy/model.ts";
import { readYaml } from "../../../../edge/manifests/read-yaml.ts";
import { joinedSets, namesakes, withoutPolicies } from "./change-set.ts";

function setOf(...documents: readonly string[]): PolicySet {
  return parsePolicies([{ file: "a.yaml", text: documents.join("---\n") }], readYaml).set;
}
const kubernetes = (name: string, port: number): string =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: ${name}, namespace: shop }\nspec: { podSelector: {}, ingress: [{ ports: [{ port: ${port} }] }] }\n`;
const calico = (name: string): string =>
  `apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: { name: ${name}, namespace: shop }\nspec: { selector: all() }\n`;
const tier = (order: number): string =>
  `apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: { name: first }\nspec: { order: ${order} }\n`;
const idsOf = ({ policies }: PolicySet): readonly string[] => policies.map(({ id }) => id).sort();

test("what is added takes the place of its own id, never of a policy of another dialect", () => {
  const now = setOf(kubernetes("web", 80), kubernetes("db", 5432));
  const joined = joinedSets(now, setOf(kubernetes("web", 443), calico("db")));
  assert.deepEqual(idsOf(joined), [
    "calico/NetworkPolicy/shop/db",
    "kubernetes/NetworkPolicy/shop/db",
    "kubernetes/NetworkPolicy/shop/web",
  ]);
  const web = joined.policies.find(({ id }) => id === "kubernetes/NetworkPolicy/shop/web");
  assert.deepEqual(web?.ingress[0]?.destination.ports, [{ from: 443, to: 443 }]);
});

test("a written tier takes the place of its name, implied ones of none", () => {
  const orders = ({ tiers }: PolicySet) => tiers.flatMap(({ name, order }) => (name === "first" ? [order] : []));
  assert.deepEqual(orders(joinedSets(setOf(tier(7)), setOf(calico("db")))), [7]);
  assert.deepEqual(orders(joinedSets(setOf(tier(7)), setOf(tier(9)))), [9]);
  const names = joinedSets(setOf(tier(7)), setOf(tier(9))).tiers.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});

test("policies are taken away by id, or by a name that only one has", () => {
  const now = setOf(kubernetes("web", 80), kubernetes("db", 5432), calico("db"));
  assert.deepEqual(idsOf(withoutPolicies(now, ["shop/web", "calico/NetworkPolicy/shop/db"])), [
    "kubernetes/NetworkPolicy/shop/db",
  ]);
  const words = (name: string): string => {
    try {
      withoutPolicies(now, [name]);
    } catch (error) {
      assert.ok(error instanceof Fault && error.kind === "usage");
      return `${error.message}: ${error.hint ?? ""}`;
    }
    return "no fault";
  };
  assert.match(words("shop/db"), /2 policies are called so: name one: calico\/\S+, kubernetes\/\S+$/);
  assert.match(words("shop/wep"), /no such policy among the files: did you mean shop\/web\?/);
  assert.match(words("calico/NetworkPolicy/shop/dp"), /did you mean calico\/NetworkPolicy\/shop\/db\?/);
  assert.match(words("nothing-like-it"), /an id \(/);
});

test("one name in two dialects is told, what is replaced is not", () => {
  const now = setOf(kubernetes("web", 80), kubernetes("db", 5432));
  assert.deepEqual(namesakes(now, setOf(kubernetes("web", 443), calico("db"))), [
    { old: "kubernetes/NetworkPolicy/shop/db", added: "calico/NetworkPolicy/shop/db" },
  ]);
});

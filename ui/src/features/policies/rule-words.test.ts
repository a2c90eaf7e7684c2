// Places in the policies in words, the special ones too.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ruleText } from "./rule-words.ts";

test("rules, ends of tiers, profiles and failsafes have words", () => {
  const at = { tier: "default", policy: "kubernetes/NetworkPolicy/shop/db", rule: 2, ruleName: "" };
  assert.equal(ruleText(at), "shop/db rule 2");
  assert.equal(ruleText({ ...at, ruleName: "from web" }), "shop/db rule 2 (from web)");
  assert.equal(ruleText({ ...at, policy: "calico/GlobalNetworkPolicy/-/deny.all" }), "deny.all rule 2");
  assert.equal(ruleText({ ...at, policy: "", rule: -1 }), "the end of tier default");
  assert.equal(ruleText({ ...at, rule: -2 }), "the namespace's profile");
  assert.equal(ruleText({ ...at, rule: -3 }), "a failsafe port");
});

// What policies are called and counted as: unknown is never zero, the worst state comes first, ids survive the address bar.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PolicyCard } from "../../../../src/apps/server/contract/policy-shapes.ts";
import {
  countsText,
  directionText,
  endpointText,
  enforcementText,
  holdsWords,
  modeText,
  policyId,
  policyParams,
  problemText,
  shownCounts,
  stateCounts,
} from "./policy-words.ts";

const card: PolicyCard = {
  id: "kubernetes/NetworkPolicy/shop/db",
  home: { kind: "cluster", cluster: "demo" },
  dialect: "kubernetes",
  kind: "NetworkPolicy",
  namespace: "shop",
  name: "db",
  tier: "default",
  order: 1000,
  directions: ["ingress"],
  rules: { ingress: 1, egress: 0 },
  selector: 'app == "db"',
  endpoints: 2,
  counts: { because: "no node reports rule ids" },
  judged: { allowed: 1200, denied: 0, because: "" },
  problems: { errors: 0, warnings: 2, notes: 1 },
  enforcement: { states: { enforced: 3, refused: 1 }, nodes: [], omitted: 0 },
};

test("counts that nobody looked at are not zero", () => {
  assert.equal(countsText({ because: "not looked" }), undefined);
  assert.equal(countsText({ allowed: 0, because: "" }), "0 allowed");
  assert.equal(countsText({ allowed: 12_000, denied: 3, because: "" }), "12,000 allowed, 3 denied");
});

test("what nodes reported goes before what was worked out", () => {
  assert.equal(shownCounts(card).source, "judged");
  assert.equal(shownCounts({ ...card, counts: { denied: 1, because: "" } }).source, "reported");
  assert.equal(shownCounts({ ...card, judged: { because: "no flows" } }).source, "none");
});

test("the worst state comes first, and a policy nobody told of says so", () => {
  assert.deepEqual(
    stateCounts(card.enforcement).map(({ state }) => state),
    ["refused", "enforced"],
  );
  assert.equal(enforcementText(card.enforcement), "refused on 1 node, enforced on 3 nodes");
  assert.equal(enforcementText({ states: {}, nodes: [], omitted: 0 }), "no node has told of it");
});

test("words for directions, endpoints and problems", () => {
  assert.equal(directionText(["ingress", "egress"]), "in and out");
  assert.equal(directionText(["egress"]), "out");
  assert.equal(endpointText(undefined), "endpoints not known");
  assert.equal(endpointText(1), "1 endpoint");
  assert.equal(problemText(card.problems), "2 warnings, 1 note");
  assert.equal(problemText({ errors: 0, warnings: 0, notes: 0 }), "");
});

test("every typed word must be there", () => {
  assert.equal(holdsWords(card, "SHOP db"), true);
  assert.equal(holdsWords(card, "shop web"), false);
  assert.equal(holdsWords(card, ""), true);
});

test("an id is the same after the address bar", () => {
  for (const id of ["kubernetes/NetworkPolicy/shop/db", "calico/GlobalNetworkPolicy/-/deny-all", "cilium/X/-/a.b"])
    assert.equal(policyId(policyParams("demo", id)), id);
});

test("a node that enforces is said first, whatever the rest of the cluster does", () => {
  const exceptions = [{ node: "laptop", mode: "enforce" as const }];
  assert.equal(modeText({ mode: "off", scope: "", exceptions }).word, "Enforced on laptop");
  assert.equal(modeText({ mode: "off", scope: "", exceptions: [] }).word, "Not enforced");
  const rest = modeText({ mode: "enforce", scope: "cluster/c", exceptions: [{ node: "a", mode: "off" }] });
  assert.deepEqual([rest.word, rest.because], ["Enforced", "by Enforcement in scope cluster/c; otherwise on 1 node"]);
});

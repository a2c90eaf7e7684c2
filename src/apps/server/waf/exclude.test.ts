// From an event that was no attack to the narrowest exclusion and its proof, with the real rules in a real worker.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { manualClock } from "../../../base/clock.ts";
import { silentLogger } from "../../../base/logger.ts";
import type { Resource } from "../../../model/resource.ts";
import { tables, type Shown } from "../../../model/table.ts";
import { emptyQueries } from "../../../../test/support/test-server.ts";
import { skipUnless } from "../../../../test/support/skip.ts";
import { proposeExclusion } from "./exclude.ts";
import { createRulesDesk } from "./rules-desk.ts";

const crs = path.resolve(import.meta.dirname, "../../../../../shared/data/crs");
const clock = manualClock(Date.parse("2026-11-26T10:00:00Z"));
const time = "2026-11-26T09:00:00.000Z";

const review: Shown<"waf_events"> = tables.waf_events.parse({
  time,
  cluster: "prod",
  node: "gw",
  verdict: "blocked",
  mode: "block",
  method: "POST",
  path: "/reviews",
  namespace: "shop",
  workload: "web",
  ruleIds: [942_100, 949_110],
  messages: ["SQL injection", "Anomaly score"],
  variables: ["ARGS:comment", "TX:blocking_inbound_anomaly_score"],
  scores: [5, 0],
  paranoias: [1, 0],
  inboundThreshold: 5,
  outboundThreshold: 4,
  decidingRule: 949_110,
  transactionId: "t1",
});

function partsWith(event: Shown<"waf_events"> | undefined, policies: readonly Resource[] = []) {
  const window = { since: time, until: time, partial: false, partialBecause: "", gaps: [] };
  return {
    clock,
    queries: emptyQueries({ wafRequest: async () => ({ event, window }) }),
    state: { resources: { list: async (kind: string) => (kind === "WafPolicy" ? policies : []) } },
  } as never;
}

const asked = { cluster: "prod", transactionId: "t1", time, ruleIds: [], reason: "reviews hold SQL words" };

test(
  "the narrowest exclusion, in a new policy for the workload, with its proof",
  { timeout: 120_000 },
  async (context) => {
    if (!skipUnless(context, existsSync(crs), "the Core Rule Set in ../shared/data/crs")) return;
    const answer = await proposeExclusion(
      partsWith(review),
      createRulesDesk({ folder: crs, clock, logger: silentLogger }),
      asked,
    );
    assert.deepEqual(
      answer.exclusions.map(({ rules, target, path: at, methods, reason }) => [rules, target, at, methods, reason]),
      [[["942100"], "ARGS:comment", "/reviews", ["POST"], "reviews hold SQL words"]],
    );
    assert.deepEqual(answer.policy, { scope: "cluster/prod", name: "shop-web", generation: 0 });
    assert.deepEqual(answer.spec["target"], {
      namespace: "shop",
      workload: "web",
      selector: "",
      service: "",
      routes: [],
    });
    const { proof } = answer;
    assert.equal(proof.because, "");
    assert.ok(proof.attacks > 100);
    assert.ok(proof.caughtBefore > proof.attacks * 0.8, `${proof.caughtBefore} of ${proof.attacks}`);
    // Elsewhere nothing changes; in the excluded parameter itself a few attacks that only this rule sees get through.
    assert.equal(proof.caughtAfter, proof.caughtBefore);
    assert.deepEqual(proof.lost, []);
    assert.ok(proof.atTarget.caughtAfter < proof.atTarget.caughtBefore);
    assert.ok(proof.atTarget.caughtAfter > proof.atTarget.caughtBefore / 2);
  },
);

test("it joins the policy that judged it; what stands there already is not put twice", async () => {
  const third = { ...review, paranoias: [3, 0] };
  const first = await proposeExclusion(
    partsWith(third),
    createRulesDesk({ folder: "/nowhere", clock, logger: silentLogger }),
    asked,
  );
  assert.equal(first.spec["paranoia"], 3, "levels that scored stay on");
  assert.match(first.proof.because, /nowhere/, "no rules, no proof: said");
  const kept = {
    apiVersion: "garrison/v1",
    kind: "WafPolicy",
    scope: "cluster/prod",
    name: "mine",
    generation: 7,
  } as const;
  const resource = {
    ...kept,
    author: "a",
    time,
    deleted: false,
    spec: { mode: "block", exclusions: first.exclusions },
  };
  const judged = { ...review, policy: "mine" };
  const second = await proposeExclusion(
    partsWith(judged, [resource]),
    createRulesDesk({ folder: "/nowhere", clock, logger: silentLogger }),
    asked,
  );
  assert.deepEqual(second.policy, { scope: "cluster/prod", name: "mine", generation: 7 });
  assert.equal((second.spec["exclusions"] as unknown[]).length, 1);
});

test(
  "the proof is made where the exclusion applies, whatever other rules spoke first",
  { timeout: 120_000 },
  async (context) => {
    if (!skipUnless(context, existsSync(crs), "the Core Rule Set in ../shared/data/crs")) return;
    const both = {
      ...review,
      ruleIds: [920_350, 942_100],
      variables: ["REQUEST_HEADERS:Host", "ARGS:comment"],
      messages: ["Host is an address", "SQL injection"],
      scores: [3, 5],
      paranoias: [1, 1],
    };
    const answer = await proposeExclusion(
      partsWith(both),
      createRulesDesk({ folder: crs, clock, logger: silentLogger }),
      {
        ...asked,
        ruleIds: [942_100],
      },
    );
    const { atTarget } = answer.proof;
    assert.ok(atTarget.caughtAfter < atTarget.caughtBefore, JSON.stringify(atTarget));
  },
);

test("a request whose workload is not known gets no policy over everything", async () => {
  const unknown = { ...review, namespace: "", workload: "", identityReason: "no pod has the address" };
  await assert.rejects(
    proposeExclusion(partsWith(unknown), createRulesDesk({ folder: "/nowhere", clock, logger: silentLogger }), asked),
    {
      code: "waf/no-home",
    },
  );
});

test("what is not kept, and what no rule scored, is refused with a reason", async () => {
  const rules = createRulesDesk({ folder: "/nowhere", clock, logger: silentLogger });
  await assert.rejects(proposeExclusion(partsWith(undefined), rules, asked), { code: "waf/unknown-request" });
  const silent = { ...review, ruleIds: [], scores: [], variables: [], decidingRule: 0 };
  await assert.rejects(proposeExclusion(partsWith(silent), rules, asked), { code: "waf/nothing-to-exclude" });
});

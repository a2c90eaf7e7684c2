// Words of the WAF screens: counts, matched pieces, names, proofs.
import assert from "node:assert/strict";
import test from "node:test";
import { policyNameFor } from "../../../../src/apps/server/contract/waf-words.ts";
import { WafEvent } from "../../../../src/model/waf-event.ts";
import { countsText, excerptPieces, proofText, rulesOf } from "./waf-words.ts";

test("counts leave out what is none", () => {
  assert.equal(
    countsText({ blocked: 1200, detected: 0, logged: 3, failed: 1 }),
    "1,200 blocked, 1 not fully looked at, 3 below the threshold",
  );
  assert.equal(countsText({ blocked: 0, detected: 0, logged: 0, failed: 0 }), "none");
});

test("the matched piece is marked where it stands, whatever its case", () => {
  assert.deepEqual(excerptPieces("id=1 UNION select", "union"), [
    { text: "id=1 ", isMatched: false },
    { text: "UNION", isMatched: true },
    { text: " select", isMatched: false },
  ]);
  assert.deepEqual(excerptPieces("<b>", "<b>"), [{ text: "<b>", isMatched: true }]);
  assert.deepEqual(excerptPieces("encoded%3Cb", "<b"), [{ text: "encoded%3Cb", isMatched: false }]);
  assert.deepEqual(excerptPieces("", ""), []);
});

test("rules of an event are rows, the deciding one is known", () => {
  const event = WafEvent.parse({
    time: "2026-11-25T10:00:00.000Z",
    verdict: "blocked",
    mode: "block",
    ruleIds: [942_100, 949_110],
    messages: ["SQL injection"],
    scores: [5],
    decidingRule: 949_110,
  });
  const rows = rulesOf(event);
  assert.deepEqual(
    rows.map(({ ruleId, message, score, isDeciding }) => [ruleId, message, score, isDeciding]),
    [
      [942_100, "SQL injection", 5, false],
      [949_110, "", 0, true],
    ],
  );
});

test("a policy's name is a resource's name", () => {
  assert.equal(policyNameFor({ namespace: "host", workload: "session-3 (root)" }), "host-session-3-root");
  assert.equal(policyNameFor({ namespace: "", workload: "" }), "workload");
});

test("a proof says what is lost, and that it was not made", () => {
  const none = { attacks: 0, caughtBefore: 0, caughtAfter: 0 };
  const proof = {
    attacks: 100,
    caughtBefore: 98,
    caughtAfter: 98,
    lost: [],
    lostOmitted: 0,
    atTarget: none,
    corpus: "",
    because: "",
  };
  assert.match(proofText(proof), /^All 98 of 100 attacks/);
  assert.match(
    proofText({ ...proof, caughtAfter: 90, atTarget: { attacks: 98, caughtBefore: 90, caughtAfter: 60 } }),
    /^8 of 98 .* 60 of 90 still are/,
  );
  assert.equal(
    proofText({ ...proof, because: "no rule set on this server" }),
    "Not proved: no rule set on this server.",
  );
});

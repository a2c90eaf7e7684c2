// Words of images' screens: nothing is "clean" while something was not looked at; choices survive the URL.
import assert from "node:assert/strict";
import { test } from "node:test";
import { countsRank, databaseWorries, listQuery, shortDigest, toggled, verdictText } from "./image-words.ts";

const none = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };
const risk = { severities: none, vulnerabilities: 0, fixable: 0, knownExploited: 0, upstreamOnly: 0, suppressed: 0 };

test("an image without findings but with gaps is not clean; one that nobody looked at says why", () => {
  assert.equal(verdictText({ state: "analysed", because: "", gaps: 0, risk }), "0 findings");
  assert.equal(verdictText({ state: "analysed", because: "", gaps: 1, risk }), "0 findings, 1 gap");
  assert.equal(verdictText({ state: "not-analysed", because: "not listed", gaps: 0 }), "not listed");
  assert.equal(verdictText({ state: "analysed", because: "no database", gaps: 0 }), "no database");
});

test("a missing, old or troubled database is told", () => {
  const nowMs = Date.parse("2026-11-26T00:00:00Z");
  const fine = { digest: "d", builtAt: "2026-11-25T00:00:00Z", because: "", feeds: [] };
  assert.deepEqual(databaseWorries(fine, nowMs), []);
  assert.deepEqual(databaseWorries({ ...fine, digest: "", because: "make one" }, nowMs), ["make one"]);
  const old = { ...fine, builtAt: "2026-11-01T00:00:00Z", rematch: { done: 1, total: 2 } };
  assert.deepEqual(databaseWorries(old, nowMs), [
    "the advisory database is 25 days old",
    "packages are matched anew: 1 of 2",
  ]);
});

test("choices go in and out of the URL", () => {
  assert.equal(toggled(undefined, "running"), "running");
  assert.equal(toggled("running,kev", "running"), "kev");
  assert.equal(toggled("kev", "kev"), undefined);
  assert.deepEqual(listQuery("log4j", "critical,kev"), {
    q: "log4j",
    severity: "critical",
    knownExploited: "true",
    limit: 1000,
  });
});

test("counts sort by the worst; digests are cut where they still differ", () => {
  assert.ok(countsRank({ ...none, critical: 1 }) > countsRank({ ...none, high: 900 }));
  assert.equal(shortDigest(`sha256:${"ab".repeat(32)}`), "sha256:abababababab");
  assert.equal(shortDigest("archive"), "archive");
});

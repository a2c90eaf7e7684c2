import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { globMatches, isPredicate, SignaturePolicy } from "./policy.ts";
import { createVerdictCache, verdictCacheLimits } from "./verdict-cache.ts";
import type { SignatureVerdict, Verdict } from "./verify-image.ts";

const authority = { kind: "key", name: "ours", publicKey: "PEM" };

test("patterns and predicate types", () => {
  const cases = [
    ["a/*", "a/b", true],
    ["a/*", "a/b/c", false],
    ["a/**", "a/b/c", true],
    ["**", "anything/at/all", true],
    ["a*c", "abc", true],
    ["a*c", "ab/c", false],
    ["", "", true],
    ["a", "b", false],
    ["*", "", true],
  ] as const;
  for (const [pattern, text, matches] of cases) assert.equal(globMatches(pattern, text), matches, `${pattern} ${text}`);
  assert.ok(!globMatches("*a".repeat(250), `${"a".repeat(2000)}b`));
  fc.assert(
    fc.property(
      fc.string(),
      (text) => globMatches("**", text) && globMatches(text.replaceAll("*", ""), text.replaceAll("*", "")),
    ),
  );
  assert.ok(isPredicate("slsa", "https://slsa.dev/provenance/v1"));
  assert.ok(isPredicate("https://openvex.dev/ns", "https://openvex.dev/ns/v0.2.0"));
  assert.ok(!isPredicate("https://openvex.dev/ns", "https://openvex.dev/nsx"));
  assert.ok(!isPredicate("constructor", "https://slsa.dev/provenance/v1"));
});

test("verdicts are kept by digest and policy, good ones longer, unknown ones not", () => {
  let nowMs = 0;
  const cache = createVerdictCache(() => nowMs, 2);
  const policy = SignaturePolicy.parse({ authorities: [authority] });
  const other = SignaturePolicy.parse({ authorities: [authority], repository: "any" });
  const verdict = (digest: string, is: Verdict): SignatureVerdict => ({
    verdict: is,
    because: "",
    digest,
    authorities: [],
    problems: [],
  });
  cache.put("a", policy, verdict("a", "verified"));
  cache.put("b", policy, verdict("b", "failed"));
  cache.put("c", policy, verdict("c", "unknown"));
  assert.equal(cache.get("a", policy)?.verdict, "verified");
  assert.equal(cache.get("a", other), undefined);
  assert.equal(cache.get("c", policy), undefined);
  nowMs = verdictCacheLimits.otherMs;
  assert.equal(cache.get("b", policy), undefined);
  assert.equal(cache.get("a", policy)?.verdict, "verified");
  cache.put("d", policy, verdict("d", "verified"));
  cache.put("e", policy, verdict("e", "verified"));
  assert.equal(cache.get("a", policy), undefined);
  assert.equal(cache.evicted, 1);
});

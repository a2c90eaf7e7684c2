// Risk: what ranks before what, and that every factor is told.
import assert from "node:assert/strict";
import test from "node:test";
import * as fc from "fast-check";
import { severities } from "./advisory.ts";
import { rankMatch, riskOf, type RiskInput } from "./risk.ts";

const plain: RiskInput = {
  severity: "high",
  severityFrom: "test-feed",
  cvssScore: 7.5,
  knownExploited: false,
  fixState: "not-fixed",
  status: "affected",
  scope: "installed",
};

test("each factor moves the risk the way it should, and says so", () => {
  const base = riskOf(plain).risk;
  const cases: readonly (readonly [string, Partial<RiskInput>, "more" | "less"])[] = [
    ["critical", { severity: "critical", cvssScore: 9.8 }, "more"],
    ["low", { severity: "low", cvssScore: 3 }, "less"],
    ["known to be exploited", { knownExploited: true }, "more"],
    ["a fix can be installed", { fixState: "fixed" }, "more"],
    ["EPSS", { epss: { score: 0.9, percentile: 0.995 } }, "more"],
    ["EPSS", { epss: { score: 0.0001, percentile: 0.1 } }, "less"],
    ["in use", { loaded: { state: "loaded", because: "mapped by nginx" } }, "more"],
    ["not seen in use", { loaded: { state: "not-seen", because: "3 of 3 containers" } }, "less"],
    ["reached from outside", { exposure: { isInternet: true, isPrivileged: false } }, "more"],
    ["rights on the node", { exposure: { isInternet: false, isPrivileged: true } }, "more"],
    ["only the upstream", { status: "upstream-only" }, "less"],
    ["still looking into it", { status: "under-investigation" }, "less"],
    ["declared, no code", { scope: "declared" }, "less"],
    ["for development only", { scope: "development" }, "less"],
  ];
  for (const [words, fields, way] of cases) {
    const { risk, because } = riskOf({ ...plain, ...fields });
    assert.ok(way === "more" ? risk > base : risk < base, `${words}: ${risk} against ${base}`);
    assert.ok(
      because.some((factor) => factor.includes(words)),
      `${words}: ${because.join("; ")}`,
    );
  }
  assert.ok(riskOf({ ...plain, severity: "low", cvssScore: 2, knownExploited: true }).risk >= 900);
});

test("the vendor's severity bounds what a score says", () => {
  assert.ok(
    riskOf({ ...plain, severity: "low", cvssScore: 9.8 }).risk <
      riskOf({ ...plain, severity: "medium", cvssScore: 4 }).risk,
  );
});

test("always 0 to 1000, whole, with a reason", () => {
  const input = fc.record({
    severity: fc.constantFrom(...severities),
    severityFrom: fc.string(),
    cvssScore: fc.double({ min: 0, max: 10, noNaN: true }),
    knownExploited: fc.boolean(),
    epss: fc.option(
      fc.record({
        score: fc.double({ min: 0, max: 1, noNaN: true }),
        percentile: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      { nil: undefined },
    ),
    fixState: fc.constantFrom("fixed" as const, "not-fixed" as const, "will-not-fix" as const),
    status: fc.constantFrom("affected" as const, "upstream-only" as const),
    scope: fc.constantFrom("installed" as const, "declared" as const, "development" as const),
    exposure: fc.record({ isInternet: fc.boolean(), isPrivileged: fc.boolean() }),
  });
  fc.assert(
    fc.property(input, (given) => {
      const { risk, because } = riskOf(given);
      assert.ok(Number.isInteger(risk) && risk >= 0 && risk <= 1000 && because.length > 0);
    }),
  );
});

test("a match ranked anew keeps what its own reasons said", () => {
  const { risk, because } = riskOf({ ...plain, scope: "development", knownExploited: true, isRansomware: true });
  const match = {
    vulnerability: "CVE-2026-1",
    aliases: [],
    package: 0,
    purl: "pkg:npm/x@1",
    packageName: "x",
    packageType: "npm",
    version: "1",
    status: plain.status,
    severity: plain.severity,
    severityFrom: plain.severityFrom,
    cvssScore: plain.cvssScore,
    cvss: "",
    fix: { state: plain.fixState, versions: [], because: "" },
    title: "",
    knownExploited: true,
    because: [],
    risk,
    riskBecause: [...because],
  };
  assert.deepEqual(rankMatch(match, {}), { risk, riskBecause: because });
});

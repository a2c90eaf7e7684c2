// Whatever a team writes into its policy: it compiles, an engine can be made of it, and a request goes through. One team is not every team's outage.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { WafPolicy } from "../../../model/waf-policy.ts";
import { createWafEngine } from "../engine/create-engine.ts";
import { compileWafPolicies } from "./compile-policies.ts";
import { facts, floorOf, nowMs, reader, rules } from "./policy.fixture.ts";

const words = `SecRule|SecAction|SecMarker|SecRuleRemoveById|SecRuleUpdateTargetById|ARGS|TX:/a/|XML:/*|REQUEST_HEADERS:x|!ARGS:/(/|"id:1,pass"
|"id:2,deny,chain"|"@rx (a"|"@rx a{1000}{1000}{100}"|"@rx (?:(?:x{50}){50}){50}"|"@pm a b"|"@pmFromFile w"|"@ipMatch x"|"@validateByteRange z"|"@eq q"
|"@within %{tx.a}"|"@rx [z-a]"|"@rx \\1"|"@detectSQLi"|"t:none"|"id:3,phase:2,deny,t:urlDecode,setvar:tx.%{ARGS}=1,msg:'%{'"|\\
|
|"id:4,ctl:ruleRemoveTargetByTag=x;ARGS:/[/"|M|1-9`;
const pieces = fc.constantFrom(...words.split("|"));
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.constantFrom(
    "ARGS:/(/",
    "ARGS:q",
    "XML:/*",
    "app == 'a'",
    "app in {",
    "pay:80",
    "pay:x",
    "/a/**",
    "*.b",
    "ARGS:\u3000",
  ),
);
const rulesText = fc.array(pieces, { maxLength: 16 }).map((parts) => parts.join(" "));

const spec = fc.record({
  selector: text,
  service: text,
  host: text,
  path: text,
  rules: rulesText,
  patch: rulesText,
  target: text,
  id: fc.constantFrom("942100", "1", "1-999999", "949110", "9-1"),
  tag: text,
  setting: text,
});

test("any policy compiles, makes an engine and judges a request", () => {
  fc.assert(
    fc.property(spec, (given) => {
      const parsed = WafPolicy.safeParse({
        target: { selector: given.selector, service: given.service, routes: [{ host: given.host, path: given.path }] },
        mode: "block",
        rules: given.rules,
        wordLists: { w: given.target },
        settings: { arg_length: given.setting },
        exclusions: [
          {
            id: "e",
            rules: [given.id],
            tags: given.tag === "" ? [] : [given.tag],
            target: given.target,
            path: given.path,
            reason: "why",
          },
        ],
        virtualPatches: [
          {
            id: "v",
            vulnerabilities: ["CVE-1"],
            rules: given.patch || "#",
            reason: "why",
            expiresAt: "2027-01-01T00:00:00Z",
          },
        ],
      });
      if (!parsed.success) return;
      const policies = [
        { scope: "global", name: "team", spec: parsed.data },
        { scope: "global", name: "other", spec: WafPolicy.parse({ mode: "block" }) },
      ];
      const floor = floorOf({ modeMin: "detect" });
      const base = { files: [{ file: "crs.conf", text: rules }], reader };
      const compiled = compileWafPolicies({ policies, floor, base, nowMs });
      let us = 0;
      const engine = createWafEngine({
        ruleSet: compiled.parsed.ruleSet,
        hashes: { sha1: (bytes) => bytes, md5: (bytes) => bytes },
        nowMs: () => nowMs,
        nowUs: () => (us += 1),
        uniqueId: () => "1",
      });
      assert.ok(compiled.policyFor(facts({ host: given.host, path: given.path })) !== undefined);
      for (const policy of compiled.inForce.values()) {
        const transaction = engine.begin(policy);
        transaction.connection({ clientAddress: "10.0.0.1", clientPort: 1, serverAddress: "10.0.0.2", serverPort: 80 });
        transaction.requestLine("GET", `/a?q=union+select&x=${"x".repeat(300)}`, "HTTP/1.1");
        transaction.requestHeaders([["Host", "b"]]);
        transaction.endRequest();
        const { rules: spoke } = transaction.finish();
        // What one team writes changes nothing for another.
        if (policy.name === "other") assert.ok(spoke.some(({ ruleId }) => ruleId === 949_110));
      }
    }),
    { numRuns: 300 },
  );
});

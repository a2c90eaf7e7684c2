// False positives: candidates narrowest first, and the proof by a request that is run again that each really keeps the rules quiet.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { WafExclusion } from "../../../model/waf-policy.ts";
import { createWafEngine } from "../engine/create-engine.ts";
import type { Transaction, TransactionPolicy, WafEngine } from "../engine/engine.ts";
import { parseRuleSet } from "../seclang/parse-rule-set.ts";
import { withExclusions } from "./compile-policies.ts";
import { narrowestExclusions } from "./narrowest-exclusions.ts";
import type { ExcludableEvent } from "./narrowest-exclusions.ts";
import { coversEvent, silencesRequest } from "./silences.ts";

const rules = `
  SecRule ARGS|REQUEST_COOKIES|!ARGS:safe "@rx union" "id:942100,phase:2,block,log,msg:'sql',setvar:tx.score=+5"
  SecRule ARGS "@rx select" "id:942200,phase:2,block,log,msg:'sql',setvar:tx.score=+5"
  SecRule REQUEST_HEADERS:User-Agent "@rx probe" "id:913100,phase:1,block,log,msg:'scanner',setvar:tx.score=+5"
  SecRule TX:score "@ge 5" "id:949110,phase:2,deny,log,msg:'score'"`;

function engineOf(): WafEngine {
  const parsed = parseRuleSet({
    files: [{ file: "a.conf", text: rules }],
    reader: { include: () => [], wordList: () => ({ refused: "none" }) },
  });
  let us = 0;
  let id = 0;
  return createWafEngine({
    ruleSet: parsed.ruleSet,
    hashes: { sha1: (bytes) => bytes, md5: (bytes) => bytes },
    nowMs: () => 0,
    nowUs: () => (us += 1),
    uniqueId: () => String((id += 1)),
  });
}

const policy: TransactionPolicy = {
  name: "p",
  mode: "detect",
  paranoia: 1,
  detectionParanoia: 1,
  inboundThreshold: 5,
  outboundThreshold: 4,
  responseBodies: false,
  settings: new Map(),
  exclusions: [],
  layers: [],
};

function feed(target: string, method = "GET", agent = "x"): (transaction: Transaction) => void {
  return (transaction) => {
    transaction.connection({ clientAddress: "10.0.0.1", clientPort: 1, serverAddress: "10.0.0.2", serverPort: 80 });
    transaction.requestLine(method, target, "HTTP/1.1");
    transaction.requestHeaders([
      ["Host", "shop.example"],
      ["User-Agent", agent],
    ]);
    transaction.endRequest();
  };
}

const event: ExcludableEvent = {
  ruleIds: [942_100, 942_200, 949_110],
  variables: ["ARGS:comment", "ARGS:comment", "TX:score"],
  scores: [5, 5, 0],
  path: "/orders/123/review",
  method: "GET",
  decidingRule: 949_110,
};
const options = { ruleIds: [], reason: "a review about unions" };

describe("candidates", () => {
  test("narrowest first: member, place and method; then each given up in turn", () => {
    const found = narrowestExclusions(event, options).map(({ exclusions }) =>
      exclusions.map(({ rules: ids, target, path, methods }) => [ids.join(), target, path, methods.join()]),
    );
    const both = "942100,942200";
    assert.deepEqual(found, [
      [[both, "ARGS:comment", "/orders/123/review", "GET"]],
      [[both, "ARGS:comment", "/orders/123/review", ""]],
      [[both, "ARGS:comment", "/orders/*/review", "GET"]],
      [[both, "ARGS:/^comment$/", "/orders/*/review", "GET"]],
      [[both, "ARGS:comment", "", ""]],
      [[both, "", "/orders/123/review", "GET"]],
      [[both, "", "/orders/*/review", ""]],
    ]);
  });

  test("are what the model takes, with an id of their content", () => {
    const found = narrowestExclusions(event, options).flatMap(({ exclusions }) => exclusions);
    for (const exclusion of found) assert.deepEqual(WafExclusion.parse(exclusion), exclusion);
    assert.equal(new Set(found.map(({ id }) => id)).size, found.length);
    const again = narrowestExclusions(event, options).flatMap(({ exclusions }) => exclusions);
    assert.deepEqual(again, found);
  });

  test("rules that are asked for, rules that scored, else the deciding one", () => {
    const idsFor = (given: Partial<ExcludableEvent>, ruleIds: readonly number[]): unknown =>
      narrowestExclusions({ ...event, ...given }, { ...options, ruleIds })[0]?.exclusions.flatMap((each) => each.rules);
    assert.deepEqual(idsFor({}, []), ["942100", "942200"]);
    assert.deepEqual(idsFor({}, [942_200]), ["942200"]);
    assert.deepEqual(idsFor({ scores: [0, 0, 0], decidingRule: 942_100 }, []), ["942100"]);
    assert.equal(idsFor({}, [7]), undefined);
  });

  test("one exclusion for each variable; chains' inner variables mean the rule", () => {
    const [first] = narrowestExclusions({ ...event, variables: ["ARGS:a1", "REQUEST_COOKIES:b", "TX:1"] }, options);
    assert.deepEqual(
      first?.exclusions.map(({ target }) => target),
      ["ARGS:a1", "REQUEST_COOKIES:b"],
    );
    const [inner] = narrowestExclusions({ ...event, variables: ["TX:1", "TX:1", ""] }, options);
    assert.deepEqual(
      inner?.exclusions.map(({ target }) => target),
      [""],
    );
  });

  test("names with separators and redacted places", () => {
    const [first] = narrowestExclusions(
      { ...event, variables: ["ARGS:a|b,c d", "ARGS:a|b,c d", ""], path: "/t/\u2039redacted:key-like\u203a/x" },
      options,
    );
    assert.equal(first?.exclusions[0]?.target, String.raw`ARGS:/^a\x7cb\x2cc\x20d$/`);
    assert.equal(first?.exclusions[0]?.path, "/t/*/x");
  });
});

describe("silence", () => {
  const engine = engineOf();
  const target = "/orders/123/review?comment=union+select";

  test("every candidate keeps the event's rules quiet, by the row and by the request run again", () => {
    const ruleIds = [942_100, 942_200];
    const before = silencesRequest(engine, policy, { ruleIds, feed: feed(target) });
    assert.deepEqual(
      before.stillSpeak.map(({ ruleId }) => ruleId),
      ruleIds,
    );
    for (const { exclusions, says } of narrowestExclusions(event, options)) {
      assert.deepEqual(coversEvent(event, exclusions, ruleIds).stillSpeak, [], says);
      const { policy: after, problems } = withExclusions(policy, exclusions, { ruleSet: engine.ruleSet, nowMs: 0 });
      assert.deepEqual(problems, []);
      const replayed = silencesRequest(engine, after, { ruleIds, feed: feed(target) });
      assert.deepEqual(replayed.stillSpeak, [], says);
      assert.equal(replayed.report.interruption, undefined, says);
    }
  });

  test("the narrowest one gives up nothing else", () => {
    const [first] = narrowestExclusions(event, options);
    const { policy: after } = withExclusions(policy, first?.exclusions ?? [], { ruleSet: engine.ruleSet, nowMs: 0 });
    const speaks = (url: string, method?: string): number =>
      silencesRequest(engine, after, { ruleIds: [942_100, 942_200], feed: feed(url, method) }).stillSpeak.length;
    assert.equal(speaks("/orders/124/review?comment=union+select"), 2);
    assert.equal(speaks("/orders/123/review?other=union+select"), 2);
    assert.equal(speaks(target, "POST"), 2);
    assert.equal(speaks("/orders/123/review?comment=union&other=select"), 1);
  });

  test("another variable that the row does not name is found by the request only", () => {
    const [first] = narrowestExclusions(event, options);
    const ruleIds = [942_100];
    assert.deepEqual(coversEvent(event, first?.exclusions ?? [], ruleIds).stillSpeak, []);
    const { policy: after } = withExclusions(policy, first?.exclusions ?? [], { ruleSet: engine.ruleSet, nowMs: 0 });
    const { stillSpeak } = silencesRequest(engine, after, { ruleIds, feed: feed(`${target}&title=union`) });
    assert.deepEqual(stillSpeak, [{ ruleId: 942_100, because: "it matches ARGS:title" }]);
  });

  test("an open path does not mean what only begins like it", () => {
    const exclusion = WafExclusion.parse({
      id: "e",
      rules: ["942100"],
      target: "",
      path: "/upload/**",
      reason: "files",
    });
    const { policy: after } = withExclusions(policy, [exclusion], { ruleSet: engine.ruleSet, nowMs: 0 });
    const speaks = (path: string): number =>
      silencesRequest(engine, after, { ruleIds: [942_100], feed: feed(`${path}?q=union`) }).stillSpeak.length;
    for (const path of ["/upload/x", "/upload/a.b/..c", "/upload/...", "/upload/%2ehidden"])
      assert.equal(speaks(path), 0, path);
    for (const path of [
      "/upload/../admin",
      "/upload/%2e%2E/admin",
      "/upload/x/..",
      "/upload/.%2e;a/b",
      "/upload/..%2fadmin",
      "/upload/..%5cadmin",
      "/upload/./x",
    ])
      assert.equal(speaks(path), 1, path);
  });

  test("what is not covered is named", () => {
    const [first] = narrowestExclusions(event, { ...options, ruleIds: [942_100] });
    const { stillSpeak } = coversEvent(event, first?.exclusions ?? [], [942_100, 942_200]);
    assert.deepEqual(stillSpeak, [{ ruleId: 942_200, because: "nothing excludes ARGS:comment here" }]);
  });

  test("whatever the name of a parameter, the candidate covers it and is taken", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 12 }), (name) => {
        const key = encodeURIComponent(name.toWellFormed());
        const url = `/x?${key}=union`;
        const report = silencesRequest(engine, policy, { ruleIds: [942_100], feed: feed(url) }).report;
        const variable = report.rules.find(({ ruleId }) => ruleId === 942_100)?.variables[0]?.name;
        if (variable === undefined) return;
        const given = { ...event, ruleIds: [942_100], variables: [asText(variable)], scores: [5], path: "/x" };
        for (const { exclusions, says } of narrowestExclusions(given, options)) {
          const { policy: after, problems } = withExclusions(policy, exclusions, { ruleSet: engine.ruleSet, nowMs: 0 });
          assert.deepEqual(problems, [], says);
          const { stillSpeak } = silencesRequest(engine, after, { ruleIds: [942_100], feed: feed(url) });
          assert.deepEqual(stillSpeak, [], `${says} ${JSON.stringify(exclusions)}`);
        }
      }),
      { numRuns: 100 },
    );
  });
});

/** Bytes of a name as events tell them: UTF-8. */
function asText(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

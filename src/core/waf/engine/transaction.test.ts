// What becomes of a transaction: modes, interruptions, limits, budgets, policies over one rule set, states that are used again.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exclusion } from "./engine.ts";
import { parseFiles, parseRules, runRequest, testEngine, testPolicy } from "../../../../test/support/waf-engine.ts";
import { parseRuleSet } from "../seclang/parse-rule-set.ts";

const deny = `SecRule ARGS:q "@contains attack" "id:1,phase:2,deny,status:406,log,msg:'no %{MATCHED_VAR_NAME}',logdata:'%{MATCHED_VAR}',severity:2,tag:'t'"
SecAction "id:2,phase:2,log,pass"
SecAction "id:3,phase:5,log,pass"`;

test("blocking stops at the rule and runs the last phase; detection goes on and says what would have been", () => {
  const engine = testEngine(parseRules(deny));
  const blocked = runRequest(engine, testPolicy(), { target: "/?q=attack" });
  assert.deepEqual(blocked.stopped, {
    action: "deny",
    status: 406,
    location: "",
    ruleId: 1,
    phase: 2,
    because: "rule",
  });
  assert.deepEqual(blocked.ids, [1, 3]);
  assert.equal(blocked.report.isBlocked, true);
  const detected = runRequest(engine, testPolicy({ mode: "detect" }), { target: "/?q=attack" });
  assert.equal(detected.stopped, undefined);
  assert.deepEqual(detected.ids, [1, 2, 3]);
  assert.equal(detected.report.isBlocked, false);
  assert.equal(detected.report.interruption?.status, 406);
  assert.deepEqual(runRequest(engine, testPolicy({ mode: "off" }), { target: "/?q=attack" }).ids, []);
});

test("a matched rule says what it matched, where it stands and what it says", () => {
  const [rule] = runRequest(testEngine(parseRules(deny)), testPolicy(), { target: "/?q=an+attack" }).report.rules;
  assert.equal(rule?.message, "no ARGS:q");
  assert.equal(rule?.logData, "an attack");
  assert.deepEqual(
    [rule?.file, rule?.line, rule?.operator, rule?.operatorArgument],
    ["test.conf", 1, "Contains", "attack"],
  );
  assert.deepEqual(rule?.variables, [
    { name: "ARGS:q", value: "an attack", matched: "attack", transformed: "an attack", logData: "an attack" },
  ]);
});

test("redirects and drops", () => {
  const engine = testEngine(
    parseRules(`SecRule ARGS:a "@streq 1" "id:1,phase:1,redirect:'https://example.com/%{ARGS.a}',log"
SecRule ARGS:a "@streq 2" "id:2,phase:1,drop,log"`),
  );
  const redirected = runRequest(engine, testPolicy(), { target: "/?a=1" }).stopped;
  assert.deepEqual(
    [redirected?.action, redirected?.status, redirected?.location],
    ["redirect", 302, "https://example.com/1"],
  );
  assert.equal(runRequest(engine, testPolicy(), { target: "/?a=2" }).stopped?.action, "drop");
});

test("a body over its limit is refused while it comes, and in detection looked at as far as it goes", () => {
  const rules = `SecRequestBodyLimit 10\nSecRule ARGS:a "@streq 12345678" "id:1,phase:2,log,pass"\nSecRule INBOUND_DATA_ERROR "@eq 1" "id:2,phase:2,log,pass"`;
  const request = {
    method: "POST",
    headers: [["Content-Type", "application/x-www-form-urlencoded"]] as const,
    body: "a=12345678&b=behind",
    chunkBytes: 7,
  };
  const engine = testEngine(parseRules(rules));
  const blocked = runRequest(engine, testPolicy(), request);
  assert.deepEqual([blocked.stopped?.status, blocked.stopped?.because], [413, "limit: request body"]);
  const detected = runRequest(engine, testPolicy({ mode: "detect" }), request);
  assert.deepEqual(detected.ids, [1, 2]);
  assert.match(detected.report.notInspected.join(), /request body over 10 bytes/);
});

test("a body that cannot be read is not passed in silence when no rule asks about it", () => {
  const engine = testEngine(parseRules(`SecAction "id:1,phase:2,log,pass"`));
  const request = { method: "POST", headers: [["Content-Type", "application/json"]] as const, body: `{"a":` };
  const blocked = runRequest(engine, testPolicy(), request);
  assert.equal(blocked.stopped?.status, 400);
  assert.match(blocked.stopped?.because ?? "", /^limit: request body cannot be read/);
  assert.equal(runRequest(engine, testPolicy({ mode: "detect" }), request).report.notInspected.length, 1);
});

test("over its time or bytes a transaction is blocked or passed as the policy says, and told either way", () => {
  let now = 0;
  const engine = testEngine(
    parseRules(
      Array.from(
        { length: 64 },
        (_, index) => `SecAction "id:${index + 1},phase:1,nolog,pass,setvar:tx.a=%{ARGS.x}"`,
      ).join("\n"),
    ),
    {
      nowUs: () => (now += 1000),
    },
  );
  const budget = { usMax: 2500, bytesMax: 1_000_000, onExceeded: "block" as const };
  const blocked = runRequest(engine, testPolicy({ budget }), {});
  assert.equal(blocked.stopped?.because, "budget: time");
  const passed = runRequest(engine, testPolicy({ budget: { ...budget, onExceeded: "pass" } }), {});
  assert.equal(passed.stopped, undefined);
  assert.match(passed.report.notInspected.join(), /budget: time/);
  assert.equal(engine.figures.budgetExceeded, 2);
  const small = testEngine(parseRules(`SecRule ARGS "@rx x" "id:1,phase:2,log,pass"`));
  const bytes = { usMax: 1e9, bytesMax: 500, onExceeded: "block" as const };
  assert.equal(
    runRequest(small, testPolicy({ budget: bytes }), { target: `/?a=${"y".repeat(1000)}` }).stopped?.because,
    "budget: bytes",
  );
});

test("an engine that is not warm gives its first transactions more time", () => {
  let now = 0;
  const actions = Array.from(
    { length: 64 },
    (_, index) => `SecAction "id:${index + 2},phase:1,nolog,pass,setvar:tx.a=%{ARGS.x}"`,
  );
  const rules = [`SecRule ARGS "@rx x" "id:1,phase:1,log,pass"`, ...actions].join("\n");
  const engine = testEngine(parseRules(rules), { nowUs: () => (now += 1000) });
  const policy = testPolicy({ budget: { usMax: 2500, bytesMax: 1_000_000, onExceeded: "block" } });
  assert.equal(runRequest(engine, policy, {}).stopped, undefined);
  assert.equal(engine.warm(0), false);
  assert.equal(engine.warm(), true);
  assert.equal(runRequest(engine, policy, {}).stopped?.because, "budget: time");
});

const scored = `SecAction "id:900,phase:1,nolog,pass,setvar:tx.blocking_paranoia_level=1"
SecRule &TX:critical_anomaly_score "@eq 0" "id:901,phase:1,nolog,pass,setvar:tx.critical_anomaly_score=5"
SecAction "id:902,phase:1,nolog,pass,setvar:tx.inbound_anomaly_score_pl1=0,setvar:tx.inbound_anomaly_score_pl2=0"
SecRule ARGS "@contains one" "id:1,phase:2,block,log,tag:'paranoia-level/1',tag:'a',setvar:tx.inbound_anomaly_score_pl1=+%{tx.critical_anomaly_score}"
SecRule TX:DETECTION_PARANOIA_LEVEL "@lt 2" "id:10,phase:2,pass,nolog,skipAfter:END"
SecRule ARGS "@contains two" "id:2,phase:2,block,log,tag:'paranoia-level/2',tag:'b',setvar:tx.inbound_anomaly_score_pl2=+%{tx.critical_anomaly_score}"
SecMarker END
SecRule TX:inbound_anomaly_score_pl1 "@ge %{tx.inbound_anomaly_score_threshold}" "id:3,phase:2,deny,log"`;

test("one rule set, many policies: levels, thresholds, settings", () => {
  const engine = testEngine(parseRules(`SecDefaultAction "phase:2,pass,log"\n${scored}`));
  const both = { target: "/?x=one+two" };
  const first = runRequest(engine, testPolicy(), both);
  assert.deepEqual(first.ids, [1, 3]);
  assert.deepEqual(
    [first.report.inboundScore, first.report.rules[0]?.score, first.report.rules[0]?.paranoia],
    [5, 5, 1],
  );
  assert.deepEqual(runRequest(engine, testPolicy({ paranoia: 2, detectionParanoia: 2 }), both).ids, [1, 2, 3]);
  assert.equal(runRequest(engine, testPolicy({ paranoia: 2, detectionParanoia: 2 }), both).report.inboundScore, 10);
  const looked = runRequest(engine, testPolicy({ detectionParanoia: 2 }), both);
  assert.deepEqual([looked.ids, looked.report.inboundScore], [[1, 2, 3], 5]);
  assert.deepEqual(runRequest(engine, testPolicy({ inboundThreshold: 6 }), both).ids, [1]);
  const settings = new Map([["critical_anomaly_score", "9"]]);
  assert.equal(runRequest(engine, testPolicy({ settings }), both).report.inboundScore, 9);
});

test("exclusions of a policy: by rule or tag, whole or target, on a path, for methods", () => {
  const engine = testEngine(parseRules(`SecDefaultAction "phase:2,pass,log"\n${scored}`));
  const request = { target: "/shop/cart?x=one&y=one" };
  const none: Exclusion = { id: "e", ruleIds: [], tags: [], target: "", path: "", methods: [] };
  const ids = (exclusion: Partial<Exclusion>) =>
    runRequest(
      engine,
      testPolicy({ inboundThreshold: 100, exclusions: [{ ...none, ...exclusion }] }),
      request,
    ).report.rules.map(({ ruleId, variables }) => `${ruleId} ${variables.map(({ name }) => name).join(" ")}`);
  const whole = ["1 ARGS:x ARGS:y"];
  assert.deepEqual(ids({ ruleIds: [{ from: 1, to: 1 }] }), []);
  assert.deepEqual(ids({ tags: ["a"] }), []);
  assert.deepEqual(ids({ tags: ["b"] }), whole);
  assert.deepEqual(ids({ ruleIds: [{ from: 1, to: 1 }], target: "ARGS:x" }), ["1 ARGS:y"]);
  assert.deepEqual(ids({ tags: ["a"], target: "ARGS:/^[xy]$/" }), []);
  const rule = { ruleIds: [{ from: 1, to: 1 }] };
  assert.deepEqual(ids({ ...rule, path: "/shop/*" }), []);
  assert.deepEqual(ids({ ...rule, path: "/*" }), whole);
  assert.deepEqual(ids({ ...rule, path: "/**" }), []);
  assert.deepEqual(ids({ ...rule, methods: ["POST"] }), whole);
  assert.deepEqual(ids({ ...rule, methods: ["get"] }), []);
});

test("rules of a layer count only for policies that name it", () => {
  const reader = { include: () => [], wordList: () => ({ refused: "none" }) };
  const parsed = parseRuleSet({
    files: [{ file: "floor.conf", text: `SecRule ARGS "@contains x" "id:1,phase:2,log,pass"` }],
    reader,
    overlays: [
      {
        name: "team",
        files: [{ file: "team.conf", text: `SecRule ARGS "@contains x" "id:20,phase:2,log,pass"` }],
        reader,
      },
    ],
  });
  const engine = testEngine(parsed);
  assert.deepEqual(runRequest(engine, testPolicy(), { target: "/?a=x" }).ids, [1]);
  assert.deepEqual(runRequest(engine, testPolicy({ layers: ["team"] }), { target: "/?a=x" }).ids, [1, 20]);
});

test("what set-up rules come to is worked out once, and a rule that may change it keeps it open", () => {
  const gate = `SecRule TX:level "@lt 2" "id:5,phase:1,nolog,pass,skipAfter:END"\nSecAction "id:6,phase:1,log,pass"\nSecMarker END`;
  const set = `SecRule &TX:level "@eq 0" "id:1,phase:1,nolog,pass,setvar:tx.level=1"`;
  const conditional = `SecRule ARGS:up "@streq 1" "id:2,phase:1,nolog,pass,setvar:tx.level=2"`;
  const policy = testPolicy();
  assert.deepEqual(runRequest(testEngine(parseRules(`${set}\n${gate}`)), policy, {}).ids, []);
  const open = testEngine(parseRules(`${set}\n${conditional}\n${gate}`));
  assert.deepEqual(runRequest(open, policy, { target: "/?up=1" }).ids, [6]);
  assert.deepEqual(runRequest(open, policy, {}).ids, []);
  const early = testEngine(parseRules(`${conditional}\n${set}\n${gate}`));
  assert.deepEqual(runRequest(early, policy, { target: "/?up=1" }).ids, [6]);
  const made = testEngine(
    parseRules(`${set}\nSecRule ARGS_NAMES "@rx ." "id:3,phase:1,nolog,pass,setvar:'tx.%{MATCHED_VAR}=7'"\n${gate}`),
  );
  assert.deepEqual(runRequest(made, policy, { target: "/?level=1" }).ids, [6]);
});

test("engines that list silent rules name those that set-up rules are", () => {
  const rules = `SecAction "id:1,phase:1,nolog,pass,setvar:tx.a=1"\nSecRule TX:a "@eq 1" "id:2,phase:1,nolog,pass"`;
  const { report } = runRequest(testEngine(parseRules(rules), { isSilentListed: true }), testPolicy(), {});
  assert.deepEqual(
    report.rules.map(({ ruleId, isLogged }) => [ruleId, isLogged]),
    [
      [1, false],
      [2, false],
    ],
  );
});

test("transactions that run side by side do not see each other, nor those before", () => {
  const engine = testEngine(
    parseFiles([
      {
        file: "a.conf",
        text: `SecRule ARGS "@rx (.)" "id:1,phase:1,log,pass,capture,setvar:tx.seen_%{tx.1}=1"\nSecRule TX:/^seen_/ "@eq 1" "id:2,phase:2,log,pass,logdata:'%{MATCHED_VAR_NAME}'"`,
      },
    ]),
  );
  const policy = testPolicy();
  const transactions = ["a", "b", "c"].map((letter) => {
    const transaction = engine.begin(policy);
    transaction.requestLine("GET", `/?q=${letter}`, "HTTP/1.1");
    return transaction;
  });
  for (const transaction of transactions) transaction.requestHeaders([]);
  for (const transaction of transactions) transaction.endRequest();
  const names = transactions.map((transaction) => transaction.finish().rules.at(-1)?.logData);
  assert.deepEqual(names, ["TX:seen_a", "TX:seen_b", "TX:seen_c"]);
  const [first] = transactions;
  assert.equal(first?.requestHeaders([["a", "b"]]), undefined);
  assert.equal(first?.finish().rules.length, 2);
  assert.deepEqual(runRequest(engine, policy, {}).ids, []);
});

test("with the switch of libmodsecurity 3 anchors match at line ends; else they do not", () => {
  const parsed = parseRules(`SecRule ARGS "@rx ^foo$" "id:1,phase:2,deny,log"`);
  for (const isMultiline of [false, true]) {
    const engine = testEngine(parsed, { isMultiline });
    assert.equal(runRequest(engine, testPolicy(), { target: "/?a=x%0afoo%0ay" }).ids.length, isMultiline ? 1 : 0);
    assert.equal(runRequest(engine, testPolicy(), { target: "/?a=foo" }).ids.length, 1);
  }
});

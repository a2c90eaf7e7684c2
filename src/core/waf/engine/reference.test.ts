// What rules written for the reference engine ask: each case was seen on libmodsecurity 3 first.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRules, runRequest, testEngine, testPolicy } from "../../../../test/support/waf-engine.ts";

function idsOf(rules: string, request: Parameters<typeof runRequest>[2]): readonly number[] {
  return runRequest(testEngine(parseRules(rules)), testPolicy(), request).ids;
}

const post = (type: string, body: string): Parameters<typeof runRequest>[2] => ({
  method: "POST",
  headers: [["Content-Type", type]],
  body,
});

test("check digits decide for negated operators too", () => {
  const rules = String.raw`SecRule ARGS:n "@verifyCC \d{16}" "id:1,phase:2,log,pass"
SecRule ARGS:n "!@verifyCC \d{16}" "id:2,phase:2,log,pass"`;
  assert.deepEqual(idsOf(rules, { target: "/?n=4111111111111111" }), [1]);
  assert.deepEqual(idsOf(rules, { target: "/?n=4111111111111112" }), [2]);
  assert.deepEqual(idsOf(rules, { target: "/?n=none" }), [2]);
});

test("a body that no parser takes apart is REQUEST_BODY", () => {
  const rules = `SecRule REQUEST_BODY "@streq a text" "id:1,phase:2,log,pass"`;
  assert.deepEqual(idsOf(rules, post("text/plain", "a text")), [1]);
  assert.deepEqual(idsOf(rules, post("application/octet-stream", "a text")), [1]);
});

test("FULL_REQUEST holds headers and body", () => {
  const rules = `SecRule FULL_REQUEST "@endsWith a=attack" "id:1,phase:2,log,pass"
SecRule FULL_REQUEST "@contains Content-Type: application/x-www-form-urlencoded" "id:2,phase:2,log,pass"
SecRule FULL_REQUEST_LENGTH "@ge 10" "id:3,phase:2,log,pass"`;
  assert.deepEqual(idsOf(rules, post("application/x-www-form-urlencoded", "a=attack")), [1, 2, 3]);
});

test("setenv is of the transaction; setsid and setuid are read by SESSIONID and USERID", () => {
  const rules = `SecRule ARGS:a "@streq 1" "id:1,phase:1,nolog,pass,setenv:mark=%{ARGS.a}x,setsid:%{ARGS.a}s,setuid:u"
SecRule ENV:mark "@streq 1x" "id:2,phase:2,log,pass"
SecRule SESSIONID "@streq 1s" "id:3,phase:2,log,pass"
SecRule USERID "@streq u" "id:4,phase:2,log,pass"
SecRule ENV:PATH "@rx ." "id:5,phase:2,log,pass"`;
  const engine = testEngine(parseRules(rules));
  assert.deepEqual(runRequest(engine, testPolicy(), { target: "/?a=1" }).ids, [2, 3, 4]);
  assert.deepEqual(runRequest(engine, testPolicy(), { target: "/?a=2" }).ids, []);
});

// Assertions one by one: each can hold and can fail; no assertion is no pass.
import assert from "node:assert/strict";
import { test } from "node:test";
import { answer } from "./backend.ts";
import { judge } from "./judge.ts";
import { readOverrides, withOverrides } from "./overrides.ts";
import type { Observation } from "./run-stage.ts";
import { runTests } from "./run-tests.ts";
import type { FtwTest, StageOutput } from "./test-file.ts";
import { readRequest } from "../http/read-request.ts";

const seen: Observation = {
  status: 200,
  responseHeaders: [],
  responseBody: "hello",
  ruleIds: [920100, 949110],
  logLines: ['x [id "920100"] [msg "One"]', 'y [id "949110"] [msg "Two"]'],
  error: "",
};
const holds: readonly StageOutput[] = [
  { status: [200] },
  { status: [400, 200] },
  { log: { expect_ids: [920100, 949110] } },
  { log: { no_expect_ids: [1] } },
  { log: { match_regex: 'id "920100"\\].*One' } },
  { log: { no_match_regex: 'id "920100"\\].*Two' } },
  { log_contains: "Two" },
  { no_log_contains: "Three" },
  { response_contains: "hell" },
  { expect_error: false },
];
const fails: readonly StageOutput[] = [
  { status: [400] },
  { log: { expect_ids: [920100, 1] } },
  { log: { no_expect_ids: [1, 949110] } },
  { log: { match_regex: "One.*Two" } },
  { log: { match_regex: "(" } },
  { log: { no_match_regex: '\\[id "\\d+"\\]' } },
  { log_contains: "Three" },
  { no_log_contains: "Two" },
  { response_contains: "bye" },
  { expect_error: true },
  { isolated: true, log: { expect_ids: [920100] } },
  { status: [200], log: { expect_ids: [1] } },
];
const nothing: readonly StageOutput[] = [
  {},
  { log: {} },
  { log: { expect_ids: [] } },
  { retry_once: true },
  { isolated: false },
];

for (const output of holds)
  test(`judge holds: ${JSON.stringify(output)}`, () => assert.equal(judge(output, [seen]).verdict, "passed"));
for (const output of fails)
  test(`judge fails: ${JSON.stringify(output)}`, () => assert.equal(judge(output, [seen]).verdict, "failed"));
for (const output of nothing)
  test(`judge: no assertion in ${JSON.stringify(output)}`, () =>
    assert.equal(judge(output, [seen]).verdict, "noAssertion"));

test("judge: an error instead of an answer", () => {
  const error = { ...seen, error: "closed" };
  assert.equal(judge({ expect_error: true }, [error]).verdict, "passed");
  assert.equal(judge({ log: { no_expect_ids: [1] } }, [error]).verdict, "failed");
  assert.equal(judge({ status: [200] }, [seen, error]).verdict, "failed");
});

test("judge: an answer without a status line is an error to HTTP/1, and what rules said still counts", () => {
  const simple = { ...seen, error: "no status line", isSimple: true };
  assert.equal(judge({ expect_error: true, log: { expect_ids: [920100] } }, [simple]).verdict, "passed");
  assert.equal(judge({ expect_error: false }, [simple]).verdict, "failed");
  assert.equal(judge({ log: { expect_ids: [920100] } }, [simple]).verdict, "passed");
  assert.equal(judge({ log: { expect_ids: [1] } }, [simple]).verdict, "failed");
});

test("overrides: the named tests and stages get another output, with a reason", () => {
  const stages = [
    { input: {}, output: { status: [200] } },
    { input: {}, output: { status: [200] } },
  ];
  const one: FtwTest = { id: "1-2", ruleId: 1, testId: 2, description: "", file: "", stages };
  const read = readOverrides({
    test_overrides: [
      { rule_id: "1", test_ids: ["2"], stage_ids: ["2"], reason: "front end", output: { status: "400" } },
    ],
  });
  assert.ok("overrides" in read);
  const { overrides } = read;
  assert.deepEqual(
    withOverrides(one, overrides).stages.map(({ output }) => output.status),
    [[200], [400]],
  );
  assert.equal(withOverrides({ ...one, testId: 3 }, overrides).stages[1]?.output.status?.[0], 200);
  assert.ok("problem" in readOverrides({ test_overrides: [{ rule_id: 1, output: {} }] }));
});

test("run-tests: counts, tries once more where asked, takes cookies and redirects along", async () => {
  const sent: string[] = [];
  let calls = 0;
  const runner = {
    run(bytes: string): Observation {
      sent.push(bytes);
      calls += 1;
      return {
        ...seen,
        status: calls === 1 ? 302 : 200,
        responseHeaders: [
          ["Location", "/next"],
          ["Set-Cookie", "a=b; Path=/"],
        ],
      };
    },
  };
  const tests: readonly FtwTest[] = [
    {
      id: "1-1",
      ruleId: 1,
      testId: 1,
      description: "",
      file: "",
      stages: [
        { input: { uri: "/first" }, output: { status: [302] } },
        { input: { follow_redirect: true, save_cookie: true }, output: { status: [200] } },
        { input: { uris: ["/a", "/b"] }, output: { status: [404], retry_once: true } },
        { input: {}, output: {} },
      ],
    },
  ];
  const summary = await runTests(runner, tests);
  assert.deepEqual([summary.passed, summary.failed, summary.noAssertion], [2, 1, 1]);
  assert.match(sent[1] ?? "", /^GET \/next .*Cookie: a=b/s);
  assert.equal(sent.filter((bytes) => bytes.startsWith("GET /a")).length, 2);
});

test("backend: reflects what a POST says, and answers 200 elsewhere", () => {
  const ask = (line: string, body: string): ReturnType<typeof answer> =>
    answer(readRequest(`${line} HTTP/1.1\r\nHost: x\r\n\r\n${body}`));
  assert.deepEqual(ask("GET /reflect", ""), { status: 200, headers: [], body: "" });
  assert.deepEqual(ask("POST /reflect", '{"status": 503, "headers": {"Content-Type": "text/x"}, "body": "\\u00e9"}'), {
    status: 503,
    headers: [["Content-Type", "text/x"]],
    body: "\xc3\xa9",
  });
  assert.equal(ask("POST /reflect/", '{"encodedBody": "/wA="}').body, "\xff\x00");
  assert.deepEqual(ask("POST /reflect?x", '{"body": "<?php"}').headers, [
    ["Content-Type", "text/plain; charset=utf-8"],
  ]);
  assert.deepEqual(ask("POST /reflect", '{"body": " <html>"}').headers, [["Content-Type", "text/html; charset=utf-8"]]);
  for (const bad of ["", "[]", '{"status": 42}', '{"status": 600}', '{"headers": {"a": 1}}', '{"body": 1}'])
    assert.equal(ask("POST /reflect", bad).status, 400, bad);
});

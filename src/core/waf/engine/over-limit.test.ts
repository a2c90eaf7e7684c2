// What a limit keeps from rules is blocked where the policy blocks, and told where it detects; so is a body that cannot be read, whatever a policy excludes.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Exclusion } from "./engine.ts";
import { parseRuleSet } from "../seclang/parse-rule-set.ts";
import {
  parseFiles,
  parseRules,
  runRequest,
  testEngine,
  testPolicy,
  type TestRequest,
} from "../../../../test/support/waf-engine.ts";

const attack = "attack";
const rules = `SecRule ARGS|REQUEST_COOKIES|REQUEST_HEADERS:/^x-/|MULTIPART_PART_HEADERS "@contains ${attack}" "id:1,phase:2,deny,log"
SecRule RESPONSE_HEADERS "@contains ${attack}" "id:2,phase:3,deny,log"`;
const many = (piece: string, count: number): string => piece.repeat(count);
const names = (count: number): string => Array.from({ length: count }, (_, at) => at.toString(36)).join(";");

const overLimits: readonly (readonly [name: string, told: string, status: number, request: TestRequest])[] = [
  ["arguments of the query", "arguments after the first 1000", 400, { target: `/?${many("a&", 1000)}id=${attack}` }],
  [
    "cookies",
    "cookies after the first 1000",
    400,
    {
      method: "POST",
      headers: [
        ["Cookie", many("a;", 1001)],
        ["Content-Type", "application/x-www-form-urlencoded"],
      ],
      body: `id=${attack}`,
    },
  ],
  ["cookies that differ", "cookies after the first 1000", 400, { headers: [["Cookie", `${names(1000)};x=${attack}`]] }],
  [
    "cookies of many headers",
    "cookies after the first 1000",
    400,
    {
      headers: [...Array.from({ length: 1001 }, (_, at) => ["cookie", `c${at}=1`] as const), ["cookie", `x=${attack}`]],
    },
  ],
  [
    "headers",
    "values after the first 20000",
    400,
    { headers: [...Array.from({ length: 10_000 }, (_, at) => [`x-${at}`, "1"] as const), ["x-last", attack]] },
  ],
  [
    "headers of parts",
    "values after the first 20000",
    400,
    {
      method: "POST",
      headers: [["Content-Type", "multipart/form-data; boundary=B"]],
      body: `${many(`--B\r\nContent-Disposition: form-data; name="a"\r\n${many("x:y\r\n", 100)}\r\nv\r\n`, 210)}--B\r\nContent-Disposition: form-data; name="b"\r\n\r\n${attack}\r\n--B--\r\n`,
    },
  ],
  [
    "headers of the answer",
    "values after the first 20000",
    500,
    {
      response: {
        headers: [...Array.from({ length: 10_000 }, (_, at) => [`x-${at}`, "1"] as const), ["x-last", attack]],
      },
    },
  ],
];

describe("over a limit", () => {
  const engine = testEngine(parseRules(rules));
  for (const [name, told, status, request] of overLimits) {
    test(name, () => {
      const blocked = runRequest(engine, testPolicy(), request);
      assert.deepEqual([blocked.stopped?.status, blocked.stopped?.because], [status, `limit: ${told}`]);
      assert.deepEqual(blocked.report.notInspected, [told]);
      const detected = runRequest(engine, testPolicy({ mode: "detect" }), request);
      assert.equal(detected.stopped, undefined);
      assert.equal(detected.report.interruption?.because, `limit: ${told}`);
      assert.deepEqual(detected.report.notInspected, [told]);
      const budget = { usMax: 1e9, bytesMax: 1e9, onExceeded: "pass" } as const;
      const passed = runRequest(engine, testPolicy({ budget }), request);
      assert.notEqual(passed.report.interruption?.ruleId, 0);
      assert.deepEqual(passed.report.notInspected, [told]);
    });
  }

  test("as many as fit are no reason", () => {
    const request = { target: `/?${many("a&", 999)}b=1`, headers: [["Cookie", names(1000)]] as const };
    assert.deepEqual(runRequest(engine, testPolicy(), request).report.notInspected, []);
  });

  test("the next transaction knows nothing of it", () => {
    runRequest(engine, testPolicy(), { target: `/?${many("a&", 1001)}` });
    const { report } = runRequest(engine, testPolicy(), {});
    assert.deepEqual([report.interruption, report.notInspected], [undefined, []]);
  });

  test("whom a rule lets through is let through", () => {
    for (const allow of ["allow", "allow:request", "pass,ctl:ruleEngine=Off"]) {
      const trusted = testEngine(
        parseRules(`SecRule REMOTE_ADDR "@ipMatch 192.0.2.7" "id:9,phase:1,nolog,${allow}"\n${rules}`),
      );
      const request = { target: `/?${many("a&", 1001)}` };
      assert.equal(runRequest(trusted, testPolicy(), request).stopped, undefined, allow);
      assert.notEqual(runRequest(trusted, testPolicy(), { ...request, clientAddress: "192.0.2.8" }).stopped, undefined);
    }
  });

  test("names that rules make, and their values", () => {
    const made = testEngine(
      parseRules(
        `SecRule REQUEST_COOKIES_NAMES|REQUEST_HEADERS_NAMES|ARGS_NAMES "@rx ." "id:1,phase:1,nolog,pass,setvar:'tx.seen_%{MATCHED_VAR}=%{ARGS.v}'"
SecRule TX:/^seen_last/ "@rx ." "id:2,phase:2,deny,log"`,
      ),
    );
    const told = "limit: values that rules made: over 4096 names or 65536 bytes";
    const headers = [...Array.from({ length: 4096 }, (_, at) => [`x-${at}`, "1"] as const), ["last", "1"] as const];
    assert.equal(runRequest(made, testPolicy(), { target: "/?v=1", headers }).stopped?.because, told);
    assert.equal(runRequest(made, testPolicy(), { target: `/?v=${many("v", 65_537)}` }).stopped?.because, told);
  });
});

describe("a body that cannot be read", () => {
  const asking = `SecRule REQBODY_ERROR "!@eq 0" "id:200002,phase:2,deny,status:400,log"
SecRule MULTIPART_STRICT_ERROR "!@eq 0" "id:200003,phase:2,deny,status:400,log"`;
  const json: TestRequest = {
    method: "POST",
    headers: [["Content-Type", "application/json"]],
    body: `{"a":1} ${attack}`,
  };
  const multipart: TestRequest = {
    method: "POST",
    headers: [["Content-Type", `multipart/form-data; boundary="B"`]],
    body: `--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nv\r\n--B--\r\n`,
  };
  const none: Exclusion = {
    id: "e",
    ruleIds: [{ from: 200_002, to: 200_004 }],
    tags: [],
    target: "",
    path: "",
    methods: [],
  };
  const engine = testEngine(parseRules(`${asking}\n${rules}`));

  test("the rules that ask decide", () => {
    for (const request of [json, multipart])
      assert.equal(runRequest(engine, testPolicy(), request).stopped?.because, "rule");
  });

  test("a policy that leaves them out leaves it to the engine", () => {
    for (const exclusion of [{}, { target: "REQBODY_ERROR" }, { target: "MULTIPART_STRICT_ERROR" }, { path: "/**" }]) {
      const policy = testPolicy({ exclusions: [{ ...none, ...exclusion }] });
      for (const request of [json, multipart]) {
        const { stopped } = runRequest(engine, policy, request);
        assert.equal(stopped?.status, 400, JSON.stringify(exclusion));
        assert.match(stopped?.because ?? "", /^limit: /);
      }
    }
    const elsewhere = testPolicy({ exclusions: [{ ...none, path: "/other" }] });
    assert.equal(runRequest(engine, elsewhere, json).stopped?.because, "rule");
  });

  test("a rule of a layer that asks changes nothing", () => {
    const reader = { include: () => [], wordList: () => ({ refused: "none" }) };
    const text = `SecRule REQBODY_ERROR "@eq 7" "id:20,phase:2,deny,log"`;
    const parsed = parseRuleSet({
      files: [{ file: "floor.conf", text: rules }],
      reader,
      overlays: [{ name: "team", files: [{ file: "team.conf", text }], reader }],
    });
    assert.match(
      runRequest(testEngine(parsed), testPolicy({ layers: ["team"] }), json).stopped?.because ?? "",
      /^limit: request body cannot be read/,
    );
  });

  test("what the operator's rules take away by ctl is the operator's word, and told", () => {
    const lax = testEngine(
      parseFiles([
        {
          file: "a.conf",
          text: `SecRule REQUEST_FILENAME "@streq /lax" "id:5,phase:1,nolog,pass,ctl:ruleRemoveById=200002"\n${asking}`,
        },
      ]),
    );
    const { report } = runRequest(lax, testPolicy(), { ...json, target: "/lax" });
    assert.equal(report.interruption, undefined);
    assert.equal(report.notInspected.length, 1);
    assert.equal(runRequest(lax, testPolicy(), json).stopped?.ruleId, 200_002);
  });
});

// Exclusions of policies: what is in force of them, and what no team takes away.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { WafPolicy } from "../../../model/waf-policy.ts";
import { compileWafPolicies, withExclusions } from "./compile-policies.ts";
import type { CompiledWafPolicies } from "./compile-policies.ts";
import type { NamedWafFloor } from "./named.ts";
import { runRequest, testEngine } from "../../../../test/support/waf-engine.ts";
import { codes, compile, earlier, facts, floorOf, later, nowMs, policy, reader } from "./policy.fixture.ts";

describe("exclusions", () => {
  const exclusion = (given: object): object => ({ id: "e", reason: "no attack", ...given });
  const inForce = (given: object, floor?: NamedWafFloor): CompiledWafPolicies =>
    compile([policy("p", { exclusions: [exclusion(given)] })], floor);
  const taken = (compiled: CompiledWafPolicies): unknown => compiled.policyFor(facts())?.policy.exclusions;

  test("ids, ranges and tags become ranges of rules that are there, machinery left alone", () => {
    const cases: readonly (readonly [object, readonly (readonly [number, number])[]])[] = [
      [{ rules: ["942100"] }, [[942100, 942100]]],
      [{ rules: ["942100-942299"] }, [[942100, 942200]]],
      [{ tags: ["attack-sqli"] }, [[942100, 942200]]],
      [{ tags: ["CRS"] }, [[942100, 942300]]],
      [{ rules: ["900000-999999"] }, [[942100, 942300]]],
      [
        { rules: ["942100", "942300"] },
        [
          [942100, 942100],
          [942300, 942300],
        ],
      ],
    ];
    for (const [given, expected] of cases) {
      const compiled = inForce({ target: "args:Q", path: "/x", methods: ["post"], ...given });
      assert.deepEqual(codes(compiled), [], JSON.stringify(given));
      assert.deepEqual(taken(compiled), [
        {
          id: "e",
          ruleIds: expected.map(([from, to]) => ({ from, to })),
          tags: [],
          target: "ARGS:q",
          path: "/x",
          methods: ["POST"],
        },
      ]);
    }
  });

  const refused: readonly (readonly [object, string])[] = [
    [{ rules: ["949110"] }, "waf/exclusion-refused"],
    [{ rules: ["942011"] }, "waf/exclusion-refused"],
    [{ rules: ["901001", "942100"] }, "waf/exclusion-refused"],
    [{ rules: ["200002"] }, "waf/exclusion-refused"],
    [{ rules: ["200002-200004"] }, "waf/exclusion-refused"],
    [{ rules: ["200002-200004"], target: "REQBODY_ERROR", path: "/upload" }, "waf/exclusion-refused"],
    [{ rules: ["942100"], target: "NOSUCH:x" }, "waf/exclusion-refused"],
    [{ rules: ["942100"], target: "ARGS|FILES" }, "waf/exclusion-refused"],
    [{ rules: ["942100"], target: "ARGS:/(/" }, "waf/exclusion-refused"],
    [{ rules: ["7"] }, "waf/exclusion-of-nothing"],
    [{}, "waf/exclusion-of-nothing"],
    [{ rules: ["942100"], expiresAt: earlier }, "waf/expired"],
  ];
  for (const [given, code] of refused) {
    test(`not in force: ${JSON.stringify(given)}`, () => {
      const compiled = inForce(given);
      assert.deepEqual(codes(compiled), [code]);
      assert.deepEqual(taken(compiled), []);
    });
  }

  test("one that ends is in force until then, and the end is known", () => {
    const compiled = inForce({ rules: ["942100"], target: "ARGS:q", expiresAt: later });
    assert.deepEqual(codes(compiled), []);
    assert.equal(compiled.nextChangeMs, Date.parse(later));
  });

  test("the operator's rules are not a team's to take away; the operator's exclusions may", () => {
    const own = { rules: 'SecRule ARGS "@rx floor" "id:1000,phase:2,deny,tag:own"' };
    const compiled = inForce({ rules: ["1000"] }, floorOf(own));
    assert.deepEqual(codes(compiled), ["waf/exclusion-refused"]);
    assert.deepEqual(codes(inForce({ tags: ["own"] }, floorOf(own))), ["waf/exclusion-refused"]);
    const byFloor = compile([policy("p")], floorOf({ ...own, exclusions: [exclusion({ rules: ["1000"] })] }));
    assert.deepEqual(codes(byFloor), []);
  });

  test("where the floor holds a mode, whole exclusions may not hollow it out", () => {
    const many = Array.from(
      { length: 60 },
      (_, at) => `SecRule ARGS "@rx a" "id:${2000 + at},phase:2,deny,tag:many"`,
    ).join("\n");
    const files = [{ file: "a.conf", text: many }];
    const given = (spec: object, floor: NamedWafFloor | undefined): readonly string[] => {
      const policies = [policy("p", { exclusions: [exclusion(spec)] })];
      return codes(compileWafPolicies({ policies, floor, base: { files, reader }, nowMs }));
    };
    const held = floorOf({ modeMin: "detect" });
    const wide: readonly object[] = [
      {},
      { path: "**" },
      { path: "/" },
      { path: "/**" },
      { target: "ARGS", path: "/*" },
      { path: "**a**" },
      { path: "/i**" },
      { path: "/*/items" },
      { path: "//items" },
      { path: "items/**" },
      { methods: ["GET"] },
      ...[
        "/./",
        "/^/",
        "/^.*abc/",
        "/abc/",
        "/^ab/",
        "/^ab?c/",
        "/^(?:abc|d)/",
        "/^abc|x/",
        "/^(?=.)/",
        "/^[a-z]{5}/",
        "/abc$/",
      ].map((expression) => ({ target: `ARGS:${expression}` })),
      { target: "XML:/*" },
      { target: "TX:1" },
      { target: "TX:/^header_name_/" },
      { target: "QUERY_STRING" },
    ];
    for (const spec of wide) {
      const more = { tags: ["many"], ...spec };
      assert.deepEqual(given(more, held), ["waf/exclusion-too-wide"], JSON.stringify(spec));
      assert.deepEqual(given(more, undefined), [], JSON.stringify(spec));
    }
    const narrow: readonly object[] = [
      { path: "/upload" },
      { path: "/upload/**" },
      { path: "/orders/*/note*" },
      { target: "ARGS:html" },
      { target: "ARGS:q" },
      { target: "REQUEST_COOKIES:/^sess/" },
      { target: "ARGS:/^items\\.[0-9]+$/" },
      { target: "ARGS:/^(?:note|text)_/" },
      { target: "ARGS:/^a\\x7c$/" },
      { target: "ARGS:/./", path: "/upload" },
    ];
    for (const spec of narrow) assert.deepEqual(given({ tags: ["many"], ...spec }, held), [], JSON.stringify(spec));
    assert.deepEqual(given({ rules: ["2000-2020"] }, held), []);
  });

  test("whole exclusions of one policy are counted together; what is refused does not count", () => {
    const many = Array.from({ length: 60 }, (_, at) => `SecRule ARGS "@rx a" "id:${2000 + at},phase:2,deny"`).join(
      "\n",
    );
    const specs = [
      { rules: ["2000-2019"], target: "ARGS:/./" },
      { rules: ["2000-2019"], path: "**a**" },
      { rules: ["2000-2019"], target: "ARGS_NAMES:/./" },
      { rules: ["2020-2029"] },
      { rules: ["2030"] },
    ];
    const exclusions = specs.map((spec, at) => exclusion({ ...spec, id: `e${at}` }));
    const compiled = compileWafPolicies({
      policies: [policy("p", { exclusions })],
      floor: floorOf({ modeMin: "detect" }),
      base: { files: [{ file: "a.conf", text: many }], reader },
      nowMs,
    });
    assert.deepEqual(codes(compiled), ["waf/exclusion-too-wide", "waf/exclusion-too-wide"]);
    const ids = compiled.policyFor(facts())?.policy.exclusions.map(({ id }) => id);
    assert.deepEqual(ids, ["e0", "e1", "e3"]);
  });

  test("a member whose name ends in half a letter keeps it", () => {
    const compiled = inForce({ rules: ["942100"], target: "ARGS:\u00e0" });
    const policyInForce = compiled.policyFor(facts())?.policy;
    assert.ok(policyInForce !== undefined);
    const engine = testEngine(compiled.parsed);
    const isTold = (target: string): boolean => runRequest(engine, policyInForce, { target }).ids.includes(942_100);
    assert.equal(isTold("/?%C3%A0=union"), false);
    assert.equal(isTold("/?%C3=union"), true);
  });

  test("more of them over a compiled set, for a proof", () => {
    const compiled = compile([policy("p")]);
    const before = compiled.policyFor(facts())?.policy;
    assert.ok(before !== undefined);
    const added = WafPolicy.parse({ exclusions: [exclusion({ rules: ["942100"], target: "ARGS:q" })] }).exclusions;
    const { policy: after, problems } = withExclusions(before, added, { ruleSet: compiled.parsed.ruleSet, nowMs });
    assert.deepEqual(problems, []);
    assert.equal(after.exclusions.length, 1);
    assert.equal(before.exclusions.length, 0);
  });
});

// Policies over one rule set: who gets which, what the floor holds, what ends.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { NamedWafPolicy } from "./named.ts";
import { normalPath } from "../http/normal-path.ts";
import { checkout, codes, compile, earlier, facts, floorOf, later, nameFor, policy } from "./policy.fixture.ts";

describe("which policy a request gets", () => {
  test("the more specific target, whatever the order", () => {
    const all = [
      policy("all"),
      policy("namespace", { target: { namespace: "shop" } }),
      policy("labels", { target: { selector: "app == 'checkout'" } }),
      policy("service", { target: { service: "pay" } }),
      policy("port", { target: { service: "pay:8080" } }),
      policy("workload", { target: { namespace: "shop", workload: "checkout" } }),
      policy("cluster", {}, "cluster/prod"),
      policy("node", {}, "node/prod/n1"),
    ];
    const expected = ["node", "cluster", "workload", "port", "service", "labels", "namespace", "all"];
    for (let from = 0; from < expected.length; from += 1) {
      const left = all.filter(({ name }) => expected.indexOf(name) >= from);
      assert.equal(nameFor(compile(left)), expected[from]);
      assert.equal(nameFor(compile(left.toReversed())), expected[from]);
    }
  });

  test("all given target fields must hold; who is not known gets what names nobody", () => {
    const compiled = compile([
      policy("both", { target: { namespace: "shop", workload: "cart" } }),
      policy("labels", { target: { namespace: "shop", selector: "tier == 'back'" } }),
      policy("port", { target: { service: "pay:9090" } }),
      policy("everybody", { target: { routes: [{ path: "/x" }] } }),
    ]);
    assert.equal(nameFor(compiled), undefined);
    assert.equal(nameFor(compiled, { port: 9090 }), "port");
    assert.equal(nameFor(compiled, { workload: undefined, path: "/x/y" }), "everybody");
    assert.equal(nameFor(compiled, { workload: { ...checkout, workload: "cart" } }), "both");
    assert.equal(nameFor(compiled, { workload: { ...checkout, labels: { tier: "back" } } }), "labels");
  });

  test("routes: host, path at a segment's end, method; most specific first, and said", () => {
    const compiled = compile([
      policy("wide", { target: { workload: "checkout", routes: [{ host: "*.example" }] } }),
      policy("host", { target: { workload: "checkout", routes: [{ host: "shop.example" }] } }),
      policy("path", { target: { workload: "checkout", routes: [{ host: "Shop.Example", path: "/pay" }] } }),
      policy("method", {
        target: { workload: "checkout", routes: [{ host: "shop.example", path: "/pay", methods: ["post"] }] },
      }),
    ]);
    assert.equal(nameFor(compiled), "host");
    assert.equal(nameFor(compiled, { host: "SHOP.example.:8080" }), "host");
    assert.equal(nameFor(compiled, { host: "other.example" }), "wide");
    assert.equal(nameFor(compiled, { host: "example" }), undefined);
    assert.equal(nameFor(compiled, { path: "/pay" }), "path");
    assert.equal(nameFor(compiled, { path: "/pay/now" }), "path");
    assert.equal(nameFor(compiled, { path: "/payment" }), "host");
    assert.equal(nameFor(compiled, { path: "/pay", method: "POST" }), "method");
    assert.equal(
      compiled.policyFor(facts({ path: "/pay" }))?.because,
      "path: workload checkout, route shop.example/pay",
    );
  });

  test("other spellings of a path are no way around a route", () => {
    const compiled = compile([policy("strict", { target: { routes: [{ path: "/admin" }] } }), policy("lax")]);
    for (const path of [
      "/admin",
      "/admin/",
      "//admin",
      "/./admin",
      "/x/../admin",
      "/%61dmin",
      "/%2e/admin",
      "/x/%2e%2e/admin/y",
      "/admin;a=1/x",
      "/\\admin",
      "/x%2f..%2fadmin",
    ])
      assert.equal(nameFor(compiled, { path }), "strict", path);
    for (const path of ["/", "/administrator", "/x/admin", "/admin/.."])
      assert.equal(nameFor(compiled, { path }), "lax", path);
  });

  test("a path that servers read in more than one way gets the strictest policy of its readings", () => {
    const compiled = compile([
      policy("block", { mode: "block" }),
      policy("off", { mode: "off", target: { routes: [{ path: "/health" }] } }),
      policy("detect", { mode: "detect", target: { routes: [{ path: "/Reports" }] } }),
    ]);
    for (const path of [
      "/health",
      "/health/",
      "/health/live",
      "/health/live/..",
      "/health/a;b",
      "/health/%20",
      `/health/${"x".repeat(600)}`,
    ])
      assert.equal(nameFor(compiled, { path }), "off", path);
    for (const path of [
      "/api/items/..%2f..%2fhealth",
      "/api/items/..%5C..%5chealth",
      "/api/items/..%252f..%252fhealth",
      "/api/items/..\\..\\health",
      "/api/items/%2e%2e/%2E%2e/health",
      "/api/..;/health",
      "/api/..%3b/health",
      "/health/../api",
      "/health/..;/api",
      "/health/..%2fapi/..\\..\\health",
      "/health//../api",
      "/%68ealth",
      "//health",
      "/HEALTH",
      `/health/%20${"x".repeat(600)}`,
    ])
      assert.equal(nameFor(compiled, { path }), "block", path);
    assert.equal(nameFor(compiled, { path: "/Reports/2026" }), "detect");
    assert.match(compiled.policyFor(facts({ path: "//health" }))?.because ?? "", /^block: every request; servers read/);
    const named = compile([
      policy("strict", { mode: "block", target: { routes: [{ path: "/Admin" }] } }),
      policy("lax", { mode: "off" }),
    ]);
    for (const path of ["/Admin", "/admin/x", "/x/..%2fADMIN"]) assert.equal(nameFor(named, { path }), "strict", path);
    assert.equal(nameFor(named, { path: "/administrator" }), "lax");
    const alone = compile(
      [policy("off", { mode: "off", target: { routes: [{ path: "/health" }] } })],
      floorOf({ unselected: "block" }),
    );
    assert.equal(nameFor(alone, { path: "/x/../health" }), "");
  });

  test("of equals always the same: by scope and name", () => {
    for (const names of [
      ["a", "b"],
      ["b", "a"],
    ])
      assert.equal(nameFor(compile(names.map((name) => policy(name)))), "a");
  });

  test("the same policy object for the same request, so that the engine keeps its program", () => {
    const compiled = compile([policy("p")]);
    assert.equal(compiled.policyFor(facts())?.policy, compiled.policyFor(facts({ path: "/x" }))?.policy);
  });

  test("a selector or service that cannot be read selects nobody, and says so", () => {
    const compiled = compile([
      policy("bad", { target: { selector: "app ==" } }),
      policy("worse", { target: { service: "pay:http" } }),
    ]);
    assert.equal(nameFor(compiled), undefined);
    assert.deepEqual(codes(compiled), ["waf/bad-target", "waf/bad-target"]);
  });
});

test("normal paths", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["", "/"],
    ["/", "/"],
    ["/a/b/", "/a/b/"],
    ["/a/b/.", "/a/b/"],
    ["/a/b/..", "/a/"],
    ["/../../a", "/a"],
    ["/a%2Fb%zz", "/a/b%zz"],
    ["a//b", "/a/b"],
  ];
  for (const [given, expected] of cases) assert.equal(normalPath(given), expected, given);
});

describe("the floor", () => {
  const floor = floorOf({ modeMin: "detect", paranoiaMin: 2, thresholdsMax: { inbound: 10, outbound: 8 } });

  test("raises a weaker policy, and says so; leaves a stricter one", () => {
    const weak = compile([policy("p", { mode: "off", thresholds: { inbound: 100, outbound: 4 } })], floor);
    const inForce = weak.policyFor(facts())?.policy;
    assert.deepEqual(
      [
        inForce?.mode,
        inForce?.paranoia,
        inForce?.detectionParanoia,
        inForce?.inboundThreshold,
        inForce?.outboundThreshold,
      ],
      ["detect", 2, 2, 10, 4],
    );
    assert.deepEqual(codes(weak), ["waf/below-floor", "waf/below-floor", "waf/below-floor"]);
    const strict = compile([policy("p", { mode: "block", paranoia: 3, thresholds: { inbound: 5 } })], floor);
    assert.deepEqual(codes(strict), []);
    assert.equal(strict.policyFor(facts())?.policy.mode, "block");
  });

  test("without a floor a policy is what it says", () => {
    const inForce = compile([policy("p", { mode: "off", paranoia: 3 })]).policyFor(facts())?.policy;
    assert.deepEqual([inForce?.mode, inForce?.paranoia, inForce?.detectionParanoia], ["off", 3, 3]);
  });

  test("holds the budget: what was not looked at is blocked where it blocks, and nobody is looked at next to nothing", () => {
    const mean = policy("p", { mode: "block", budget: { milliseconds: 1, bytes: 1024, onExceeded: "pass" } });
    const under = (spec: object | undefined): readonly [unknown, number] => {
      const compiled = compile([mean], spec === undefined ? undefined : floorOf(spec));
      const told = compiled.problems.filter(({ code }) => code === "waf/below-floor").length;
      return [compiled.policyFor(facts())?.policy.budget, told];
    };
    const least = { usMax: 50_000, bytesMax: 4 * 1024 * 1024 };
    assert.deepEqual(under({ modeMin: "block" }), [{ ...least, onExceeded: "block" }, 3]);
    assert.deepEqual(under({ modeMin: "detect" }), [{ ...least, onExceeded: "pass" }, 2]);
    for (const spec of [undefined, { modeMin: "off" }])
      assert.deepEqual(under(spec), [{ usMax: 1000, bytesMax: 1024, onExceeded: "pass" }, 0]);
    assert.deepEqual(codes(compile([policy("p", { mode: "block" })], floorOf({ modeMin: "block" }))), []);
  });

  test("says what holds for workloads that no policy selects", () => {
    const unselected = (spec: object): unknown => compile([], floorOf(spec)).policyFor(facts())?.policy;
    assert.equal(compile([]).policyFor(facts()), undefined);
    assert.equal(unselected({ unselected: "off" }), undefined);
    const found = compile([], floorOf({ unselected: "block", paranoiaMin: 2, thresholdsMax: { inbound: 3 } }));
    const chosen = found.policyFor(facts());
    assert.deepEqual(
      [chosen?.policy.mode, chosen?.policy.paranoia, chosen?.policy.inboundThreshold, chosen?.policy.outboundThreshold],
      ["block", 2, 3, 4],
    );
    assert.match(chosen?.because ?? "", /no policy selects it/);
  });

  test("its exclusions, rules and patches count for everybody", () => {
    const compiled = compile(
      [policy("p")],
      floorOf({
        unselected: "detect",
        exclusions: [{ id: "e", rules: ["942100"], target: "ARGS:q", reason: "known" }],
        rules: 'SecRule ARGS "@rx floor" "id:1000,phase:2,deny"',
        virtualPatches: [
          {
            id: "v",
            vulnerabilities: ["CVE-2026-1"],
            rules: 'SecAction "id:1001,phase:2,pass"',
            reason: "fix due",
            expiresAt: later,
          },
        ],
      }),
    );
    assert.deepEqual(codes(compiled), []);
    const layers = ["WafFloor/global/floor/rules", "WafFloor/global/floor/virtualPatches/v"];
    for (const chosen of [compiled.policyFor(facts()), compile([], undefined).policyFor(facts())].slice(0, 1)) {
      assert.deepEqual(chosen?.policy.layers, layers);
      assert.equal(chosen?.policy.exclusions[0]?.id, "e");
    }
    const ids = compiled.parsed.ruleSet.items.flatMap((item) => (item.kind === "rule" ? [item.id] : []));
    assert.deepEqual(ids, [901001, 200002, 200003, 200004, 942011, 942100, 942200, 942300, 1000, 1001, 949110]);
  });
});

describe("rules of policies", () => {
  test("are layers that count for their policy only; a refused line names policy and place", () => {
    const compiled = compile([
      policy("a", {
        target: { workload: "checkout" },
        rules: 'SecRule ARGS "@pmFromFile w" "id:100,phase:2,deny"\n\nSecRuleEngine Off',
        wordLists: { w: "caf\u00e9" },
      }),
      policy("b", { rules: 'SecRule ARGS "@pmFromFile w" "id:100,phase:2,deny"' }),
    ]);
    assert.deepEqual(compiled.policyFor(facts())?.policy.layers, ["WafPolicy/global/a/rules"]);
    assert.deepEqual(
      compiled.problems.map(({ name, code, message }) => [name, code, message.split(":").slice(0, 3).join(":")]),
      [
        ["a", "waf/overlay-refused", "rules:3:1"],
        ["b", "waf/bad-word-list", "rules:1:27"],
      ],
    );
    const [rule] = compiled.parsed.ruleSet.items.filter((item) => item.kind === "rule" && item.layer !== "");
    assert.deepEqual(rule?.kind === "rule" ? rule.head.operator.words : [], ["caf\u00c3\u00a9"]);
  });

  test("patches end: their layer goes, it is told, and the next end is known before", () => {
    const patch = (expiresAt: string): NamedWafPolicy =>
      policy("p", {
        virtualPatches: [
          {
            id: "v",
            vulnerabilities: ["CVE-2026-1"],
            rules: 'SecAction "id:100,phase:1,deny"',
            reason: "fix due",
            expiresAt,
          },
        ],
      });
    const live = compile([patch(later)]);
    assert.deepEqual(live.policyFor(facts())?.policy.layers, ["WafPolicy/global/p/virtualPatches/v"]);
    assert.equal(live.nextChangeMs, Date.parse(later));
    for (const ended of [compile([patch(earlier)]), compile([patch(later)], undefined, Date.parse(later))]) {
      assert.deepEqual(ended.policyFor(facts())?.policy.layers, []);
      assert.deepEqual(codes(ended), ["waf/expired"]);
      assert.equal(ended.nextChangeMs, undefined);
      assert.equal(ended.parsed.counts.rules, 9);
    }
  });

  test("settings: a team's own, never the score's", () => {
    const compiled = compile([
      policy("p", {
        settings: {
          allowed_methods: "GET PATCH",
          sampling_percentage: "0",
          critical_anomaly_score: "0",
          arg_lenght: "9",
        },
      }),
    ]);
    assert.deepEqual([...(compiled.policyFor(facts())?.policy.settings ?? [])], [["allowed_methods", "GET PATCH"]]);
    assert.deepEqual(codes(compiled), ["waf/setting-refused", "waf/setting-refused", "waf/setting-refused"]);
    assert.equal(compiled.problems[2]?.hint, "did you mean arg_length?");
  });

  test("budget", () => {
    const compiled = compile([policy("p", { budget: { milliseconds: 50, bytes: 4096, onExceeded: "pass" } })]);
    assert.deepEqual(compiled.policyFor(facts())?.policy.budget, { usMax: 50_000, bytesMax: 4096, onExceeded: "pass" });
  });
});

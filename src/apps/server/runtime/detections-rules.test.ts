import assert from "node:assert/strict";
import { test } from "node:test";
import { Node } from "../../../model/node.ts";
import { DetectionReport } from "../../../model/detection-rules.ts";
import { coverOf } from "./detections-cover.ts";
import { rulesOf, rulesOfResources, rulesOfText, techniquesOf } from "./detections-rules.ts";
import { builtinRuleTexts } from "./builtin-texts.ts";

const text = `# a comment
- macro: m
  condition: evt.type = open
- rule: One
  desc: What it means
  condition: m
  priority: WARNING
  tags: [container, T1059.004, mitre_execution]
- rule: Two
  enabled: false
  condition: m
- rule: One
  exceptions: [{name: x}]
  override: { exceptions: append }
---
title: A Sigma rule
level: high
tags: [attack.t1611]
detection: { selection: { a: b }, condition: selection }
---
apiVersion: garrison/v1
kind: GarrisonRule
metadata: { name: A sequence }
spec: { severity: critical, techniques: [T1105], source: k8s_audit }
`;

function node(name: string, report: Partial<DetectionReport> | undefined, state: Node["state"] = "connected"): Node {
  const at = "2026-11-26T10:00:00.000Z";
  return Node.parse({
    cluster: "c",
    name,
    state,
    fidelity: "kernel",
    agentVersion: "1",
    startedAt: at,
    lastSeenAt: at,
    certificateExpiresAt: at,
    counters: {},
    ...(report === undefined
      ? {}
      : { detection: DetectionReport.parse({ enabled: true, loaded: 2, refused: 0, blind: 0, ...report }) }),
  });
}

test("rules of all three languages with their own words; macros, overrides and lists are none", () => {
  const rules = rulesOfText(text, "here");
  assert.deepEqual(
    rules.map(({ name, format, severity, isEnabled }) => [name, format, severity, isEnabled]),
    [
      ["One", "falco", "WARNING", true],
      ["Two", "falco", "", false],
      ["A Sigma rule", "sigma", "high", true],
      ["A sequence", "garrison", "critical", true],
    ],
  );
  assert.match(rules[0]?.text ?? "", /^rule: One\n[\s\S]*T1059\.004, mitre_execution\]$/);
  assert.deepEqual(rulesOfText("a: [", "broken"), []);
  assert.deepEqual(rulesOfText(`a: &a [x]\n${"b: [*a, *a]\n".repeat(3)}`, "no rule"), []);
});

test("only resources that are switched on have rules", () => {
  const resource = (spec: object) => ({ kind: "DetectionRules", scope: "cluster/c", name: "own", spec }) as never;
  assert.equal(
    rulesOfResources([resource({ text }), resource({ text, enabled: false }), resource({ bad: 1 })]).length,
    4,
  );
  assert.equal(rulesOfResources([resource({ text })])[0]?.from, "resource cluster/c/own");
});

test("techniques out of tags, however they are written", () => {
  assert.deepEqual(techniquesOf(["T1059", "attack.t1611", "mitre_t1059.004", "mitre_execution", "T1059", "t12"]), [
    "T1059",
    "T1611",
    "T1059.004",
  ]);
});

test("what a policy or a baseline told is no rule of a folder", () => {
  const sum = {
    source: "garrison",
    severity: "high" as const,
    techniques: [],
    count: 1,
    lastAt: "2026-11-26T10:00:00.000Z",
  };
  const rules = rulesOf({
    texts: [],
    nodes: [node("a", {})],
    sums: [
      { ...sum, rule: "baseline shop-web", policy: "baseline shop-web", tags: ["baseline"] },
      { ...sum, rule: "no-nc", policy: "no-nc", tags: ["PCI"] },
      { ...sum, rule: "runtime policy", policy: "", tags: [] },
      { ...sum, rule: "Drift: executable not in the baseline", policy: "shop-web", tags: ["drift"] },
      { ...sum, rule: "Own rule", policy: "", tags: [] },
    ],
  });
  assert.deepEqual(
    rules.map(({ name, from, state, because }) => [name, from, state, because.split(":")[0]]),
    [
      [
        "Drift: executable not in the baseline",
        "baselines",
        "loaded",
        "drift from a learnt baseline, told under this name",
      ],
      ["Own rule", "folder", "loaded", ""],
      ["baseline shop-web", "baseline shop-web", "loaded", "told by the node's guard"],
      ["no-nc", "policy no-nc", "loaded", "told by the node's guard"],
      ["runtime policy", "runtime policy", "loaded", "told by the node's guard"],
    ],
  );
});

test("a rule's state is that of the worst connected node; what no node tells is not called loaded", () => {
  const texts = rulesOfText(text, "built-in");
  const sums = [
    {
      rule: "Terminal shell",
      source: "falco",
      severity: "low" as const,
      techniques: [],
      tags: [],
      policy: "",
      count: 3,
      lastAt: "2026-11-26T10:00:00.000Z",
    },
    {
      rule: "Of a folder",
      source: "garrison",
      severity: "low" as const,
      techniques: [],
      tags: [],
      policy: "",
      count: 1,
      lastAt: "2026-11-26T10:00:00.000Z",
    },
  ];
  const stateOf = (name: string, nodes: readonly Node[]) =>
    rulesOf({ texts, nodes, sums }).find((rule) => rule.name === name);
  const blind = node("b", { blindRules: [{ rule: "One", because: "no sensor here supplies proc.env" }] });
  assert.deepEqual(
    [stateOf("One", [node("a", {}), blind])?.state, stateOf("One", [node("a", {}), blind])?.because],
    ["blind", "no sensor here supplies proc.env"],
  );
  assert.equal(stateOf("One", [node("a", {})])?.state, "loaded");
  assert.equal(stateOf("One", [])?.state, "unknown");
  assert.equal(stateOf("One", [node("a", { blindRules: [{ rule: "One", because: "x" }] }, "gone")])?.state, "unknown");
  const refused = node("r", { problems: ["own.yaml:4: One: no field is called x"] });
  assert.equal(stateOf("One", [blind, refused])?.state, "refused");
  assert.equal(stateOf("Two", [node("a", {})])?.state, "disabled");
  // Judged by the server itself.
  assert.equal(stateOf("A sequence", [])?.state, "loaded");
  const foreign = stateOf("Terminal shell", [node("a", {})]);
  assert.deepEqual([foreign?.from, foreign?.state, foreign?.text], ["falco", "unknown", ""]);
  assert.deepEqual([stateOf("Of a folder", [])?.from, stateOf("Of a folder", [])?.state], ["folder", "loaded"]);
});

test("the built-in rules have names, texts and at least one technique or tag each", () => {
  const rules = builtinRuleTexts();
  assert.ok(rules.length > 50);
  assert.equal(new Set(rules.map(({ name }) => name)).size, rules.length);
  for (const { name, text: words, tags, description } of rules)
    assert.ok(words.includes(name.slice(0, 10)) && tags.length > 0 && description !== "", name);
});

test("how many nodes look: none that is away, switched off or silent, and each says why", () => {
  const cover = coverOf([
    node("a", { loaded: 9, suppressed: 3, blind: 2 }),
    node("off", { enabled: false, because: "detect.enabled is false" }),
    node("bare", { loaded: 0 }),
    node("old", undefined),
    node("gone", {}, "gone"),
    node("revoked", {}, "revoked"),
  ]);
  assert.deepEqual(
    [cover.nodes, cover.nodesDetecting, cover.rules, cover.rulesBlind, cover.suppressed],
    [5, 1, 9, 2, 3],
  );
  assert.deepEqual(cover.notDetecting, [
    "off: detect.enabled is false",
    "bare: no rule is loaded",
    "old: its agent tells nothing of detection",
    "gone: it is gone",
  ]);
});

test("a rule that spoke and whose resource is gone is said to be from that resource", () => {
  const spec = {
    format: "falco",
    text: "- rule: Old one\n  desc: d\n  condition: evt.type = open\n  priority: NOTICE\n",
  };
  const past = rulesOfResources([
    {
      apiVersion: "garrison/v1",
      kind: "DetectionRules",
      scope: "global",
      name: "mine",
      generation: 1,
      author: "a",
      time: "2026-11-26T10:00:00.000Z",
      deleted: false,
      spec,
    },
  ]);
  const sum = {
    rule: "Old one",
    source: "garrison",
    policy: "",
    tags: [],
    techniques: [],
    count: 1,
    lastAt: "2026-11-26T10:00:00.000Z",
  };
  const [found] = rulesOf({ texts: [], past, nodes: [], sums: [{ ...sum, severity: "low" }] });
  assert.equal(found?.from, "resource global/mine, gone");
});

// Every rule of ours, both ways: events that fire it, and events that come near and must not. A rule without a case fails here.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compileRules } from "../compile-rules.ts";
import type { CompiledRules, Detection, DetectSubject } from "../contract.ts";
import { createDetector } from "../create-detector.ts";
import { everySupply } from "../supply.ts";
import { hostSubject, containerSubject } from "./subjects.fixture.ts";
import { containerCgroup, eventsOf, hostMountNamespace, type Act } from "./acts.fixture.ts";
import { auditCases } from "./audit-cases.fixture.ts";
import { auditRuleFiles, builtinRuleFiles, nodeRuleFiles } from "./builtin-rules.ts";
import { moreNodeCases } from "./more-node-cases.fixture.ts";
import { nodeCases } from "./node-cases.fixture.ts";
import type { BuiltinRule } from "./rule-item.ts";

const { rules, problems } = compileRules(builtinRuleFiles);

/** Rules that are off until somebody fills their list are judged as if they were on. */
function switchedOn(files: typeof builtinRuleFiles): CompiledRules {
  return compileRules(
    files.map((file) => ({
      ...file,
      documents: file.documents.map((document) => ({
        ...document,
        value: Array.isArray(document.value)
          ? (document.value as BuiltinRule[]).map((item) => ("enabled" in item ? { ...item, enabled: true } : item))
          : document.value,
      })),
    })),
  ).rules;
}

const machine = {
  hostname: "n1",
  userName: () => undefined,
  groupName: () => undefined,
  bootMs: 0,
  mountNamespace: hostMountNamespace,
};

function detecting(compiled: CompiledRules) {
  const found: Detection[] = [];
  const detector = createDetector({
    rules: compiled,
    supply: everySupply,
    machine,
    onDetection: (detection) => void found.push(detection),
  });
  return { found, detector };
}

function subjectOf(_: unknown, cgroupId: number): DetectSubject {
  return cgroupId === containerCgroup ? containerSubject : hostSubject;
}

/** Names of the rules that fire. A detector of its own: what came before must not matter. */
function firedBy(compiled: CompiledRules, act: Act): readonly string[] {
  const { found, detector } = detecting(compiled);
  const events = eventsOf(act);
  detector.take(events, subjectOf);
  // Not what its parent did before.
  return found.filter(({ process }) => process.pid === events[1]?.process.pid).map(({ rule }) => rule);
}

test("all of them compile, without a word of complaint", () => {
  assert.deepEqual(problems, []);
  assert.deepEqual([rules.unusedMacros, rules.unusedLists], [[], []]);
  const counts = [nodeRuleFiles, auditRuleFiles].map((files) => compileRules(files).rules.summaries.length);
  assert.ok((counts[0] ?? 0) >= 40 && (counts[1] ?? 0) >= 13, counts.join());
});

test("each has a title of its own, says what to look at, and names a technique or is about Kubernetes' own doings", () => {
  const names = rules.summaries.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const { name, description, techniques, source, output } of rules.summaries) {
    assert.ok(description.length > 40, `${name}: ${description}`);
    assert.ok(techniques.length > 0 || source === "k8s_audit", name);
    assert.ok(output.includes("%"), name);
  }
});

test("every rule on one event has its cases, and no case is of a rule that is not there", () => {
  const cased = [...nodeCases, ...moreNodeCases, ...auditCases].map(({ rule }) => rule);
  const single = rules.summaries.filter(({ kind }) => kind === "condition").map(({ name }) => name);
  assert.deepEqual(cased.toSorted(), single.toSorted());
});

const node = switchedOn(nodeRuleFiles);
for (const { rule, fires, near } of [...nodeCases, ...moreNodeCases]) {
  test(`node: ${rule}`, () => {
    assert.ok(fires.length > 0 && near.length > 0);
    for (const act of fires)
      assert.ok(firedBy(node, act).includes(rule), `does not fire on ${JSON.stringify(act.program)}`);
    for (const act of near) assert.ok(!firedBy(node, act).includes(rule), `fires on ${JSON.stringify(act.program)}`);
  });
}

const audit = switchedOn(auditRuleFiles);
for (const { rule, fires, near } of auditCases) {
  test(`audit: ${rule}`, () => {
    const firedOn = (event: object) => {
      const { found, detector } = detecting(audit);
      detector.takeAudit(event, Date.parse("2026-11-26T10:00:01Z"));
      return found.map((detection) => detection.rule);
    };
    for (const event of fires) assert.ok(firedOn(event).includes(rule), `does not fire on ${JSON.stringify(event)}`);
    for (const event of near) assert.ok(!firedOn(event).includes(rule), `fires on ${JSON.stringify(event)}`);
  });
}

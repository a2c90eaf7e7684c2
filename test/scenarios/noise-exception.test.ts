// A suggested exception, written as text, read by the rule language and judged by the engine: it ends exactly the noise that it says, and nothing else.
import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeRuleFiles } from "../../src/core/detect/builtin/builtin-rules.ts";
import { compileRules } from "../../src/core/detect/compile-rules.ts";
import type { Detection, RuleFile } from "../../src/core/detect/contract.ts";
import { createDetector } from "../../src/core/detect/create-detector.ts";
import { fullSensorSupply } from "../../src/core/detect/supply.ts";
import { exceptionText } from "../../src/core/noise/exception-text.ts";
import type { NoiseDetection } from "../../src/core/noise/noise-fields.ts";
import { suggestExceptions } from "../../src/core/noise/suggest.ts";
import { readRuleYaml } from "../../src/edge/manifests/read-yaml.ts";
import { subjectUnknown } from "../../src/apps/demo/world/attack-detected.fixture.ts";
import { createSimulation } from "../../src/apps/demo/world/world.ts";

const startMs = Date.parse("2026-01-05T10:00:00Z");
const dayMs = 86_400_000;
const rule = "Service account token is read by a tool";

function detectionsOf(files: readonly RuleFile[]): readonly Detection[] {
  const found: Detection[] = [];
  const simulation = createSimulation({
    seed: "noise",
    startMs,
    bootMs: startMs - dayMs,
    visitsPerSecond: 1,
    objects: { put: () => undefined, remove: () => undefined },
  });
  simulation.follow({ failure: "none", attack: true }, startMs);
  const { rules, problems } = compileRules([...nodeRuleFiles, ...files]);
  assert.deepEqual(
    problems.filter(({ severity }) => severity === "error"),
    [],
  );
  const detector = createDetector({
    rules,
    supply: fullSensorSupply,
    onDetection: (detection) => found.push(detection),
    machine: { hostname: "demo", bootMs: startMs - dayMs, userName: () => undefined, groupName: () => undefined },
  });
  for (const node of simulation.world.nodes) detector.take(simulation.running(node, startMs), subjectUnknown);
  for (let nowMs = startMs; nowMs < startMs + 20_000; nowMs += 500)
    detector.take(
      simulation.advance(nowMs).map(({ event }) => event),
      subjectUnknown,
    );
  return found;
}

test("the exception ends the noise it was made from, and no other rule's detections", () => {
  const before = detectionsOf([]);
  const [noisy] = before.filter((detection) => detection.rule === rule);
  assert.ok(noisy !== undefined);
  // The same on three days.
  const detections = [0, 1, 2].map((day): NoiseDetection => ({
    id: String(day),
    timeMs: noisy.timeMs + day * dayMs,
    count: 1,
    severityRank: 3,
    namespace: noisy.subject.namespace,
    workload: noisy.subject.workload,
    process: noisy.comm,
    processId: `p${day}`,
    executable: noisy.executable,
    ancestors: noisy.ancestors,
    image: noisy.subject.image,
    outputFields: noisy.outputFields.map(([name, value]) => `${name}=${value}`),
  }));
  const { namespace, workload } = noisy.subject;
  const { suggestions } = suggestExceptions({ namespace, workload, detections, real: new Set(), spokenOf: new Map() });
  assert.ok((suggestions[0]?.fields.length ?? 0) >= 5, "everything that is stable is named");
  const text = exceptionText({ rule, namespace, workload, suggestions });
  const after = detectionsOf([{ name: "DetectionRules/quiet", documents: readRuleYaml(text) }]);
  assert.deepEqual(
    after.map((detection) => detection.rule),
    before.map((detection) => detection.rule).filter((name) => name !== rule),
  );
  // Another workload's same deed is still told: the exception names where.
  const elsewhere = text.replace('"shop"', '"another"');
  assert.notEqual(elsewhere, text);
  const other = detectionsOf([{ name: "DetectionRules/quiet", documents: readRuleYaml(elsewhere) }]);
  assert.equal(other.length, before.length);
});

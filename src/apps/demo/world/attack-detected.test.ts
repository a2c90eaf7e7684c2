// The demo's intruder is found by the rules that come with Garrison, by what it does; a calm shop raises nothing that is severe.
import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeRuleFiles } from "../../../core/detect/builtin/builtin-rules.ts";
import { compileRules } from "../../../core/detect/compile-rules.ts";
import type { Detection } from "../../../core/detect/contract.ts";
import { createDetector } from "../../../core/detect/create-detector.ts";
import { fullSensorSupply } from "../../../core/detect/supply.ts";
import { subjectUnknown } from "./attack-detected.fixture.ts";
import { createSimulation } from "./world.ts";

const startMs = Date.parse("2026-01-05T10:00:00Z");

/** What the rules say of a world that lives for so long. */
function detectionsOf(attack: boolean, seconds: number): readonly Detection[] {
  const found: Detection[] = [];
  const simulation = createSimulation({
    seed: "detect",
    startMs,
    bootMs: startMs - 86_400_000,
    visitsPerSecond: 1,
    objects: { put: () => undefined, remove: () => undefined },
  });
  simulation.follow({ failure: "none", attack }, startMs);
  const detector = createDetector({
    rules: compileRules(nodeRuleFiles).rules,
    supply: fullSensorSupply,
    onDetection: (detection) => found.push(detection),
    machine: { hostname: "demo", bootMs: startMs - 86_400_000, userName: () => undefined, groupName: () => undefined },
  });
  for (const node of simulation.world.nodes) detector.take(simulation.running(node, startMs), subjectUnknown);
  for (let nowMs = startMs; nowMs < startMs + seconds * 1000; nowMs += 500) {
    detector.take(
      simulation.advance(nowMs).map(({ event }) => event),
      subjectUnknown,
    );
    detector.tick(nowMs);
  }
  return found;
}

test("the intruder's steps raise rules, the whole of them a sequence with its evidence in order", () => {
  const found = detectionsOf(true, 60);
  const rules = new Set(found.map(({ rule }) => rule));
  for (const rule of [
    "Script is fetched and run at once",
    "Shell started by a server program",
    "Program is run from a folder that all may write to",
    "Somebody looks around",
    "Program is downloaded, made executable, run, and connects",
  ])
    assert.ok(rules.has(rule), `${rule} is missing among ${[...rules].join(", ")}`);
  const sequence = found.find(({ kind, rule }) => kind === "sequence" && rule.startsWith("Program is downloaded"));
  const times = sequence?.evidence.map(({ timeMs }) => timeMs) ?? [];
  assert.ok(times.length >= 4);
  assert.deepEqual(
    times,
    times.toSorted((one, other) => one - other),
  );
});

test("a calm shop raises nothing critical or high", () => {
  const severe = detectionsOf(false, 60).filter(({ severity }) => severity === "critical" || severity === "high");
  assert.deepEqual(
    severe.map(({ rule, comm }) => `${rule} by ${comm}`),
    [],
  );
});

// What detection costs per event with Falco's stable rules: CPU time of this thread, against the same rules as plain closures without index and memory.
// Run: node --expose-gc test/bench/detect.bench.ts [RULES...]. Figures in README.md.
import path from "node:path";
import { readFileSync } from "node:fs";
import { blankEvent } from "../../src/core/detect/blank-event.ts";
import { fillFromSensor } from "../../src/core/detect/adapter/from-sensor.ts";
import { compileRules } from "../../src/core/detect/compile-rules.ts";
import { createDetector } from "../../src/core/detect/create-detector.ts";
import type { CompiledRules, SubjectOf } from "../../src/core/detect/contract.ts";
import { createCompiler } from "../../src/core/detect/engine/closures.ts";
import { ruleSetOf, nodesOf } from "../../src/core/detect/engine/program.ts";
import { createProcessBook } from "../../src/core/detect/process/book.ts";
import { defaultDetectLimits } from "../../src/core/detect/limits.ts";
import { fullSensorSupply } from "../../src/core/detect/supply.ts";
import type { SensorEvent } from "../../src/core/sense/sensor.ts";
import { readRuleYaml } from "../../src/edge/manifests/read-yaml.ts";
import { batchesOf, benchMachine, makeWorld, type World } from "./detect-world.ts";

const folder = path.resolve(import.meta.dirname, "../../..", "shared/data/falco-rules");
const given = process.argv.slice(2);
const names = given.length > 0 ? given : [path.join(folder, "falco_rules.yaml")];
const rounds = 3;

function loadedRules(): CompiledRules {
  const { rules, problems } = compileRules(
    names.map((name) => ({ name, documents: readRuleYaml(readFileSync(name, "utf8")) })),
  );
  if (problems.some(({ severity }) => severity === "error")) throw new Error(JSON.stringify(problems));
  return rules;
}

/** Microseconds of this thread's CPU for each event: the middle of the rounds. Events are made just before they are judged, as a decoder makes them. */
function cost(events: readonly SensorEvent[], judge: (batch: readonly SensorEvent[]) => void): number {
  const batches = batchesOf(events);
  const costs = Array.from({ length: rounds }, () => {
    let used = 0;
    for (const batch of batches) {
      const fresh = batch.map((event) => ({ ...event }));
      const before = process.threadCpuUsage();
      judge(fresh);
      const { user, system } = process.threadCpuUsage(before);
      used += user + system;
    }
    return used / events.length;
  });
  return costs.toSorted((one, other) => one - other)[rounds >> 1] ?? 0;
}

function indexed(rules: CompiledRules, world: World): { readonly judge: (batch: readonly SensorEvent[]) => void } {
  const detector = createDetector({
    rules,
    supply: fullSensorSupply,
    machine: benchMachine,
    onDetection: () => undefined,
  });
  const subjectOf: SubjectOf = (key, cgroupId) => world.subjectOf(key, cgroupId);
  detector.take(world.starts, subjectOf);
  return {
    judge: (batch) => detector.take(batch, subjectOf),
  };
}

/** Every rule's closure on every event: what the engine must beat. */
function naive(rules: CompiledRules, world: World): { readonly judge: (batch: readonly SensorEvent[]) => void } {
  const compiler = createCompiler();
  const predicates = ruleSetOf(rules)
    .programs.filter(({ summary }) => summary.isEnabled)
    .flatMap(({ program }) => nodesOf(program).map((node) => compiler.compile(node)));
  const book = createProcessBook(defaultDetectLimits);
  const event = blankEvent(benchMachine, undefined);
  function judge(batch: readonly SensorEvent[]): void {
    for (const sensor of batch) {
      book.observe(sensor);
      if (!fillFromSensor(event, sensor, { connect: true, accept: true })) continue;
      event.process = book.find(sensor);
      event.subject = world.subjectOf(sensor.process, sensor.cgroupId);
      for (const predicate of predicates) if (predicate(event)) hits.count += 1;
    }
  }
  judge(world.starts);
  return { judge };
}

/** So that nothing is judged for nobody. */
const hits = { count: 0 };
const rules = loadedRules();
const world = makeWorld({ processes: 5000, paths: 10_000, opens: 100_000, execs: 20_000 });
const fresh = makeWorld({ processes: 5000, paths: 100_000, opens: 100_000, execs: 0 });
console.log(
  `${rules.summaries.filter(({ isEnabled }) => isEnabled).length} rules, 5000 processes, CPU µs an event, middle of ${rounds} rounds`,
);
for (const [label, events, from] of [
  ["open, 10,000 paths", world.opens, world],
  ["open, every path new", fresh.opens, fresh],
  ["exec", world.execs, world],
] as const) {
  const one = indexed(rules, from);
  const other = naive(rules, from);
  const fast = cost(events, one.judge);
  const slow = cost(events, other.judge);
  console.log(
    `${label.padEnd(22)} engine ${fast.toFixed(2)}  plain ${slow.toFixed(2)}  ratio ${(slow / fast).toFixed(1)}`,
  );
}

// What detection costs per event: CPU time of this thread, beside the same rules as plain closures without index and memory, in turn in every round of one run.
// Run: node test/bench/detect.bench.ts [RULES...]. Without files: Falco's stable rules, then those and our own. Figures in README.md.
import path from "node:path";
import { existsSync, readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { blankEvent } from "../../src/core/detect/blank-event.ts";
import { fillFromSensor } from "../../src/core/detect/adapter/from-sensor.ts";
import { nodeRuleFiles } from "../../src/core/detect/builtin/builtin-rules.ts";
import { compileRules } from "../../src/core/detect/compile-rules.ts";
import { createDetector } from "../../src/core/detect/create-detector.ts";
import type { CompiledRules, Detector, RuleFile, SubjectOf } from "../../src/core/detect/contract.ts";
import { createCompiler } from "../../src/core/detect/engine/closures.ts";
import { ruleSetOf, nodesOf } from "../../src/core/detect/engine/program.ts";
import { createProcessBook } from "../../src/core/detect/process/book.ts";
import { defaultDetectLimits } from "../../src/core/detect/limits.ts";
import { fullSensorSupply } from "../../src/core/detect/supply.ts";
import type { SensorEvent } from "../../src/core/sense/sensor.ts";
import { openLibbpf } from "../../src/edge/sensor/libbpf.ts";
import { readRuleYaml } from "../../src/edge/manifests/read-yaml.ts";
import { mixedTraffic } from "./detect-traffic.ts";
import { batchesOf, beginMs, benchMachine, createDecoding, makeWorld, type World } from "./detect-world.ts";

const stable = path.resolve(import.meta.dirname, "../../..", "shared/data/falco-rules/falco_rules.yaml");
const rounds = 9;
const warmRounds = 2;

type Judge = (batch: readonly SensorEvent[]) => void;

function filesOf(names: readonly string[]): readonly RuleFile[] {
  return names.map((name) => ({ name, documents: readRuleYaml(readFileSync(name, "utf8")) }));
}

function loaded(files: readonly RuleFile[]): CompiledRules {
  const { rules, problems } = compileRules(files);
  if (problems.some(({ severity }) => severity === "error")) throw new Error(JSON.stringify(problems));
  return rules;
}

/** Exact where getrusage is so only at the scheduler's ticks: a batch takes less than one of them. */
const { threadCpuMs } = openLibbpf();

/** Microseconds of this thread's CPU for each event. Events are made just before they are judged, as a decoder makes them. */
function costOfRound(batches: readonly (readonly SensorEvent[])[], judge: Judge): number {
  const decoded = createDecoding();
  let usedMs = 0;
  let events = 0;
  for (const batch of batches) {
    const fresh = batch.map(decoded);
    const beforeMs = threadCpuMs();
    judge(fresh);
    usedMs += threadCpuMs() - beforeMs;
    events += batch.length;
  }
  return (usedMs * 1000) / events;
}

function detectorOf(rules: CompiledRules): Detector {
  return createDetector({ rules, supply: fullSensorSupply, machine: benchMachine, onDetection: () => undefined });
}

function indexed(rules: CompiledRules, world: World): Judge {
  const detector = detectorOf(rules);
  const subjectOf: SubjectOf = (key, cgroupId) => world.subjectOf(key, cgroupId);
  detector.take(world.starts, subjectOf);
  return (batch) => {
    detector.take(batch, subjectOf);
    detector.tick(batch.at(-1)?.timeMs ?? beginMs);
  };
}

/** Every rule's closure on every event: what the engine must beat. */
function naive(rules: CompiledRules, world: World): Judge {
  const compiler = createCompiler();
  const predicates = ruleSetOf(rules)
    .programs.filter(({ summary }) => summary.isEnabled && summary.source === "syscall")
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
    book.expire(batch.at(-1)?.timeMs ?? beginMs);
  }
  judge(world.starts);
  return judge;
}

/** So that nothing is judged for nobody. */
const hits = { count: 0 };

interface Figure {
  readonly min: number;
  readonly median: number;
}

function figureOf(costs: readonly number[]): Figure {
  const sorted = costs.toSorted((one, other) => one - other);
  return { min: sorted[0] ?? 0, median: sorted[sorted.length >> 1] ?? 0 };
}

const loadAverage = (): string => readFileSync("/proc/loadavg", "utf8").split(" ").slice(0, 1).join("");
const shown = ({ min, median }: Figure): string => `${median.toFixed(2)} (least ${min.toFixed(2)})`;

/** Both in turn in every round: what else the machine does meets both alike. `batches` may be others for each round. */
function compare(
  label: string,
  rules: CompiledRules,
  world: World,
  batches: () => readonly (readonly SensorEvent[])[],
) {
  const engine = indexed(rules, world);
  const plain = naive(rules, world);
  const costs: { readonly engine: number; readonly plain: number }[] = [];
  const before = loadAverage();
  for (let round = 0; round < warmRounds + rounds; round += 1) {
    const events = batches();
    const one = { engine: costOfRound(events, engine), plain: costOfRound(events, plain) };
    if (round >= warmRounds) costs.push(one);
  }
  const fast = figureOf(costs.map((one) => one.engine));
  const slow = figureOf(costs.map((one) => one.plain));
  const ratio = figureOf(costs.map((one) => one.plain / one.engine)).median;
  console.log(
    `${label.padEnd(22)} engine ${shown(fast).padEnd(20)} plain ${shown(slow).padEnd(20)} ratio ${ratio.toFixed(1)}  load ${before} to ${loadAverage()}`,
  );
}

function take(events: Iterator<SensorEvent>, count: number): readonly SensorEvent[] {
  return Array.from({ length: count }, () => events.next().value as SensorEvent);
}

/** Memory that stays, after a collection. */
function heldBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** What the engine holds after ever more of mixed traffic: it must level off. */
function growth(rules: CompiledRules, world: World): void {
  const bytesBefore = heldBytes();
  const judge = indexed(rules, world);
  const events = mixedTraffic(world);
  const decoded = createDecoding();
  const held: string[] = [];
  for (const many of [100_000, 200_000, 300_000]) {
    for (let left = many; left > 0; left -= 1000) judge(take(events, 1000).map(decoded));
    held.push(((heldBytes() - bytesBefore) / 1024 / 1024).toFixed(1));
  }
  console.log(`mixed, MiB held by the engine after 0.1, 0.3 and 0.6 million events: ${held.join(", ")}`);
}

function bench(title: string, rules: CompiledRules): void {
  const world = makeWorld({ processes: 5000, paths: 10_000, opens: 50_000, execs: 10_000 });
  const fresh = makeWorld({ processes: 5000, paths: 50_000, opens: 50_000, execs: 0 });
  const ofSyscalls = rules.summaries.filter(({ isEnabled, source }) => isEnabled && source === "syscall").length;
  console.log(`${title}: ${ofSyscalls} rules, 5000 processes; CPU µs an event, median of ${rounds} rounds`);
  const known = batchesOf(world.opens);
  compare("open, 10,000 paths", rules, world, () => known);
  let serial = 0;
  compare("open, every path new", rules, fresh, () =>
    batchesOf(
      fresh.opens.map((event) => {
        serial += 1;
        const name = event.path.replace(/file-\d+/, `file-${serial}`);
        return { ...event, path: name, requestedPath: name };
      }),
    ),
  );
  const execs = batchesOf(world.execs);
  compare("exec", rules, world, () => execs);
  const traffic = mixedTraffic(world);
  compare("mixed machine traffic", rules, world, () => batchesOf(take(traffic, 50_000)));
  growth(rules, world);
}

const given = process.argv.slice(2);
const falco = given.length > 0 ? given : [stable];
if (given.length === 0 && !existsSync(stable)) console.log("Falco's rules are not here: our own only");
else bench(given.length > 0 ? "given" : "Falco's stable rules", loaded(filesOf(falco)));
if (given.length === 0)
  bench("Falco's stable rules and our own", loaded([...nodeRuleFiles, ...filesOf(existsSync(stable) ? [stable] : [])]));

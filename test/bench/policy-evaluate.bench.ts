// The policy engine at 10,000 pods and 2,000 policies: full compute, label changes, what-if questions, explanations. Prints CPU per item.
import { performance } from "node:perf_hooks";
import { createPolicyEngine } from "../../src/core/policy/evaluate/create-engine.ts";
import { createPolicyWorld, flowsOf, pick, createChance, type PolicyWorld } from "../support/policy-world.ts";
import type { PolicyEngine } from "../../src/core/policy/evaluate/engine.ts";
import { simulate } from "../../src/core/policy/simulate/simulate.ts";
import type { PolicyFlow, RecordedFlow } from "../../src/core/policy/world.ts";

const pods = 10_000;
const policies = 2000;
const shape = createPolicyWorld({ seed: 7, pods, policies });

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Milliseconds of this thread's CPU, so that neighbours on the machine count little. */
function cpuMs<Result>(work: () => Result): { readonly ms: number; readonly result: Result } {
  const before = process.threadCpuUsage();
  const result = work();
  const after = process.threadCpuUsage(before);
  return { ms: (after.user + after.system) / 1000, result };
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Index, selectors, groups, and the program of every endpoint in both directions: a first question to each. */
function fullCompute({ set, world }: PolicyWorld): PolicyEngine {
  const engine = createPolicyEngine({ set, world });
  for (const { id } of world.endpoints) engine.judge(selfFlow(id));
  return engine;
}

function selfFlow(id: string): PolicyFlow {
  const end = { endpoint: id, address: "" };
  return { source: end, destination: end, protocol: 6, sourcePort: 0, destinationPort: 1 };
}

function benchFull(): PolicyEngine {
  const times = Array.from({ length: 7 }, () => cpuMs(() => fullCompute(shape)));
  const [cold, ...warm] = times.map(({ ms }) => ms);
  const sorted = warm.toSorted((a, b) => a - b);
  print(
    `full compute, ${pods} pods x ${policies} policies: first ${cold?.toFixed(0)} ms, warm median ${quantile(sorted, 0.5).toFixed(0)} ms, worst ${sorted.at(-1)?.toFixed(0)} ms CPU (goal < 500)`,
  );
  return times.at(-1)?.result as PolicyEngine;
}

function benchLabels(engine: PolicyEngine): void {
  const chance = createChance(11);
  const times: number[] = [];
  for (let count = 0; count < 20_000; count += 1) {
    const endpoint = engine.endpoint(pick(chance, shape.world.endpoints).id);
    if (endpoint === undefined) continue;
    const key = chance() < 0.5 ? "app" : "version";
    const labels = { ...endpoint.labels, [key]: key === "app" ? `app-${Math.floor(chance() * 10)}` : "v9" };
    const before = performance.now();
    engine.change({ put: [{ ...endpoint, labels }] });
    times.push((performance.now() - before) * 1000);
  }
  const sorted = times.toSorted((a, b) => a - b);
  print(
    `label change: p50 ${quantile(sorted, 0.5).toFixed(1)} us, p99 ${quantile(sorted, 0.99).toFixed(1)} us wall (goal p50 < 20)`,
  );
}

function rate(name: string, flows: readonly PolicyFlow[], ask: (flow: PolicyFlow) => unknown, goal: string): void {
  for (const flow of flows.slice(0, 50_000)) ask(flow);
  const rates = Array.from({ length: 5 }, () => {
    const { ms } = cpuMs(() => {
      for (const flow of flows) ask(flow);
    });
    return flows.length / ms / 1000;
  });
  print(
    `${name}: ${rates
      .toSorted((a, b) => a - b)
      .map((each) => each.toFixed(2))
      .join(", ")} M flows per CPU-second${goal}`,
  );
}

function benchExplain(engine: PolicyEngine): void {
  const asked = flows.slice(0, 5000);
  for (const flow of asked) engine.explain(flow);
  const times = Array.from({ length: 3 }, () => cpuMs(() => asked.forEach((flow) => engine.explain(flow))).ms);
  const best = (Math.min(...times) * 1000) / asked.length;
  print(`explain, all steps and nearest allows with their manifests: ${best.toFixed(0)} us CPU each`);
}

/** What this machine does at this moment, to read the figures by: look-ups of 10,000 texts in a map. */
function benchMachine(): void {
  const map = new Map(shape.world.endpoints.map((endpoint) => [endpoint.id, endpoint]));
  const ids = flows.map((flow) => flow.source.endpoint);
  let found = 0;
  const times = Array.from({ length: 5 }, () => cpuMs(() => ids.forEach((id) => (found += map.has(id) ? 1 : 0))).ms);
  const best = ids.length / Math.min(...times) / 1000;
  print(`this machine now: ${best.toFixed(1)} M map look-ups per CPU-second (${found > 0 ? "all" : "none"} found)`);
}

function benchPreview(engine: PolicyEngine): void {
  const recorded = flows.map((flow): RecordedFlow => ({ ...flow, ...past }));
  const proposed = createPolicyEngine({
    ...shape,
    set: { ...shape.set, policies: shape.set.policies.slice(0, policies / 2) },
  });
  const times = Array.from({ length: 3 }, () => cpuMs(() => simulate({ current: engine, proposed, flows: recorded })));
  const { ms, result } = times.toSorted((a, b) => a.ms - b.ms)[0] ?? { ms: 0, result: undefined };
  const seen = result?.totals.connections ?? 0;
  print(
    `preview of ${flows.length} flow keys (${seen} connections), half of the policies removed: ${ms.toFixed(0)} ms CPU, ${(seen / ms / 1000).toFixed(0)} M recorded connections per CPU-second`,
  );
}

const past = {
  connections: 500,
  bytes: 1,
  firstMs: 0,
  lastMs: 1,
  days: 1,
  verdict: "allow",
  sourceWorkload: "",
  destinationWorkload: "",
} as const;
const flows = flowsOf(shape, 300_000, 3);
const engine = benchFull();
benchMachine();
rate("what-if, each flow walked", flows, (flow) => engine.evaluate(flow), " (goal >= 1)");
rate("what-if, remembered by what policies can tell apart", flows, (flow) => engine.judge(flow), " (goal >= 2)");
benchExplain(engine);
benchPreview(engine);
benchLabels(engine);
benchMachine();

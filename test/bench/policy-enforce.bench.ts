// What enforcement costs: loading the rules of 10,000 pods and 1,000 policies, against one rule per peer through `nft -f`, and single changes.
// Needs root (namespaces, nf_tables); the comparison needs the nft command. Prints figures, decides nothing.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { silentLogger } from "../../src/base/logger.ts";
import { createNftCompiler } from "../../src/core/policy/compile/create-compiler.ts";
import { tableName, type CompileSettings } from "../../src/core/policy/compile/settings.ts";
import { settingsFor } from "../../src/core/policy/compile/settings.fixture.ts";
import { createPolicyEngine } from "../../src/core/policy/evaluate/create-engine.ts";
import type { PolicyEngine } from "../../src/core/policy/evaluate/engine.ts";
import type { EntityMatch, Policy, PolicySet } from "../../src/core/policy/model.ts";
import { has } from "../../src/core/policy/selector/build.ts";
import { selectorOf } from "../../src/core/policy/selector/canonical.ts";
import type { WorldEndpoint } from "../../src/core/policy/world.ts";
import { openNftables } from "../../src/edge/dataplane/nftables/open-nftables.ts";
import { createNamespace, mayMakeNamespaces, type NetworkNamespace } from "../support/netns/namespace.ts";
import { createPolicyWorld, podAddress, type PolicyWorld } from "../support/policy-world.ts";

const rounds = 101;
const joinedSets = 20;

if (!mayMakeNamespaces()) {
  console.log("MISSING: root in a kernel with network namespaces and nf_tables");
} else {
  fullLoad();
  againstOneRulePerPeer();
  singleChanges();
}

function openPlane(namespace: NetworkNamespace) {
  const clock = { nowMs: () => Date.now() };
  return openNftables({ netns: namespace.path, table: tableName, clock, logger: silentLogger });
}

/** CPU of this process in milliseconds, the kernel's work for it included. */
function cpuMsOf(act: () => void): number {
  const before = process.cpuUsage();
  act();
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1000;
}

function loaded(world: PolicyWorld, settings: CompileSettings) {
  const namespace = createNamespace("bench");
  const plane = openPlane(namespace);
  let engine: PolicyEngine | undefined;
  const parts = { engineMs: 0, compileMs: 0, applyMs: 0 };
  parts.engineMs = cpuMsOf(() => {
    engine = createPolicyEngine(world);
  });
  const made = engine as unknown as PolicyEngine;
  const compiler = createNftCompiler();
  let ruleset = compiler.compile(made, settings).ruleset;
  const fresh = createNftCompiler();
  parts.compileMs = cpuMsOf(() => {
    ruleset = fresh.compile(made, settings).ruleset;
  });
  parts.applyMs = cpuMsOf(() => {
    plane.apply(ruleset);
  });
  const close = () => {
    plane.close();
    namespace.close();
  };
  return { engine: made, compiler: fresh, plane, ruleset, settings, parts, close };
}

/** The middle one of three loads, each into a namespace of its own by a compiler of its own. */
function middleLoad(world: PolicyWorld) {
  const loads = Array.from({ length: 3 }, () => {
    const { parts, ruleset, close } = loaded(world, settingsFor(world.world));
    close();
    return { parts, ruleset, totalMs: parts.compileMs + parts.applyMs };
  }).sort((a, b) => a.totalMs - b.totalMs);
  const [, middle] = loads;
  if (middle === undefined) throw new Error("three loads have a middle one");
  return middle;
}

function fullLoad(): void {
  const { parts, ruleset, totalMs } = middleLoad(createPolicyWorld({ seed: 1, pods: 10_000, policies: 1000 }));
  const elements = ruleset.sets.reduce((sum, set) => sum + set.elements.length, 0);
  const rules = ruleset.chains.reduce((sum, chain) => sum + chain.rules.length, 0);
  console.log(
    `full load, 10,000 pods x 1,000 policies, all pods local: ${ruleset.sets.length} sets, ${elements} elements, ${ruleset.chains.length} chains, ${rules} rules`,
  );
  console.log(
    `  CPU ${totalMs.toFixed(0)} ms, the middle of three (compile ${parts.compileMs.toFixed(0)}, apply ${parts.applyMs.toFixed(0)}; goal at most 1,500), engine before it ${parts.engineMs.toFixed(0)} ms`,
  );
}

function againstOneRulePerPeer(): void {
  const { parts, totalMs } = middleLoad(createPolicyWorld({ seed: 2, pods: 1000, policies: 100 }));
  console.log(
    `1,000 pods x 100 policies: ours ${totalMs.toFixed(1)} ms CPU (compile ${parts.compileMs.toFixed(1)}, apply ${parts.applyMs.toFixed(1)})`,
  );
  if (spawnSync("nft", ["--version"]).status !== 0) {
    console.log("  MISSING: the nft command (Debian package nftables), so nothing to compare with");
    return;
  }
  const folder = mkdtempSync(path.join(tmpdir(), "garrison-bench-"));
  const namespace = createNamespace("naive");
  try {
    const file = path.join(folder, "naive.nft");
    writeFileSync(file, oneRulePerPeer(65_000));
    const run = namespace.inside(() => spawnSync("sh", ["-c", `nft -f ${file}; times`], { encoding: "utf8" }));
    const childMs = childrenMs(run.stdout);
    console.log(
      `  65,000 rules, one per pod, peer and port, through nft -f: ${childMs.toFixed(0)} ms CPU: ${(childMs / totalMs).toFixed(0)} times ours (goal at least 20)`,
    );
  } finally {
    namespace.close();
    rmSync(folder, { recursive: true });
  }
}

/** The second line of the shell's `times`: "0m1.230s 0m4.560s" of its children. */
function childrenMs(text: string): number {
  const line = text.trim().split("\n").at(-1) ?? "";
  return [...line.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1000,
    0,
  );
}

/** What a controller without sets writes for 1,000 pods: 65 accepted peers and ports each. */
function oneRulePerPeer(count: number): string {
  const lines = [
    "table inet naive {",
    "\tchain forward {",
    "\t\ttype filter hook forward priority -10; policy accept;",
    "\t\tct state established,related accept",
  ];
  for (let index = 0; index < count; index += 1) {
    const pod = podAddress(index % 1000);
    const peer = podAddress((index * 7919) % 1000);
    lines.push(`\t\tip daddr ${pod} ip saddr ${peer} tcp dport ${80 + (index % 65)} counter accept`);
  }
  return [...lines, "\t}", "}", ""].join("\n");
}

function singleChanges(): void {
  const base = createPolicyWorld({ seed: 1, pods: 10_000, policies: 1000 });
  const world: PolicyWorld = { ...base, set: withJoins(base.set) };
  for (const local of [10_000, 250]) {
    const settings = settingsFor(world.world);
    const bench = { ...loaded(world, { ...settings, local: settings.local.slice(0, local) }), world };
    console.log(
      `single changes, 10,000 pods x 1,000 policies, ${local} of the pods on this node (CPU, and by the clock of a shared machine):`,
    );
    joins(bench);
    edits(bench);
    bench.close();
  }
}

interface Timed {
  readonly cpuMs: number[];
  readonly clockMs: number[];
}

function timed<T>(into: Timed, act: () => T): T {
  const [cpu, clock] = [process.cpuUsage(), performance.now()];
  const result = act();
  const used = process.cpuUsage(cpu);
  into.cpuMs.push((used.user + used.system) / 1000);
  into.clockMs.push(performance.now() - clock);
  return result;
}

function timer(): Timed {
  return { cpuMs: [], clockMs: [] };
}

function told({ cpuMs, clockMs }: Timed): string {
  return `CPU p50 ${quantile(cpuMs, 0.5)} p95 ${quantile(cpuMs, 0.95)}, clock p50 ${quantile(clockMs, 0.5)} ms`;
}

/** One policy more, with twenty peers: whoever has all labels is in twenty sets more. */
function withJoins(set: PolicySet): PolicySet {
  const [first] = set.policies;
  if (first === undefined) return set;
  const rules = Array.from({ length: joinedSets }, (_, written) => ({
    action: "Allow" as const,
    written,
    name: "",
    protocol: 6,
    source: { selector: selectorOf(has(`join-${written}`)), kinds: ["workload"] } satisfies EntityMatch,
    destination: { ports: [{ from: 1000 + written, to: 1000 + written }] },
  }));
  const policy: Policy = {
    ...first,
    id: "kubernetes/NetworkPolicy/ns-0/joins",
    name: "joins",
    directions: ["ingress"],
    ingress: rules,
    egress: [],
  };
  return { ...set, policies: [...set.policies, policy] };
}

interface Bench {
  readonly engine: PolicyEngine;
  readonly compiler: ReturnType<typeof createNftCompiler>;
  readonly plane: ReturnType<typeof openPlane>;
  readonly settings: CompileSettings;
  readonly world: PolicyWorld;
}

function joins({ engine, compiler, plane, settings, world }: Bench): void {
  const [pod] = world.world.endpoints;
  if (pod === undefined) return;
  const labels = Object.fromEntries(Array.from({ length: joinedSets }, (_, index) => [`join-${index}`, "yes"]));
  const joined: WorldEndpoint = { ...pod, labels: { ...pod.labels, ...labels } };
  const [decided, written] = [timer(), timer()];
  let sets = 0;
  for (let round = 0; round < rounds * 2; round += 1) {
    const isJoining = round % 2 === 0;
    const into = isJoining ? { decided, written } : { decided: timer(), written: timer() };
    const { ruleset } = timed(into.decided, () => {
      engine.change({ put: [isJoining ? joined : pod] });
      return compiler.compile(engine, settings, { endpoints: [pod.id] });
    });
    const report = timed(into.written, () => plane.apply(ruleset));
    if (isJoining) sets = report.elementsAdded;
  }
  console.log(
    `  a pod joins ${sets} sets, one transaction: ${told(written)} (goal p50 under 2); engine and compiler before it: ${told(decided)}`,
  );
}

function edits({ engine, compiler, plane, settings, world }: Bench): void {
  const { set } = world;
  const [decided, written] = [timer(), timer()];
  let chains = 0;
  for (let round = 0; round < rounds / 2; round += 1) {
    const policies = set.policies.map((policy, index) => (index === 7 ? edited(policy, round) : policy));
    const { ruleset } = timed(decided, () => {
      engine.setPolicies({ ...set, policies });
      return compiler.compile(engine, settings, { endpoints: [] });
    });
    chains = timed(written, () => plane.apply(ruleset)).chainsWritten;
  }
  console.log(
    `  a policy is edited, ${chains} chain replaced: ${told(written)} (goal p50 under 5); engine and compiler before it: ${told(decided)}`,
  );
}

function edited(policy: Policy, round: number): Policy {
  const changed = (rule: Policy["ingress"][number]) => ({
    ...rule,
    destination: { ...rule.destination, ports: [{ from: 2000 + round, to: 2000 + round }] },
  });
  return { ...policy, ingress: policy.ingress.map(changed), egress: policy.egress.map(changed) };
}

function quantile(values: readonly number[], share: number): string {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(2);
}

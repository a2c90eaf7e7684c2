// How good recommended policies are, on seeded clusters whose truth is known, beside three simpler recommenders; and how long a large one takes.
// Prints tables; decides nothing.
import { createPolicyEngine } from "../../src/core/policy/evaluate/create-engine.ts";
import type { PolicyEngine } from "../../src/core/policy/evaluate/engine.ts";
import { parseManifests } from "../../src/core/policy/parse/parse-policies.ts";
import { recommend } from "../../src/core/policy/recommend/recommend.ts";
import { writeDraft } from "../../src/core/policy/write/write-draft.ts";
import type { PolicyDraft, WriteDialect } from "../../src/core/policy/write/draft.ts";
import type { PolicyFlow, RecordedFlow, World } from "../../src/core/policy/world.ts";
import { createRecommendWorld, edgeKeyOf, type RecommendWorld } from "../support/recommend-world.ts";
import { exactEdge, namespaceLevel, onePerPeer } from "./policy-baselines.ts";
import { largeFlows, largeWorld } from "./policy-recommend-large.ts";

const seeds = [1, 2, 3, 4, 5] as const;
const sizes = [30, 60, 100] as const;

interface Score {
  policies: number;
  rules: number;
  breaks: number;
  legitimate: number;
  falseAllows: number;
  unneeded: number;
  attacksAllowed: number;
  attacks: number;
}

function engineOf(drafts: readonly PolicyDraft[], dialect: WriteDialect, world: World): PolicyEngine {
  const manifests = drafts.flatMap((draft) => writeDraft(draft, dialect).manifests);
  const place = { file: "", document: 0, line: 1 };
  const { set, problems } = parseManifests(manifests.map((manifest) => ({ manifest, place })));
  const error = problems.find(({ severity }) => severity === "error");
  if (error !== undefined) throw new Error(`${error.object} ${error.path}: ${error.message}`);
  return createPolicyEngine({ set, world });
}

/** Everything is judged in the later world: all pods are new, with other hashes and addresses, and one more of each. */
function scoreOf(found: RecommendWorld, drafts: readonly PolicyDraft[], dialect: WriteDialect): Score {
  const engine = engineOf(drafts, dialect, found.later);
  const allows = (flow: PolicyFlow): boolean => engine.evaluate(flow).verdict === "allow";
  const legitimate = new Map<string, RecordedFlow>();
  for (const flow of found.test)
    legitimate.set(
      `${edgeKeyOf(flow)} ${flow.domains?.join(",") ?? ""} ${flow.source.address === "" ? "" : "visitor"}`,
      flow,
    );
  const broken = [...legitimate.values()].filter((flow) => !allows(flow)).length;
  const { cube, attacks } = unneededOf(found);
  return {
    policies: drafts.length,
    rules: drafts.reduce((sum, { rules }) => sum + rules.length, 0),
    breaks: broken,
    legitimate: legitimate.size,
    falseAllows: cube.filter(allows).length,
    unneeded: cube.length,
    attacksAllowed: attacks.filter(allows).length,
    attacks: attacks.length,
  };
}

/** The cube of (source, destination, listening port) without the truth; and what an intruder would try: data stores, ssh, the metadata service, the internet. */
function unneededOf({ services, edges, outside, later }: RecommendWorld) {
  const truth = new Set(edges.map(({ from, to, port }) => `${from} ${to} ${port}`));
  const podsOf = Map.groupBy(later.endpoints, ({ namespace, workload }) => `${namespace}/${workload}`);
  const podOf = (index: number): string => {
    const { namespace = "", kind = "", name = "" } = services[index] ?? {};
    return podsOf.get(`${namespace}/${kind}/${name}`)?.[0]?.id ?? "";
  };
  const cube: PolicyFlow[] = [];
  const attacks: PolicyFlow[] = [];
  const sends = new Set(outside.map(({ from }) => from));
  for (const from of services.keys()) {
    const source = { endpoint: podOf(from), address: "" };
    const ask = (
      destination: PolicyFlow["destination"],
      destinationPort: number,
      domains?: readonly string[],
    ): PolicyFlow => {
      const flow = { source, destination, protocol: 6, sourcePort: 0, destinationPort };
      return domains === undefined ? flow : { ...flow, domains };
    };
    for (const [to, { ports, name }] of services.entries()) {
      if (to === from) continue;
      const destination = { endpoint: podOf(to), address: "" };
      for (const port of ports) {
        if (truth.has(`${from} ${to} ${port}`)) continue;
        cube.push(ask(destination, port));
        if (/^(?:db|cache|queue)/.test(name)) attacks.push(ask(destination, port));
      }
      attacks.push(ask(destination, 22), ask(destination, 31_337));
    }
    const evil = { endpoint: "", address: "45.12.3.4" };
    attacks.push(ask({ endpoint: "", address: "169.254.169.254" }, 80), ask(evil, 4444, []));
    if (!sends.has(from)) attacks.push(ask(evil, 443, ["exfil.attacker.example"]));
  }
  return { cube, attacks };
}

function percent(part: number, whole: number): string {
  return whole === 0 ? "-" : `${((100 * part) / whole).toFixed(2)} %`;
}

function add(sum: Score, one: Score): Score {
  return Object.fromEntries(
    Object.entries(sum).map(([key, value]) => [key, value + one[key as keyof Score]]),
  ) as unknown as Score;
}

const contenders: Readonly<
  Record<string, (found: RecommendWorld) => { drafts: readonly PolicyDraft[]; dialect: WriteDialect }>
> = {
  "garrison, calico": (found) => ({ drafts: ours(found, true), dialect: "calico" }),
  "garrison, calico, rare edges reviewed": (found) => ({ drafts: reviewed(found), dialect: "calico" }),
  "garrison, cluster": (found) => ({ drafts: ours(found, true), dialect: "cluster" }),
  "garrison, kubernetes": (found) => ({ drafts: ours(found, false), dialect: "kubernetes" }),
  "garrison per namespace": (found) => ({ drafts: ours(found, true, "namespace"), dialect: "calico" }),
  "exact edge": (found) => ({ drafts: exactEdge(found.training, found.world), dialect: "calico" }),
  "namespace level": (found) => ({ drafts: namespaceLevel(found.training, found.world), dialect: "calico" }),
  "one rule per peer": (found) => ({ drafts: onePerPeer(found.training, found.world), dialect: "calico" }),
};

function ours(
  { training, world }: RecommendWorld,
  names: boolean,
  per: "workload" | "namespace" = "workload",
): readonly PolicyDraft[] {
  const { policies } = recommend(training, world, { names, per, publicSourcesMin: 16 });
  return policies.map(({ draft }) => draft);
}

/** As when somebody who knows the services looks through what was held, and lets the true edges among it pass. */
function reviewed({ training, world, services, edges }: RecommendWorld): readonly PolicyDraft[] {
  const ownerOf = (index: number): string => {
    const { namespace = "", kind = "", name = "" } = services[index] ?? {};
    return `${namespace}/${kind}/${name}`;
  };
  const approve = edges.map(({ from, to, port }) => `${ownerOf(from)} -> ${ownerOf(to)} ${port}/tcp`);
  return recommend(training, world, { publicSourcesMin: 16, approve }).policies.map(({ draft }) => draft);
}

for (const days of [14, 7]) {
  const worlds = sizes.flatMap((services) => seeds.map((seed) => createRecommendWorld({ seed, services, days })));
  const shown = worlds.reduce((sum, world) => sum + world.shownShare, 0) / worlds.length;
  const keys = worlds.reduce((sum, world) => sum + world.training.length, 0);
  console.log(
    `\n${worlds.length} clusters of ${sizes.join(", ")} services, ${days} days of training show ${(100 * shown).toFixed(1)} % of the edges (${keys} flow keys)`,
  );
  const rows = Object.entries(contenders).map(([name, contend]) => {
    const sum = worlds
      .map((found) => {
        const { drafts, dialect } = contend(found);
        return scoreOf(found, drafts, dialect);
      })
      .reduce(add);
    return {
      recommender: name,
      policies: sum.policies,
      rules: sum.rules,
      breaks: percent(sum.breaks, sum.legitimate),
      "false allows": percent(sum.falseAllows, sum.unneeded),
      "attacks denied": percent(sum.attacks - sum.attacksAllowed, sum.attacks),
    };
  });
  console.table(rows);
}
console.log("goals: breaks at most 0.5 %, false allows at most 5 %, all attacks denied");

const world = largeWorld({ pods: 10_000, workloads: 2000 });
const flows = largeFlows(world, 1_000_000);
const before = process.cpuUsage();
const startedMs = performance.now();
const found = recommend(flows, world, { publicSourcesMin: 16 });
const wallMs = performance.now() - startedMs;
const { user, system } = process.cpuUsage(before);
console.log(
  `10,000 pods, ${flows.length} flow keys: ${found.policies.length} policies in ${(wallMs / 1000).toFixed(2)} s (CPU ${((user + system) / 1e6).toFixed(2)} s); goal: under 10 s`,
);

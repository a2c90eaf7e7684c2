// The board: a cluster's policies as cards, in order of evaluation, with whom they apply to, what they decided and how far they are enforced.
import type { PolicyEngine } from "../../../core/policy/evaluate/engine.ts";
import { orderedPolicies } from "../../../core/policy/evaluate/ordered-policies.ts";
import { endOfTierRule } from "../../../core/policy/evaluate/rule-ids.ts";
import type { Policy, PolicyProblem as Problem, Tier } from "../../../core/policy/model.ts";
import type { Cluster } from "../../../model/cluster.ts";
import {
  type PolicyBoard,
  type PolicyCard,
  type PolicyCounts,
  policyLimits,
  type PolicyProblem,
} from "../contract/policy-shapes.ts";
import { nodeOf } from "../nodes.ts";
import type { ServerParts } from "../parts.ts";
import type { ClusterPolicies, KeptObject, PolicyDesk } from "./desk.ts";
import { lintOf } from "./lint-notes.ts";
import { enforcementOf, type NodesOfCluster, nodesOfCluster, watched } from "./node-states.ts";
import { enforcementIn } from "./policy-resources.ts";
import { countsOf, writtenRules } from "./tally.ts";
import { type ClusterCounts, type CountBook, endCounts, type WindowAsked } from "./window-counts.ts";

export interface BoardParts {
  readonly desk: PolicyDesk;
  readonly counts: CountBook;
  readonly state: Pick<ServerParts["state"], "agents" | "resources">;
  readonly clusters: Pick<ServerParts["clusters"], "list">;
  readonly clock: ServerParts["clock"];
}

export interface BoardAsked extends WindowAsked {
  readonly cluster?: string | undefined;
}

export async function boardsOf(parts: BoardParts, { cluster, ...asked }: BoardAsked) {
  const all = cluster === undefined ? await parts.desk.names() : [cluster];
  const names = all.slice(0, policyLimits.boardsMax);
  const [known, looks] = await Promise.all([
    parts.clusters.list(),
    Promise.all(names.map((name) => lookAt(parts, name))),
  ]);
  const { byCluster, window } = await parts.counts.of(
    looks.map(({ policies }) => policies),
    asked,
  );
  const boards = looks.flatMap((look) => {
    const counts = byCluster.get(look.policies.cluster);
    const cluster = known.find(({ name }) => name === look.policies.cluster);
    return counts === undefined ? [] : [boardOf(look, counts, cluster)];
  });
  return { boards, boardsOmitted: all.length - names.length, window };
}

export interface ClusterLook {
  readonly policies: ClusterPolicies;
  readonly nodes: NodesOfCluster;
  /** What is wrong with the set, or worth a look; by object. */
  readonly problems: ReadonlyMap<string, readonly Problem[]>;
}

/** A cluster's policies and what its nodes say of them. */
export async function lookAt({ desk, state, clock }: BoardParts, cluster: string): Promise<ClusterLook> {
  const policies = await desk.of(cluster);
  const [agents, statuses, { enforcements }] = await Promise.all([
    state.agents.list(),
    state.resources.statusesIn("Policy", cluster),
    desk.resources(),
  ]);
  const nowMs = clock.nowMs();
  const nodes = agents.filter((agent) => agent.cluster === cluster).map((agent) => nodeOf(agent, nowMs));
  return {
    policies,
    nodes: nodesOfCluster(nodes, enforcementIn(cluster, enforcements), statuses),
    problems: Map.groupBy(
      [...unread(policies), ...policies.parsed.problems, ...lintOf(policies, nowMs)],
      ({ object }) => object,
    ),
  };
}

function unread({ ownBecause }: ClusterPolicies): readonly Problem[] {
  if (ownBecause === "") return [];
  const message = `policies that the cluster has itself may be missing here: ${ownBecause}`;
  const hint = "The server needs to list and watch networkpolicies.networking.k8s.io.";
  const place = { file: "", document: 0, line: 0 };
  return [{ severity: "warning", code: "policy/cluster-unread", message, hint, object: "", place, path: "" }];
}

function boardOf(look: ClusterLook, counts: ClusterCounts, known: Cluster | undefined): PolicyBoard {
  const { policies, nodes } = look;
  const { parsed, engine, world, cluster } = policies;
  const { set } = parsed;
  const problems = problemsOf([...look.problems.values()].flat());
  const sorted = orderedPolicies(set).map(({ policy }) => policy);
  const shown = sorted.slice(0, policyLimits.cardsMax);
  const tiers = set.tiers.filter(
    ({ name, place }) => place.file !== "" || set.policies.some(({ tier }) => tier === name),
  );
  return {
    cluster,
    simulated: known?.simulated ?? false,
    tiers: tiers.map((tier) => {
      const cards = shown.filter((policy) => policy.tier === tier.name).map((policy) => cardOf(look, policy, counts));
      return {
        name: tier.name,
        ...(Number.isFinite(tier.order) ? { order: tier.order } : {}),
        defaultAction: tier.defaultAction,
        end: { counts: reportedEnd(policies, tier, counts), judged: endCounts(tier.name, counts.judged) },
        cards: cards.filter(({ staged }) => staged === undefined),
        staged: cards.filter(({ staged }) => staged !== undefined),
      };
    }),
    cardsOmitted: sorted.length - shown.length,
    enforcement: { ...nodes.force, exceptions: [...nodes.force.exceptions] },
    problems: problems.slice(0, policyLimits.problemsMax),
    problemsOmitted: Math.max(0, problems.length - policyLimits.problemsMax),
    others: {
      networkSets: set.networkSets.length,
      hostEndpoints: set.hostEndpoints.length,
      profiles: set.profiles.length,
    },
    generation: engine.generation,
    world: {
      endpoints: world.endpoints.length,
      namespaces: world.namespaces.length,
      incomplete: world.incomplete,
      ...(known?.currentAt === undefined ? {} : { currentAt: known.currentAt }),
    },
  };
}

function reportedEnd(
  { engine }: ClusterPolicies,
  { name, defaultAction }: Tier,
  { reported }: ClusterCounts,
): PolicyCounts {
  const { options, tally } = reported;
  if (options.unknown !== "") return { because: options.unknown };
  const ids = (["ingress", "egress"] as const).map((direction) =>
    engine.ruleIdOf({ tier: name, policy: "", direction, rule: endOfTierRule }),
  );
  const times = ids.reduce((sum, id) => sum + (tally.byRule.get(id) ?? 0), 0);
  return { ...(defaultAction === "Deny" ? { denied: times } : {}), because: options.because };
}

export function cardOf({ policies, nodes, problems }: ClusterLook, policy: Policy, counts: ClusterCounts): PolicyCard {
  const { engine, kept, world } = policies;
  const own = kept.get(policy.id);
  const { reported, judged } = counts;
  const isStaged = policy.staged !== undefined;
  const rules = writtenRules(policy);
  const about = problems.get(policy.id) ?? [];
  const severity = (wanted: Problem["severity"]) => about.filter((problem) => problem.severity === wanted).length;
  return {
    id: policy.id,
    home: homeOf(own, policies.cluster),
    dialect: policy.dialect,
    kind: policy.kind,
    namespace: policy.namespace,
    name: policy.name,
    tier: policy.tier,
    ...(Number.isFinite(policy.order) ? { order: policy.order } : {}),
    ...(policy.staged === undefined ? {} : { staged: policy.staged }),
    directions: [...policy.directions],
    rules: {
      ingress: rules.filter(({ direction }) => direction === "ingress").length,
      egress: rules.filter(({ direction }) => direction === "egress").length,
    },
    selector: policy.selector.text,
    ...(isUnknown(world) ? {} : { endpoints: endpointCount(engine, policy.id) }),
    counts: isStaged
      ? countsOf(engine, policy, reported.staged, { ...reported.options, unknown: reported.stagedUnknown })
      : countsOf(engine, policy, reported.tally, reported.options),
    judged: countsOf(engine, policy, judged.tally, judged.options),
    problems: { errors: severity("error"), warnings: severity("warning"), notes: severity("note") },
    enforcement: own?.resource === undefined ? watched : enforcementOf(own.resource, nodes),
  };
}

const counted = new WeakMap<PolicyEngine, { readonly version: number; readonly counts: Map<string, number> }>();

/** Remembered until the engine changes: a board asks for every policy every few seconds. */
function endpointCount(engine: PolicyEngine, policy: string): number {
  const before = counted.get(engine);
  const kept =
    before?.version === engine.version ? before : { version: engine.version, counts: new Map<string, number>() };
  if (kept !== before) counted.set(engine, kept);
  const known = kept.counts.get(policy) ?? engine.endpointsOf(policy).length;
  kept.counts.set(policy, known);
  return known;
}

/** Nothing is known of who is there. */
export function isUnknown({ endpoints, incomplete }: ClusterPolicies["world"]): boolean {
  return endpoints.length === 0 && incomplete !== "";
}

export function homeOf(kept: KeptObject | undefined, cluster: string): PolicyCard["home"] {
  if (kept?.resource === undefined) return { kind: "cluster", cluster };
  const { scope, name, generation, author, time } = kept.resource;
  return { kind: "resource", scope, name, generation, author, time };
}

const severities = ["error", "warning", "note"] as const;

/** Errors first, else as they were found. */
export function problemsOf(problems: readonly Problem[]): readonly PolicyProblem[] {
  return severities.flatMap((wanted) =>
    problems
      .filter(({ severity }) => severity === wanted)
      .map(({ place, ...problem }) => ({ ...problem, file: place.file, document: place.document, line: place.line })),
  );
}

// The mock's answers about policies: board, one policy, preview, explain, trace, recommend, flows, schema.
import type {
  PolicyBoard,
  PolicyCard,
  PolicyCounts,
  PolicyNodeState,
} from "../../src/apps/server/contract/policy-shapes.ts";
import { refuseBySentinel, spanOf, windowOf, type Asked } from "./asked.ts";
import { explanationFor, ruleRefOf } from "./policy-explanations.ts";
import { previewOf, recommendationOf } from "./policy-proposals.ts";
import { idOf, type MockPolicy, mockPolicies, type MockRule, resourceNameOf } from "./policy-world.ts";
import { mockSchemas } from "./policy-schemas.ts";
import { Refusal } from "./refusal.ts";
import { actorNamed, actors } from "./world.ts";

const nodesOf = { local: ["laptop", "worker-1", "worker-2", "worker-3"], demo: ["demo-a"] } as const;
const tiers = [
  { name: "security", order: 500, defaultAction: "Pass" },
  { name: "kube-admin", order: 1000, defaultAction: "Pass" },
  { name: "cilium", order: 900_000, defaultAction: "Deny" },
  { name: "default", order: 1_000_000, defaultAction: "Deny" },
] as const;

const blind = "no agent told which policies judged a flow in this window";

/** Connections of a window, by a rate per hour. */
function times(asked: Asked, rate: number): number {
  const { since, until } = spanOf(asked);
  return Math.round((rate * (until - since)) / 3_600_000);
}

function isBlind(asked: Asked, cluster: string): boolean {
  return asked.sentinel === "blind" || cluster === "demo";
}

function countsOf(asked: Asked, rules: readonly MockRule[], unmatchedRate?: number): PolicyCounts {
  const sum = (action: string) =>
    times(
      asked,
      rules.filter((rule) => rule.action === action).reduce((total, { rate }) => total + rate, 0),
    );
  const unmatched = unmatchedRate === undefined ? {} : { unmatched: times(asked, unmatchedRate) };
  return { allowed: sum("Allow"), denied: sum("Deny"), ...unmatched, because: "" };
}

/** What a node that enforces tells beside its state: the proof. */
function statusOf(state: PolicyNodeState["state"]): Pick<PolicyNodeState, "status"> {
  if (state !== "enforced" && state !== "unproved") return {};
  const probe = { source: "pod/shop/checkout-0", address: "10.244.1.7", protocol: "tcp", port: 5432 } as const;
  const probes = [
    { ...probe, destination: "pod/shop/orders-db-0", expected: "allow", outcome: "open", isProved: true },
    {
      ...probe,
      source: "pod/web/blog-0",
      destination: "pod/shop/orders-db-0",
      expected: "deny",
      outcome: "timeout",
      isProved: true,
    },
  ] as const;
  return {
    status: {
      state,
      digest: "",
      policyGeneration: 2_718_281,
      endpoints: 1,
      receipt: { timeMs: Date.now() - 90_000, readBack: "", probes: state === "enforced" ? [...probes] : [] },
      counters: { allowed: 1000, denied: 12 },
      problems: [],
    },
  };
}

function nodeStates(policy: MockPolicy): PolicyNodeState[] {
  return nodesOf[policy.cluster].map((node, index) => {
    const state =
      policy.state === "mixed"
        ? ((["enforced", "unproved", "enforced", "waiting"] as const)[index] ?? "off")
        : policy.state;
    const words = {
      enforced: "rules read back; 1 allowed and 1 denied connections tried and proved",
      unproved: "rules read back; no connection was tried: no two ends of it are on this node",
      waiting: 'the agent is stale; its last word was "enforced"',
      preview: "compiled and checked; 3 live connections would be denied",
      refused: "policy/not-representable: kafka rules cannot be enforced",
      off: "enforcement is off",
    } as const;
    const because = (words as Readonly<Record<string, string>>)[state] ?? "";
    return { node, state, generation: 1, because, ...statusOf(state) };
  });
}

function cardOf(policy: MockPolicy, asked: Asked): PolicyCard {
  const nodes = nodeStates(policy);
  const states: PolicyCard["enforcement"]["states"] = {};
  for (const { state } of nodes) states[state] = (states[state] ?? 0) + 1;
  const severity = (wanted: string) => policy.problems.filter(([one]) => one === wanted).length;
  const { rules } = policy;
  return {
    id: idOf(policy),
    home: {
      kind: "resource",
      scope: `cluster/${policy.cluster}`,
      name: resourceNameOf(policy),
      generation: 1,
      author: "admin",
      time: new Date(asked.nowMs - 86_400_000).toISOString(),
    },
    dialect: policy.dialect,
    kind: policy.kind,
    namespace: policy.namespace,
    name: policy.name,
    tier: policy.tier,
    ...(policy.order === undefined ? {} : { order: policy.order }),
    ...(policy.staged === undefined ? {} : { staged: policy.staged }),
    directions: [...policy.directions],
    rules: {
      ingress: rules.filter(({ direction }) => direction === "ingress").length,
      egress: rules.filter(({ direction }) => direction === "egress").length,
    },
    selector: policy.selector,
    endpoints: endpointsOf(policy).length,
    counts: isBlind(asked, policy.cluster) ? { because: blind } : countsOf(asked, rules),
    judged: countsOf(asked, rules, policy.unmatchedRate),
    problems: { errors: severity("error"), warnings: severity("warning"), notes: severity("note") },
    enforcement: { states, nodes, omitted: 0 },
  };
}

function endpointsOf(policy: MockPolicy) {
  return policy.applies.flatMap((name) => {
    const actor = actorNamed(name);
    if (actor === undefined) return [];
    const pods = actor.kind === "Deployment" ? [`${name}-7c9d-0`, `${name}-7c9d-1`, `${name}-7c9d-2`] : [`${name}-0`];
    return pods.map((pod, index) => ({
      id: `pod/${actor.namespace}/${pod}`,
      kind: "workload",
      namespace: actor.namespace,
      name: pod,
      workload: `${actor.kind}/${name}`,
      node: actor.node,
      addresses: [actor.address.replace(/\d+$/, (last) => String(Number(last) + index * 40))],
    }));
  });
}

function problemsOf(policy: MockPolicy) {
  return policy.problems.map(([severity, message, path, line]) => ({
    severity,
    code: severity === "error" ? "policy/not-representable" : "lint/look",
    message,
    hint: severity === "error" ? "Leave the kafka rule out, or enforce it where Kafka is spoken." : "",
    object: idOf(policy),
    file: `cluster/${policy.cluster} ${resourceNameOf(policy)}`,
    document: 0,
    line,
    path,
  }));
}

function boardOf(cluster: "local" | "demo", asked: Asked): PolicyBoard {
  const policies = mockPolicies.filter((policy) => policy.cluster === cluster);
  const unknown = isBlind(asked, cluster);
  const inTier = (tier: string) => policies.filter((policy) => policy.tier === tier);
  return {
    cluster,
    simulated: cluster === "demo",
    tiers: tiers
      .filter(({ name }) => inTier(name).length > 0)
      .map((tier) => {
        const cards = inTier(tier.name).map((policy) => cardOf(policy, asked));
        const end = inTier(tier.name)
          .filter(({ staged }) => staged === undefined)
          .reduce((sum, { unmatchedRate }) => sum + unmatchedRate, 0);
        const counts = { denied: tier.defaultAction === "Deny" ? times(asked, end) : 0, because: "" };
        return {
          ...tier,
          end: { counts: unknown ? { because: blind } : counts, judged: counts },
          cards: cards.filter(({ staged }) => staged === undefined),
          staged: cards.filter(({ staged }) => staged !== undefined),
        };
      }),
    cardsOmitted: 0,
    enforcement:
      cluster === "local"
        ? { mode: "enforce", scope: "cluster/local", exceptions: [{ node: "laptop", mode: "preview" }] }
        : { mode: "off", scope: "", exceptions: [] },
    problems: policies.flatMap(problemsOf),
    problemsOmitted: 0,
    others: { networkSets: cluster === "local" ? 2 : 0, hostEndpoints: 0, profiles: 0 },
    generation: 2_718_281,
    world: {
      endpoints: actors.filter((actor) => actor.cluster === cluster && actor.namespace !== "host").length * 2,
      namespaces: cluster === "local" ? 4 : 1,
      incomplete: "",
      currentAt: new Date(asked.nowMs - 1200).toISOString(),
    },
  };
}

function policyBoard(asked: Asked) {
  refuseBySentinel(asked.sentinel);
  const wanted = asked.query["cluster"];
  const clusters = (["demo", "local"] as const).filter((name) => wanted === undefined || name === wanted);
  const boards = asked.sentinel === "empty" ? [] : clusters.map((name) => boardOf(name, asked));
  return { boards, boardsOmitted: 0, window: windowOf(asked) };
}

function policyNamed(asked: Asked): MockPolicy {
  const found = mockPolicies.find(
    (policy) => idOf(policy) === asked.query["id"] && policy.cluster === asked.query["cluster"],
  );
  if (found !== undefined) return found;
  throw new Refusal(`there is no policy ${asked.query["id"]} in ${asked.query["cluster"]}`, {
    code: "policy/no-such-policy",
    kind: "not-found",
    hint: "the board lists the policies that count in a cluster; one that is broken is among its problems",
  });
}

function policyDetail(asked: Asked) {
  refuseBySentinel(asked.sentinel);
  const policy = policyNamed(asked);
  const all = endpointsOf(policy);
  const from = Number(asked.query["cursor"] ?? 0);
  const limit = Number(asked.query["limit"] ?? 100);
  const unknown = isBlind(asked, policy.cluster);
  const indexOf = (rule: MockRule) =>
    policy.rules.filter(({ direction }) => direction === rule.direction).indexOf(rule);
  return {
    card: cardOf(policy, asked),
    manifest: policy.manifest,
    rules: [
      ...policy.rules.map((rule) => {
        const { direction, action, words, name = "" } = rule;
        const { ruleId } = ruleRefOf(policy, direction, indexOf(rule));
        const { unmatched: _, ...judged } = countsOf(asked, [rule]);
        return {
          direction,
          index: indexOf(rule),
          name,
          action,
          words,
          ruleId,
          counts: unknown ? { because: blind } : judged,
          judged,
        };
      }),
      ...policy.directions.map((direction) => ({
        direction,
        index: -1,
        name: "",
        action: policy.tier === "default" || policy.tier === "cilium" ? "Deny" : "Pass",
        words: `everything else: the end of the tier ${policy.tier}`,
        ruleId: ruleRefOf(policy, direction, -1).ruleId,
        counts: { because: "reported for the tier as a whole: see the board" },
        judged: { unmatched: times(asked, policy.unmatchedRate), because: "both directions together" },
      })),
    ],
    endpoints: {
      rows: all.slice(from, from + limit),
      total: all.length,
      ...(from + limit < all.length ? { next: String(from + limit) } : {}),
    },
    problems: problemsOf(policy),
    world: { endpoints: 26, incomplete: "" },
    window: windowOf(asked),
  };
}

function policyFlows(asked: Asked) {
  refuseBySentinel(asked.sentinel);
  const flow = {
    source: { endpoint: "pod/shop/checkout-7c9d-0", address: "" },
    destination: { endpoint: "pod/shop/orders-db-0", address: "" },
    protocol: 6,
    sourcePort: 0,
    destinationPort: 5432,
    connections: times(asked, 700),
    bytes: times(asked, 700_000),
    firstMs: spanOf(asked).since,
    lastMs: asked.nowMs - 2000,
    days: 1,
    verdict: "allow",
    sourceWorkload: "shop/Deployment/checkout",
    destinationWorkload: "shop/StatefulSet/orders-db",
  };
  const looked = { keys: 1, connections: flow.connections, omitted: 0 };
  return { flows: [flow], looked, window: windowOf(asked) };
}

export const policyAnswers = {
  policyBoard,
  policyDetail,
  policyFlows,
  policyPreview: previewOf,
  policyRecommend: recommendationOf,
  policyExplain: explanationFor.question,
  policyTrace: explanationFor.row,
  policyWorkload: () => ({
    pods: 3,
    hostNetworkPods: 0,
    ingress: {
      isIsolated: true,
      isAlike: true,
      tiers: [
        {
          tier: "default",
          policies: ["kubernetes/NetworkPolicy/shop/default-deny", "kubernetes/NetworkPolicy/shop/orders-db"],
        },
      ],
      podsLeftOut: 0,
    },
    egress: {
      isIsolated: false,
      isAlike: true,
      tiers: [{ tier: "kube-admin", policies: ["cluster/ClusterNetworkPolicy/-/no-metadata-service"] }],
      podsLeftOut: 0,
    },
    world: { endpoints: 22, incomplete: "" },
  }),
  policySchema: () => ({ kinds: mockSchemas }),
};

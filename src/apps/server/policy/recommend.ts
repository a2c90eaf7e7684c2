// Policies that allow what was recorded and nothing else, as manifests in a person's dialect, each rule with its evidence.
import { stringify } from "yaml";
import type { z } from "zod";
import { formatInstant } from "../../../base/instant.ts";
import { recommend } from "../../../core/policy/recommend/recommend.ts";
import type { Evidence, HeldEdge, RecommendedPolicy } from "../../../core/policy/recommend/recommendation.ts";
import { writeDraft } from "../../../core/policy/write/write-draft.ts";
import type { policy } from "../contract/policy.ts";
import { policyLimits } from "../contract/policy-shapes.ts";
import type { AnsweringParts } from "./preview.ts";
import { draftPorts, peerWords, wordsOfDraft } from "./rule-words.ts";
import { recordedFlows } from "./window-counts.ts";

type Asked = z.infer<(typeof policy)["policyRecommend"]["body"]>;
type Recommended = z.infer<(typeof policy)["policyRecommend"]["response"]>;

export async function recommended({ desk, queries }: AnsweringParts, body: Asked): Promise<Recommended> {
  const { cluster, namespace, workload, dialect, per, approve, ...asked } = body;
  const policies = await desk.of(cluster);
  const { world } = policies;
  // All of the cluster's: who scans shows in what it tries elsewhere.
  const recorded = await recordedFlows(queries, policies, { ...asked, q: "", limit: policyLimits.flowsMax });
  const found = recommend(recorded.flows, world, {
    per,
    approve,
    namespaces: [namespace],
    ...(workload === "" ? {} : { workloads: [workload] }),
    // Kubernetes' own policies cannot name names.
    names: dialect !== "kubernetes",
  });
  const shown = found.policies.slice(0, policyLimits.recommendationsMax);
  return {
    policies: shown.map((one) => shownPolicy(one, dialect)),
    policiesOmitted: found.policies.length - shown.length,
    held: found.held.slice(0, policyLimits.heldMax).map(shownHeld),
    ...(found.approvedUnknown.length === 0 ? {} : { approvedUnknown: [...found.approvedUnknown] }),
    heldOmitted: Math.max(0, found.held.length - policyLimits.heldMax),
    leftOut: found.leftOut
      .slice(0, policyLimits.problemsMax)
      .map(({ because, flows, connections }) => ({ because, keys: flows, connections })),
    notes: [...found.notes],
    flows: recorded.looked,
    world: { endpoints: world.endpoints.length, incomplete: world.incomplete },
    window: { ...recorded.window, partial: recorded.because !== "", partialBecause: recorded.because },
  };
}

function shownPolicy(
  { draft, workloads, rules, notes }: RecommendedPolicy,
  dialect: Asked["dialect"],
): Recommended["policies"][number] {
  const written = writeDraft(draft, dialect);
  return {
    workloads: [...workloads],
    manifest: written.manifests.map((manifest) => stringify(manifest)).join("---\n"),
    rules: rules.map(({ rule, from, evidence, confidence }) => ({
      direction: rule.direction,
      words: wordsOfDraft(rule),
      from,
      ...(evidence === undefined ? {} : { evidence: shownEvidence(evidence) }),
      confidence,
    })),
    notes: [...notes, ...written.notes],
  };
}

function shownHeld({
  key,
  workloads,
  direction,
  peer,
  port,
  because,
  evidence,
}: HeldEdge): Recommended["held"][number] {
  const words = `${direction === "ingress" ? "from" : "to"} ${peerWords(peer)} ${draftPorts([port])}`;
  return { key, workloads: [...workloads], direction, words, because, evidence: shownEvidence(evidence) };
}

function shownEvidence({ flows, connections, bytes, firstMs, lastMs, days }: Evidence) {
  const times = { firstAt: formatInstant(firstMs), lastAt: formatInstant(lastMs) };
  return { keys: flows, connections, bytes, days, ...times };
}

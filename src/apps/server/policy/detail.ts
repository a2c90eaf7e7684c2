// One policy: as it was written, its rules in words with their counters, whom it applies to, and what nodes say of it.
import { stringify } from "yaml";
import { Fault } from "../../../base/fault.ts";
import { endOfTierRule } from "../../../core/policy/evaluate/rule-ids.ts";
import type { Policy } from "../../../core/policy/model.ts";
import { policyLimits } from "../contract/policy-shapes.ts";
import type { PolicyCounts } from "../contract/policy-shapes.ts";
import { type BoardParts, cardOf, type ClusterLook, lookAt, problemsOf } from "./board.ts";
import { wordsOf } from "./rule-words.ts";
import { ruleIdOf, writtenRules } from "./tally.ts";
import type { ClusterCounts, WindowAsked } from "./window-counts.ts";

export interface DetailAsked extends WindowAsked {
  readonly cluster: string;
  readonly id: string;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Throws Fault "policy/no-such-policy", "policy/bad-cursor". */
export async function detailOf(parts: BoardParts, { cluster, id, limit, cursor, ...asked }: DetailAsked) {
  const offset = offsetOf(cursor);
  const look = await lookAt(parts, cluster);
  const { parsed, engine, kept, world } = look.policies;
  const policy = parsed.set.policies.find((one) => one.id === id);
  if (policy === undefined) throw noSuchPolicy(cluster, id);
  const { byCluster, window } = await parts.counts.of([look.policies], asked);
  const counts = byCluster.get(cluster);
  if (counts === undefined) throw noSuchPolicy(cluster, id);
  const endpoints = engine.endpointsOf(id);
  const next = offset + limit < endpoints.length ? { next: String(offset + limit) } : {};
  return {
    card: cardOf(look, policy, counts),
    manifest: stringify(kept.get(id)?.manifest.manifest ?? {}),
    rules: rulesOf(look, policy, counts),
    endpoints: {
      rows: endpoints.slice(offset, offset + limit).map((endpoint) => rowOf(look, endpoint)),
      total: endpoints.length,
      ...next,
    },
    problems: [...problemsOf(look.problems.get(id) ?? [])].slice(0, policyLimits.problemsMax),
    world: { endpoints: world.endpoints.length, incomplete: world.incomplete },
    window,
  };
}

function offsetOf(cursor: string | undefined): number {
  const offset = Number(cursor ?? "0");
  if (Number.isSafeInteger(offset) && offset >= 0) return offset;
  throw new Fault("the cursor is not one of ours", { code: "policy/bad-cursor", kind: "usage", where: "cursor" });
}

export function noSuchPolicy(cluster: string, id: string): Fault {
  return new Fault(`there is no policy ${JSON.stringify(id.slice(0, 200))} in ${cluster}`, {
    code: "policy/no-such-policy",
    kind: "not-found",
    where: "id",
    hint: "the board lists the policies that count in a cluster; one that is broken is among its problems",
  });
}

function rulesOf({ policies }: ClusterLook, policy: Policy, counts: ClusterCounts) {
  const { engine } = policies;
  const rules = writtenRules(policy).map(({ direction, rule }) => {
    const ruleId = ruleIdOf(engine, policy, direction, rule.written);
    const words = wordsOf(policy, direction, rule.written);
    const { name, action, written: index } = rule;
    return { direction, index, name, action, words, ruleId, ...numbersOf(policy, ruleId, action, counts) };
  });
  return [...rules, ...endsOf({ policies } as ClusterLook, policy, counts)];
}

function numbersOf(policy: Policy, ruleId: number, action: string, { reported, judged }: ClusterCounts) {
  const key = action === "Deny" ? "denied" : "allowed";
  const of = (times: number | undefined, because: string, unknown: string): PolicyCounts => {
    if (unknown !== "") return { because: unknown };
    // Pass and Log decide nothing.
    return action === "Allow" || action === "Deny" ? { [key]: times ?? 0, because } : { because };
  };
  const isStaged = policy.staged !== undefined;
  const tally = isStaged ? reported.staged : reported.tally;
  const unknown = isStaged ? reported.stagedUnknown : reported.options.unknown;
  return {
    counts: of(tally.byRule.get(ruleId), reported.options.because, unknown),
    judged: of(judged.tally.byRule.get(ruleId), judged.options.because, judged.options.unknown),
  };
}

/** The tier's end, where no rule matched: it is everybody's who is in the tier, so only what was worked out is this policy's. */
function endsOf({ policies }: ClusterLook, policy: Policy, { judged }: ClusterCounts) {
  const tier = policies.parsed.set.tiers.find(({ name }) => name === policy.tier);
  const isDeny = tier?.defaultAction !== "Pass";
  if (!policy.endsTier) return [];
  const unmatched = judged.tally.unmatched.get(policy.id) ?? 0;
  const unknown = judged.options.unknown;
  return policy.directions.map((direction) => ({
    direction,
    index: endOfTierRule,
    name: "",
    action: isDeny ? ("Deny" as const) : ("Pass" as const),
    words: `everything else: the end of the tier ${policy.tier}`,
    ruleId: policies.engine.ruleIdOf({ tier: policy.tier, policy: "", direction, rule: endOfTierRule }),
    counts: { because: "reported for the tier as a whole: see the board" },
    judged:
      unknown !== ""
        ? { because: unknown }
        : {
            unmatched,
            because: ["both directions together", judged.options.because].filter((text) => text !== "").join("; "),
          },
  }));
}

function rowOf({ policies }: ClusterLook, id: string) {
  const endpoint = policies.engine.endpoint(id);
  const thing = policies.engine.thing(id);
  return {
    id,
    kind: thing?.kind ?? "",
    namespace: endpoint?.namespace ?? "",
    name: endpoint?.name ?? id.slice(id.indexOf("/") + 1),
    workload: endpoint?.workload ?? "",
    node: endpoint?.node ?? "",
    addresses: [...(thing?.addresses ?? [])],
  };
}

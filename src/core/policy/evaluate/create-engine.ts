// Makes a policy engine: one policy set over one world, indexed, changed in place. The contract is engine.ts.
import { Enforcement } from "../../../model/enforcement.ts";
import type { FlowVerdict } from "../../../model/policy-verdict.ts";
import type { Direction, EndpointKind, Policy, PolicySet } from "../model.ts";
import type { Selector } from "../selector/selector.ts";
import type { World } from "../world.ts";
import { eachBit, hasBit } from "./bits.ts";
import type { Lane, PolicyClass, PolicyEngine, Thing } from "./engine.ts";
import { explain } from "./explain.ts";
import { generationOf } from "./generation.ts";
import { policiesOf } from "./groups.ts";
import { hashText, hexOf } from "./hash.ts";
import type { OrderedPolicy } from "./ordered-policies.ts";
import { kindBits, maskOf, type Row } from "./rows.ts";
import { matcherOf } from "./selector-parts.ts";
import { createJudgements } from "./judgements.ts";
import { createJudge, type FailsafeLists } from "./verdicts.ts";
import { createWorldIndex, policyKinds, type WorldIndex } from "./world-index.ts";

export interface PolicyEngineOptions {
  readonly set: PolicySet;
  readonly world: World;
  /** Ports of host endpoints that are allowed before any policy; default those of model/enforcement.ts. */
  readonly failsafe?: FailsafeLists;
}

export function createPolicyEngine({ set, world, failsafe }: PolicyEngineOptions): PolicyEngine {
  const state = createWorldIndex(set, world);
  const judge = createJudge(state, failsafe ?? Enforcement.parse({}).failsafe);
  const judgements = createJudgements(state, judge);
  let version = 1;
  let byNamespace: ReadonlyMap<string, readonly Row[]> | undefined;
  const rowsOf = (namespace: string) => {
    byNamespace ??= Map.groupBy(state.rows.all(), (row) => row.endpoint?.namespace ?? "");
    return byNamespace.get(namespace) ?? [];
  };
  const changed = () => {
    version += 1;
    judgements.forget();
    byNamespace = undefined;
  };
  let generation: number | undefined;

  const evaluate = (flow: Parameters<PolicyEngine["evaluate"]>[0], lane: Lane = "enforced"): FlowVerdict =>
    judge.flow(state.ends.question(flow), { lane, isRecorded: false });

  return {
    get set() {
      return state.set;
    },
    get generation() {
      return (generation ??= generationOf(state.set));
    },
    get version() {
      return version;
    },
    get ranges() {
      return state.world.ranges;
    },
    get incomplete() {
      return state.world.incomplete;
    },
    evaluate,
    judge: (flow, lane = "enforced") => judgements.judge(flow, lane),
    explain: (flow, options) => explain({ state, judge, flow, nearestMax: options?.nearestMax, rowsOf }),
    change(change) {
      changed();
      state.change(change);
    },
    setWorld(part) {
      changed();
      state.setWorld(part);
    },
    setPolicies(next) {
      changed();
      generation = undefined;
      state.setPolicies(next);
    },
    ...createView(state),
    rule: (ruleId) => state.ids.rule(ruleId),
    ruleIdOf: (at) => state.ids.refOf(at).ruleId,
  };
}

type View = Pick<
  PolicyEngine,
  "thing" | "endpoint" | "service" | "things" | "selected" | "idsSelected" | "endpointsOf" | "classOf"
>;

/** What compilers, lint and the server look up. */
function createView(state: WorldIndex): View {
  let byIdOf: PolicySet | undefined;
  let byId: ReadonlyMap<string, Policy> = new Map();
  return {
    thing: (id) => thingOf(state.rows.get(id)),
    endpoint: (id) => state.rows.get(id)?.endpoint,
    service: (namespace, name) => state.service(namespace, name),
    *things() {
      for (const row of state.rows.all()) yield thingOf(row) as Thing;
    },
    selected: (selector, kinds) => selectedRows(state, selector, kinds).map((row) => thingOf(row) as Thing),
    idsSelected: (selector, kinds) => selectedIds(state, selector, kinds),
    endpointsOf(id) {
      if (byIdOf !== state.set) {
        byIdOf = state.set;
        byId = new Map(state.set.policies.map((policy) => [policy.id, policy]));
      }
      const policy = byId.get(id);
      const entry = policy === undefined ? undefined : state.index.get(policy.selector, policyKinds(policy));
      const ids: string[] = [];
      if (entry !== undefined) eachBit(entry.bits, (slot) => ids.push(state.rows.at(slot)?.id ?? ""));
      return ids.sort();
    },
    classOf(endpoint, direction, lane = "enforced") {
      const group = state.rows.get(endpoint)?.group;
      if (group === undefined) return undefined;
      return classOf(
        policiesOf(group).map((position) => state.ordered[position] as OrderedPolicy),
        direction,
        lane,
      );
    },
  };
}

function thingOf(row: Row | undefined): Thing | undefined {
  if (row === undefined) return undefined;
  const { id, kind, labels, addresses } = row;
  return { id, kind, labels: Object.fromEntries(labels), addresses };
}

function selectedRows(state: WorldIndex, selector: Selector, kinds: readonly EndpointKind[]): readonly Row[] {
  const mask = maskOf(kinds);
  const entry = state.index.get(selector, mask);
  const test = matcherOf(selector.node);
  return [...state.rows.all()].filter((row) =>
    entry === undefined ? (kindBits[row.kind] & mask) !== 0 && test(row.labels) : hasBit(entry.bits, row.slot),
  );
}

/** Reads the selector's bits, where it has some, instead of looking at all rows. */
function selectedIds(state: WorldIndex, selector: Selector, kinds: readonly EndpointKind[]): readonly string[] {
  const entry = state.index.get(selector, maskOf(kinds));
  if (entry === undefined) return selectedRows(state, selector, kinds).map((row) => row.id);
  const ids: string[] = [];
  eachBit(entry.bits, (slot) => {
    const row = state.rows.at(slot);
    if (row !== undefined) ids.push(row.id);
  });
  return ids;
}

function classOf(policies: readonly OrderedPolicy[], direction: Direction, lane: Lane): PolicyClass {
  const tiers: { tier: string; policies: string[]; endsTier: boolean }[] = [];
  for (const { policy, tier, lanes } of policies) {
    if (!lanes[lane] || !policy.directions.includes(direction)) continue;
    let last = tiers.at(-1);
    if (last?.tier !== tier.name) tiers.push((last = { tier: tier.name, policies: [], endsTier: false }));
    last.policies.push(policy.id);
    if (policy.endsTier && !policy.doNotTrack && !policy.preDnat) last.endsTier = true;
  }
  const text = `${direction} ${tiers.flatMap((each) => [each.tier, ...each.policies]).join(" ")}`;
  return { id: hexOf(hashText(text)) + hexOf(hashText(text, 0x9747b28c)), direction, tiers };
}

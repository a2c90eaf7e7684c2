// Makes rulesets for nf_tables from what the policy engine knows: only policies that apply to endpoints of this node, and only the sets they read.
// Whatever did not change since the last time is the same object. The same engine and settings give the same ruleset, whatever came before.
import type { PolicyEngine } from "../evaluate/engine.ts";
import type { Direction, Policy, PolicyProblem, PolicySet } from "../model.ts";
import { baseChains } from "./base-chains.ts";
import type { KnownAddress } from "./addresses.ts";
import { type Sum, digestText, replacedSum, rulesetSum } from "./digest.ts";
import { elementText } from "./element-text.ts";
import { families } from "./expressions.ts";
import { hostRules } from "./host-endpoints.ts";
import { type Members, createMembers } from "./members.ts";
import type { NftChain, NftRuleset, NftSet } from "./nft/ruleset.ts";
import { placeProblems, posablePolicies } from "./place-problems.ts";
import {
  type ChainNames,
  type PlaceElement,
  type PlaceSets,
  createPlaceSets,
  ensureFrame,
  placeElements,
  putDns,
} from "./places.ts";
import {
  type Artifact,
  type ChainMaker,
  type Draft,
  compileArtifact,
  emptyDraft,
  workloadChain,
  workloadClass,
  workloadClassName,
} from "./policy-chains.ts";
import {
  type LocalPlace,
  type CompileSettings,
  type CompiledPolicies,
  type DomainSet,
  type WorldChange,
  dnsLiveSet,
  tableName,
} from "./settings.ts";
import { type StaticSets, createStaticSets, domainSetName } from "./static-sets.ts";

export interface NftCompiler {
  /**
   * The ruleset that enforces the engine's policies for the local endpoints. `change`: all that changed in the world since the last call (the policy
   * set may have changed as well); without it everything is looked at.
   */
  compile(engine: PolicyEngine, settings: CompileSettings, change?: WorldChange): CompiledPolicies;
}

interface LocalState {
  readonly place: LocalPlace;
  readonly addresses: readonly KnownAddress[];
  readonly chains: ChainNames;
  readonly hasHosts: boolean;
  readonly sharedLinks: CompileSettings["sharedLinks"];
  readonly elements: readonly PlaceElement[];
}

/** The same elements as before, as long as nothing that makes them changed. */
function localState(known: LocalState | undefined, parts: Omit<LocalState, "elements">): LocalState {
  const { place, addresses, chains } = parts;
  const isSame =
    known !== undefined &&
    known.addresses === addresses &&
    known.place.interfaceName === place.interfaceName &&
    known.hasHosts === parts.hasHosts &&
    known.sharedLinks === parts.sharedLinks &&
    known.chains.egress === chains.egress &&
    known.chains.ingress === chains.ingress;
  return isSame ? known : { ...parts, elements: [...placeElements(place, addresses, parts)] };
}

/** What the last compilation left. */
interface Built {
  readonly engine: PolicyEngine;
  readonly set: PolicySet;
  /** Settings but for `local`, and what of the world rules were compiled by, as text. */
  readonly frame: string;
  readonly settings: CompileSettings;
  /** `settings.local` by endpoint. */
  readonly now: ReadonlyMap<string, LocalPlace>;
  readonly local: Map<string, LocalState>;
  /** How many local endpoints go through a chain. */
  readonly uses: Map<string, number>;
  readonly places: PlaceSets;
  /** Policies of which it was said that their endpoints may be posed as. */
  readonly posable: ReadonlySet<string>;
  readonly draft: Draft;
  readonly sets: Map<string, NftSet>;
  readonly sum: Sum;
  readonly result: CompiledPolicies;
}

interface Workshop {
  readonly members: Members;
  readonly statics: StaticSets;
  readonly artifacts: Map<string, { policy: Policy; epoch: number; ids: string; artifact: Artifact }>;
  epoch: number;
}

export function createNftCompiler(): NftCompiler {
  const shop: Workshop = { members: createMembers(), statics: createStaticSets(), artifacts: new Map(), epoch: 0 };
  let built: Built | undefined;
  return {
    compile(engine, settings, change) {
      const last = built;
      const frame = frameText(engine, settings);
      // Profiles lend labels to endpoints: another profile is a change of the world that nobody described.
      const isProfiled = last?.set !== engine.set && labelsText(last?.set) !== labelsText(engine.set);
      if (last === undefined || change === undefined || last.engine !== engine || isProfiled) {
        shop.members.reset(engine);
        shop.epoch += 1;
        built = build(shop, engine, settings, { frame, before: last });
        return built.result;
      }
      const objects = last.set === engine.set ? [] : shop.members.changedObjects(engine);
      const isReshaped = shop.members.update(engine, [...new Set([...change.endpoints, ...objects])]);
      if (isReshaped || frame !== last.frame || objects.length > 0) shop.epoch += 1;
      const isQuiet = last.set === engine.set && !isReshaped && frame === last.frame && last.draft.domains.size === 0;
      built =
        (isQuiet ? moved(shop, last, settings, change.endpoints) : undefined) ??
        build(shop, engine, settings, { frame, before: last });
      return built.result;
    },
  };
}

function labelsText(set: PolicySet | undefined): string {
  return JSON.stringify(set?.profiles.map(({ name, labelsToApply }) => [name, labelsToApply]));
}

function hasHostEndpoints(engine: PolicyEngine, { node }: CompileSettings): boolean {
  return engine.set.hostEndpoints.some((endpoint) => endpoint.node === node);
}

function frameText(engine: PolicyEngine, settings: CompileSettings): string {
  const { local: _local, ...rest } = settings;
  return JSON.stringify([rest, engine.incomplete, engine.ranges]);
}

function build(
  shop: Workshop,
  engine: PolicyEngine,
  settings: CompileSettings,
  { frame, before }: { readonly frame: string; readonly before: Built | undefined },
): Built {
  const draft = emptyDraft();
  const maker = makerOf(shop, engine, settings, draft);
  const places = createPlaceSets();
  const local = new Map<string, LocalState>();
  const hasHosts = hasHostEndpoints(engine, settings);
  const uses = new Map<string, number>();
  const posable = new Set<string>();
  const chainOf = (id: string, direction: Direction) =>
    workloadChain(maker, workloadClass(engine, id, direction), direction);
  for (const place of [...settings.local].sort((a, b) => (a.endpoint < b.endpoint ? -1 : 1))) {
    const chains = { egress: chainOf(place.endpoint, "egress"), ingress: chainOf(place.endpoint, "ingress") };
    const addresses = shop.members.addressesOf(place.endpoint);
    const parts = { place, addresses, chains, hasHosts, sharedLinks: settings.sharedLinks };
    const state = localState(before?.local.get(place.endpoint), parts);
    for (const [name, element] of state.elements) places.put(name, element);
    use(uses, chains, 1);
    local.set(place.endpoint, state);
    for (const policy of posablePolicies(engine, state, settings)) posable.add(policy);
  }
  const host = hostRules(maker, settings);
  const domainSets = domainSetsOf(engine, settings, draft);
  const clients = [...new Set(domainSets.flatMap((set) => set.clients))];
  ensureFrame(places);
  putDns(places, { members: shop.members, settings, clients });
  const chains = chainsOf(draft, baseChains({ has: places.has, settings, host }), before);
  const old = before?.sets ?? new Map<string, NftSet>();
  const sets = new Map<string, NftSet>();
  for (const set of [...usedSets(shop, draft), ...places.finish(old)]) sets.set(set.name, set);
  if (settings.dns?.failMode === "open" && clients.length > 0) sets.set(dnsLive.name, dnsLive);
  shop.members.sweep(draft.usedMembers);
  shop.statics.sweep(draft.usedStatics);
  const present = new Set(engine.set.policies);
  for (const [key, { policy }] of shop.artifacts) if (!present.has(policy)) shop.artifacts.delete(key);
  const { ruleset, sum } = resultOf({ sets, chains, old });
  const problems = sortedProblems([
    ...draft.problems,
    ...placeProblems(engine, { posable, conflicts: places.conflicts }),
  ]);
  const result = { ruleset, problems, domainSets, generation: engine.generation };
  const now = new Map(settings.local.map((place) => [place.endpoint, place]));
  return { engine, set: engine.set, frame, settings, now, local, uses, places, posable, draft, sets, sum, result };
}

const dnsLive: NftSet = {
  name: dnsLiveSet,
  key: ["inet_proto"],
  interval: false,
  timeout: true,
  isMap: false,
  elements: [],
  version: 1,
  isDynamic: true,
};

function makerOf(shop: Workshop, engine: PolicyEngine, settings: CompileSettings, draft: Draft): ChainMaker {
  const policies = new Map(engine.set.policies.map((policy) => [policy.id, policy]));
  const frame = { engine, members: shop.members, statics: shop.statics, log: settings.log };
  const artifactOf = (policy: Policy, direction: Direction): Artifact => {
    const key = `${direction}|${policy.id}`;
    const ids = policy[direction]
      .map(({ written }) => engine.ruleIdOf({ tier: policy.tier, policy: policy.id, direction, rule: written }))
      .join();
    const known = shop.artifacts.get(key);
    if (known !== undefined && known.policy === policy && known.epoch === shop.epoch && known.ids === ids)
      return known.artifact;
    const artifact = compileArtifact(frame, policy, direction);
    shop.artifacts.set(key, { policy, epoch: shop.epoch, ids, artifact });
    return artifact;
  };
  return { frame, draft, artifactOf, policy: (id) => policies.get(id) };
}

function usedSets(shop: Workshop, draft: Draft): readonly NftSet[] {
  const sets: NftSet[] = [];
  for (const set of draft.usedMembers)
    for (const family of families) if (family === 4 || shop.members.hasIpv6()) sets.push(set.setOf(family));
  for (const name of draft.usedStatics) {
    const set = shop.statics.get(name);
    if (set !== undefined) sets.push(set);
  }
  return sets;
}

/** Sorted by name; equal chains are the objects that were there before. */
function chainsOf(draft: Draft, base: readonly NftChain[], before: Built | undefined): readonly NftChain[] {
  const old = new Map(before?.result.ruleset.chains.map((chain) => [chain.name, chain]));
  return [...base, ...draft.chains.values()]
    .map((chain) => {
      const known = old.get(chain.name);
      return known !== undefined && isSame(known, chain) ? known : chain;
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function isSame(a: NftChain, b: NftChain): boolean {
  if (a.rules.length !== b.rules.length || JSON.stringify(a.base) !== JSON.stringify(b.base)) return false;
  return a.rules === b.rules || a.rules.every((rule, index) => rule === b.rules[index]) || textOf(a) === textOf(b);
}

const texts = new WeakMap<NftChain, string>();

function textOf(chain: NftChain): string {
  const known = texts.get(chain);
  if (known !== undefined) return known;
  const text = JSON.stringify(chain.rules);
  texts.set(chain, text);
  return text;
}

function domainSetsOf(engine: PolicyEngine, settings: CompileSettings, draft: Draft): readonly DomainSet[] {
  const here = new Set(settings.local.map(({ endpoint }) => endpoint));
  return [...draft.domains.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { names, rules }]) => {
      const list = [...rules].map(([ruleId, policy]) => ({ policy, ruleId })).sort((a, b) => a.ruleId - b.ruleId);
      const clients = new Set(list.flatMap(({ policy }) => engine.endpointsOf(policy).filter((id) => here.has(id))));
      return {
        set4: domainSetName(names, 4),
        set6: domainSetName(names, 6),
        names,
        rules: list,
        clients: [...clients].sort(),
      };
    });
}

function sortedProblems(problems: readonly PolicyProblem[]): readonly PolicyProblem[] {
  const byText = new Map(problems.map((problem) => [`${problem.object}|${problem.path}|${problem.message}`, problem]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, problem]) => problem);
}

interface ResultParts {
  readonly sets: ReadonlyMap<string, NftSet>;
  readonly chains: readonly NftChain[];
  readonly old: ReadonlyMap<string, NftSet>;
}

function resultOf({ sets, chains, old }: ResultParts): { readonly ruleset: NftRuleset; readonly sum: Sum } {
  const list = [...sets.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const sum = rulesetSum(list, chains, old);
  return {
    ruleset: { table: { family: "inet", name: tableName }, digest: digestText(sum), sets: list, chains },
    sum,
  };
}

/** The ruleset with some sets replaced, which were there before. */
function withSets(last: Built, sets: readonly NftSet[]): Pick<Built, "sets" | "sum" | "result"> {
  const replaced: (readonly [NftSet, NftSet])[] = [];
  for (const set of sets) {
    const before = last.sets.get(set.name);
    if (before !== undefined && before !== set) replaced.push([before, set]);
  }
  const after = new Map(replaced);
  const { ruleset } = last.result;
  const sum = replacedSum(last.sum, replaced);
  const list = replaced.length === 0 ? ruleset.sets : ruleset.sets.map((set) => after.get(set) ?? set);
  for (const [, set] of replaced) last.sets.set(set.name, set);
  return {
    sets: last.sets,
    sum,
    result: { ...last.result, ruleset: { ...ruleset, digest: digestText(sum), sets: list } },
  };
}

function use(uses: Map<string, number>, { egress, ingress }: ChainNames, by: 1 | -1): void {
  uses.set(egress, (uses.get(egress) ?? 0) + by);
  uses.set(ingress, (uses.get(ingress) ?? 0) + by);
}

/** Which local endpoints changed: those told, and those that came, went or moved to another interface. */
function touched(last: Built, settings: CompileSettings, changed: readonly string[]) {
  const isSameList = settings.local === last.settings.local;
  const now = isSameList ? last.now : new Map(settings.local.map((place) => [place.endpoint, place]));
  const ids = new Set(changed.filter((id) => now.has(id) || last.local.has(id)));
  if (!isSameList) {
    for (const [id, place] of now) if (last.local.get(id)?.place.interfaceName !== place.interfaceName) ids.add(id);
    for (const id of last.local.keys()) if (!now.has(id)) ids.add(id);
  }
  return { now, ids: [...ids].sort() };
}

/** Only some endpoints changed, and no chain with them: sets take the difference. Undefined when it is not as simple as that. */
function moved(shop: Workshop, last: Built, settings: CompileSettings, changed: readonly string[]): Built | undefined {
  const { engine, local, uses } = last;
  const { now, ids } = touched(last, settings, changed);
  const hasHosts = hasHostEndpoints(engine, settings);
  const deleted: PlaceElement[] = [];
  const added: PlaceElement[] = [];
  const left: string[] = [];
  const chainOf = (id: string, direction: Direction) =>
    workloadClassName(workloadClass(engine, id, direction), direction);
  for (const id of ids) {
    const before = local.get(id);
    const place = now.get(id);
    local.delete(id);
    if (before !== undefined) {
      deleted.push(...before.elements);
      left.push(before.chains.egress, before.chains.ingress);
      use(uses, before.chains, -1);
    }
    if (place === undefined) continue;
    const chains = { egress: chainOf(id, "egress"), ingress: chainOf(id, "ingress") };
    const parts = { place, chains, hasHosts, sharedLinks: last.settings.sharedLinks };
    const state = localState(before, { ...parts, addresses: shop.members.addressesOf(id) });
    // It was not said of a policy yet that its endpoints may be posed as.
    if (posablePolicies(engine, state, settings).some((policy) => !last.posable.has(policy))) return undefined;
    // A chain that nobody went through is not there.
    if (Object.values(chains).some((chain) => chain !== "" && !uses.has(chain))) return undefined;
    use(uses, chains, 1);
    local.set(id, state);
    added.push(...state.elements);
  }
  // A chain that nobody goes through any more must go.
  if (local.size === 0 || left.some((chain) => chain !== "" && (uses.get(chain) ?? 0) <= 0)) return undefined;
  const conflicts = last.places.conflicts.size;
  const changedSets = last.places.move(difference(deleted, added), last.sets);
  if (changedSets === undefined || last.places.conflicts.size !== conflicts) return undefined;
  return { ...last, settings, now, ...withSets(last, [...usedSets(shop, last.draft), ...changedSets]) };
}

/** What is in both is no change. */
function difference(deleted: readonly PlaceElement[], added: readonly PlaceElement[]) {
  const text = ([name, element]: PlaceElement) => `${name}|${elementText(element)}`;
  const out = new Set(deleted.map(text));
  const into = new Set(added.map(text));
  return {
    deleted: deleted.filter((each) => !into.has(text(each))),
    added: added.filter((each) => !out.has(text(each))),
  };
}

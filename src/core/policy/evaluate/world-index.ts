// The indexed world of one policy set: rows with labels and addresses, what selectors select of them, and each row's group of policies.
// All changes go through here, so that bits, groups and addresses are always of one moment.
import { assert } from "../../../base/assert.ts";
import type { Policy, PolicySet } from "../model.ts";
import type { World, WorldEndpoint, WorldService } from "../world.ts";
import { eachBit } from "./bits.ts";
import { createEndBook, type EndBook, type EndFacts } from "./ends.ts";
import { createGroupTree, type GroupTree } from "./groups.ts";
import { orderedPolicies, type OrderedPolicy } from "./ordered-policies.ts";
import { createProgramMaker, type ProgramMaker } from "./programs.ts";
import { createRuleIds, type RuleIds } from "./rule-ids.ts";
import { createRuleMaker, wantedOf } from "./rules.ts";
import { createRowTable, kindBits, maskOf, type Row, type RowTable } from "./rows.ts";
import { createSelectorIndex, type SelectorEntry, type SelectorIndex, type WantedSelector } from "./selector-index.ts";
import { createRowMaker, type RowMaker } from "./world-rows.ts";

export const indexLimits = {
  /** So many endpoints in one change are indexed all together instead of one by one. */
  changedOneByOneMax: 1000,
  /** Nodes of the tree of groups beyond one per row, before it is made anew. */
  spareGroupsMax: 100_000,
} as const;

/** What a policy's selector may select as its subject. */
const subjectKinds = kindBits.workload | kindBits.hostEndpoint | kindBits.node;

export interface WorldIndex {
  readonly rows: RowTable;
  readonly index: SelectorIndex;
  readonly ends: EndBook;
  readonly set: PolicySet;
  readonly world: Omit<World, "endpoints">;
  readonly ordered: readonly OrderedPolicy[];
  readonly ids: RuleIds;
  readonly maker: ProgramMaker;
  readonly service: (namespace: string, name: string) => WorldService | undefined;
  change(change: { readonly put?: readonly WorldEndpoint[]; readonly remove?: readonly string[] }): void;
  setWorld(world: Partial<World>): void;
  setPolicies(set: PolicySet): void;
}

export function policyKinds({ kinds, doNotTrack, preDnat }: Policy): number {
  const mask = maskOf(kinds) & subjectKinds;
  // Only host endpoints have a place before tracking and translation.
  return doNotTrack || preDnat ? mask & kindBits.hostEndpoint : mask;
}

/** What the parts below share; only they change it. */
interface Inner {
  set: PolicySet;
  world: Omit<World, "endpoints">;
  services: ReadonlyMap<string, WorldService>;
  makeRow: RowMaker;
  policies: PolicySide | undefined;
  namedSets: readonly Row[];
  readonly rows: RowTable;
  readonly index: SelectorIndex;
  readonly ends: EndBook;
  readonly tree: GroupTree;
}

export function createWorldIndex(set: PolicySet, world: World): WorldIndex {
  const rows: RowTable = createRowTable((capacity) => index.grow(capacity));
  const index: SelectorIndex = createSelectorIndex(rows);
  const inner: Inner = {
    set,
    world,
    services: servicesOf(world),
    makeRow: createRowMaker(world, set),
    policies: undefined,
    namedSets: [],
    rows,
    index,
    ends: createEndBook(factsOf(rows, world)),
    tree: createGroupTree(),
  };
  for (const endpoint of world.endpoints) rows.add((slot) => inner.makeRow.ofEndpoint(endpoint, slot));
  remakeObjects(inner);
  takePolicies(inner);
  return {
    rows,
    index,
    ends: inner.ends,
    get set() {
      return inner.set;
    },
    get world() {
      return inner.world;
    },
    get ordered() {
      return sideOf(inner).ordered;
    },
    get ids() {
      return sideOf(inner).ids;
    },
    get maker() {
      return sideOf(inner).maker;
    },
    service: (namespace, name) => inner.services.get(`${namespace}/${name}`),
    change: (change) => changeEndpoints(inner, change),
    setWorld: (part) => takeWorld(inner, part),
    setPolicies(next) {
      const isProfiles = JSON.stringify(next.profiles) !== JSON.stringify(inner.set.profiles);
      inner.set = next;
      inner.makeRow = createRowMaker({ ...inner.world, endpoints: [] }, next);
      if (isProfiles)
        putMany(
          inner,
          [...rows.all()].flatMap((row) => row.endpoint ?? []),
        );
      remakeObjects(inner);
      takePolicies(inner);
    },
  };
}

function sideOf({ policies }: Inner): PolicySide {
  assert(policies !== undefined, "policies are taken before anything is asked");
  return policies;
}

function regroup({ tree }: Inner, row: Row): void {
  if (row.end !== undefined) row.end.egress = row.end.ingress = undefined;
  if ((kindBits[row.kind] & subjectKinds) !== 0) row.group = tree.groupOf(row);
}

function onFlip(entry: SelectorEntry, row: Row, isMember: boolean): void {
  if (entry.policies.length === 0) return;
  const others = row.policies.filter((position) => !entry.policies.includes(position));
  row.policies = isMember ? [...others, ...entry.policies].sort((a, b) => a - b) : others;
  row.group = undefined;
}

function addRow(inner: Inner, make: (slot: number) => Row): void {
  const row = inner.rows.add(make);
  inner.index.add(row, onFlip);
  inner.ends.put(row);
  regroup(inner, row);
}

function removeRow({ index, rows, ends }: Inner, row: Row): void {
  index.remove(row);
  rows.remove(row);
  ends.remove(row);
}

function relabel(inner: Inner, row: Row, endpoint: WorldEndpoint): void {
  const before = row.labels;
  row.labels = inner.makeRow.labelsOf(endpoint);
  row.endpoint = endpoint;
  inner.index.relabel(row, before, onFlip);
  if (row.group === undefined) regroup(inner, row);
}

/** Host endpoints and network sets are few, and their rows depend on nodes and policies: all anew. */
function remakeObjects(inner: Inner): void {
  const { rows, set, makeRow } = inner;
  for (const row of rows.all()) if (row.endpoint === undefined) removeRow(inner, row);
  inner.ends.rebuild();
  for (const host of set.hostEndpoints) {
    const addresses = rows.get(`node/${host.node}`)?.addresses ?? [];
    addRow(inner, (slot) => makeRow.ofHost(host, addresses, slot));
  }
  for (const networkSet of set.networkSets) addRow(inner, (slot) => makeRow.ofSet(networkSet, slot));
  inner.namedSets = [...rows.all()].filter((row) => (row.set?.domains.length ?? 0) > 0);
}

/** Each row's policies and group from the bits of the policies' selectors. */
function groupAll(inner: Inner): void {
  const { rows, tree } = inner;
  tree.clear();
  for (const row of rows.all()) row.policies = [];
  for (const [position, entry] of sideOf(inner).entries.entries())
    eachBit(entry.bits, (slot) => rows.at(slot)?.policies.push(position));
  for (const row of rows.all()) regroup(inner, row);
}

function takePolicies(inner: Inner): void {
  inner.policies = createPolicySide(inner);
  groupAll(inner);
}

function putOne(inner: Inner, endpoint: WorldEndpoint): void {
  const row = inner.rows.get(endpoint.id);
  if (row?.endpoint !== undefined && isSameBut(row.endpoint, endpoint)) {
    relabel(inner, row, endpoint);
    return;
  }
  if (row !== undefined) removeRow(inner, row);
  addRow(inner, (slot) => inner.makeRow.ofEndpoint(endpoint, slot));
}

function putMany(inner: Inner, endpoints: readonly WorldEndpoint[]): void {
  const { rows, makeRow } = inner;
  for (const endpoint of endpoints) {
    const row = rows.get(endpoint.id);
    if (row !== undefined) rows.remove(row);
    rows.add((slot) => makeRow.ofEndpoint(endpoint, slot));
  }
  inner.index.rebuild();
  inner.ends.rebuild();
  groupAll(inner);
}

function changeEndpoints(inner: Inner, { put = [], remove = [] }: Parameters<WorldIndex["change"]>[0]): void {
  const { rows, set, tree } = inner;
  const isNodes =
    set.hostEndpoints.length > 0 && [...put.map(({ id }) => id), ...remove].some((id) => id.startsWith("node/"));
  for (const id of remove) {
    const row = rows.get(id);
    if (row?.endpoint !== undefined) removeRow(inner, row);
  }
  if (put.length > indexLimits.changedOneByOneMax) putMany(inner, put);
  else for (const endpoint of put) putOne(inner, endpoint);
  if (isNodes) remakeObjects(inner);
  if (tree.size > rows.size * 4 + indexLimits.spareGroupsMax) groupAll(inner);
}

function takeWorld(inner: Inner, part: Partial<World>): void {
  const { rows, ends, world: before } = inner;
  inner.world = { ...before, ...part };
  inner.services = servicesOf(inner.world);
  ends.setFacts(factsOf(rows, inner.world));
  inner.makeRow = createRowMaker({ ...inner.world, endpoints: [] }, inner.set);
  const isRelabelled =
    part.namespaces !== undefined || part.serviceAccounts !== undefined || before.incomplete !== inner.world.incomplete;
  if (part.endpoints !== undefined) {
    const kept = new Set(part.endpoints.map(({ id }) => id));
    const gone = [...rows.all()].filter((row) => row.endpoint !== undefined && !kept.has(row.id));
    changeEndpoints(inner, { put: part.endpoints, remove: gone.map(({ id }) => id) });
  }
  if (!isRelabelled) return;
  for (const row of rows.all()) {
    if (row.endpoint === undefined) continue;
    row.vague = inner.makeRow.vagueOf(row.endpoint);
    relabel(inner, row, row.endpoint);
  }
  ends.setFacts(factsOf(rows, inner.world));
  remakeObjects(inner);
}

interface PolicySide {
  readonly ordered: readonly OrderedPolicy[];
  readonly ids: RuleIds;
  /** Of each policy's own selector, by position. */
  readonly entries: readonly SelectorEntry[];
  readonly maker: ProgramMaker;
}

function createPolicySide(inner: Inner): PolicySide {
  const { set, index } = inner;
  const ordered = orderedPolicies(set);
  const wanted: WantedSelector[] = [];
  for (const { policy } of ordered) {
    wanted.push({ selector: policy.selector, kinds: policyKinds(policy) });
    wanted.push(...wantedOf(policy.ingress), ...wantedOf(policy.egress));
  }
  for (const { ingress, egress } of set.profiles) wanted.push(...wantedOf(ingress), ...wantedOf(egress));
  index.setWanted(wanted);
  const entries = ordered.map(({ policy }, position) => {
    const entry = index.get(policy.selector, policyKinds(policy)) as SelectorEntry;
    entry.policies = [...entry.policies, position];
    return entry;
  });
  const ids = createRuleIds(set);
  const makeRule = createRuleMaker(index, {
    service: (namespace, name) => inner.services.get(`${namespace}/${name}`),
    incomplete: () => inner.world.incomplete,
    namedSets: () => inner.namedSets,
  });
  const profiles = new Map(set.profiles.map((profile) => [profile.name, profile]));
  const maker = createProgramMaker({ ordered, profiles, ids, makeRule, members: index.members, shared: new Map() });
  return { ordered, ids, entries, maker };
}

function servicesOf({ services }: Pick<World, "services">): ReadonlyMap<string, WorldService> {
  return new Map(services.map((service) => [`${service.namespace}/${service.name}`, service]));
}

function factsOf(rows: RowTable, { ranges, incomplete, services }: Omit<World, "endpoints">): EndFacts {
  const serviceAddresses = new Map(
    services.flatMap(({ namespace, name, addresses }) =>
      addresses.map((address) => [address, `${namespace}/${name}`] as const),
    ),
  );
  return { rows, ranges, incomplete, serviceAddresses };
}

/** Whether only labels may differ. */
function isSameBut(a: WorldEndpoint, b: WorldEndpoint): boolean {
  return (
    a.kind === b.kind &&
    a.namespace === b.namespace &&
    a.name === b.name &&
    a.serviceAccount === b.serviceAccount &&
    a.node === b.node &&
    isSameList(a.addresses, b.addresses) &&
    (a.ports === b.ports || JSON.stringify(a.ports) === JSON.stringify(b.ports))
  );
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((value, index) => value === b[index]));
}

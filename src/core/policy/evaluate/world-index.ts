// The indexed world of one policy set: rows with labels and addresses, what selectors select of them, and each row's group of policies.
// All changes go through here, so that bits, groups and addresses are always of one moment.
import type { Policy, PolicySet } from "../model.ts";
import type { World, WorldEndpoint, WorldService } from "../world.ts";
import { eachBit } from "./bits.ts";
import { createEndBook, type EndBook, type EndFacts } from "./ends.ts";
import { createGroupTree } from "./groups.ts";
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

export function createWorldIndex(firstSet: PolicySet, firstWorld: World): WorldIndex {
  let set = firstSet;
  let world: Omit<World, "endpoints"> = firstWorld;
  let services = servicesOf(world);
  let makeRow: RowMaker = createRowMaker(firstWorld, set);
  let policies: PolicySide;
  let namedSets: readonly Row[] = [];
  const rows: RowTable = createRowTable((capacity) => index.grow(capacity));
  const index: SelectorIndex = createSelectorIndex(rows);
  const ends: EndBook = createEndBook(factsOf(rows, world));
  const tree = createGroupTree();
  const facts = {
    service: (namespace: string, name: string) => services.get(`${namespace}/${name}`),
    incomplete: () => world.incomplete,
    namedSets: () => namedSets,
  };

  const regroup = (row: Row) => {
    if (row.end !== undefined) row.end.egress = row.end.ingress = undefined;
    if ((kindBits[row.kind] & subjectKinds) !== 0) row.group = tree.groupOf(row);
  };
  const onFlip = (entry: SelectorEntry, row: Row, isMember: boolean) => {
    if (entry.policies.length === 0) return;
    const others = row.policies.filter((position) => !entry.policies.includes(position));
    row.policies = isMember ? [...others, ...entry.policies].sort((a, b) => a - b) : others;
    row.group = undefined;
  };
  const addRow = (make: (slot: number) => Row) => {
    const row = rows.add(make);
    index.add(row, onFlip);
    ends.put(row);
    regroup(row);
  };
  const removeRow = (row: Row) => {
    index.remove(row);
    rows.remove(row);
    ends.remove(row);
  };
  const relabel = (row: Row, endpoint: WorldEndpoint) => {
    const before = row.labels;
    row.labels = makeRow.labelsOf(endpoint);
    row.endpoint = endpoint;
    index.relabel(row, before, onFlip);
    if (row.group === undefined) regroup(row);
  };

  /** Host endpoints and network sets are few, and their rows depend on nodes and policies: all anew. */
  const remakeObjects = () => {
    for (const row of rows.all()) if (row.endpoint === undefined) removeRow(row);
    ends.rebuild();
    for (const host of set.hostEndpoints) {
      const addresses = rows.get(`node/${host.node}`)?.addresses ?? [];
      addRow((slot) => makeRow.ofHost(host, addresses, slot));
    }
    for (const networkSet of set.networkSets) addRow((slot) => makeRow.ofSet(networkSet, slot));
    namedSets = [...rows.all()].filter((row) => (row.set?.domains.length ?? 0) > 0);
  };

  /** Each row's policies and group from the bits of the policies' selectors. */
  const groupAll = () => {
    tree.clear();
    for (const row of rows.all()) row.policies = [];
    for (const [position, entry] of policies.entries.entries())
      eachBit(entry.bits, (slot) => rows.at(slot)?.policies.push(position));
    for (const row of rows.all()) regroup(row);
  };

  const takePolicies = () => {
    policies = createPolicySide(set, index);
    namedSets = [...rows.all()].filter((row) => (row.set?.domains.length ?? 0) > 0);
    policies.maker = createProgramMaker({
      ordered: policies.ordered,
      profiles: new Map(set.profiles.map((profile) => [profile.name, profile])),
      ids: policies.ids,
      makeRule: createRuleMaker(index, facts),
      members: index.members,
      shared: new Map(),
    });
    groupAll();
  };

  const putOne = (endpoint: WorldEndpoint) => {
    const row = rows.get(endpoint.id);
    if (row?.endpoint !== undefined && isSameBut(row.endpoint, endpoint)) {
      relabel(row, endpoint);
      return;
    }
    if (row !== undefined) removeRow(row);
    addRow((slot) => makeRow.ofEndpoint(endpoint, slot));
  };

  const putMany = (endpoints: readonly WorldEndpoint[]) => {
    for (const endpoint of endpoints) {
      const row = rows.get(endpoint.id);
      if (row !== undefined) rows.remove(row);
      rows.add((slot) => makeRow.ofEndpoint(endpoint, slot));
    }
    index.rebuild();
    ends.rebuild();
    groupAll();
  };

  const change: WorldIndex["change"] = ({ put = [], remove = [] }) => {
    const isNodes =
      set.hostEndpoints.length > 0 && [...put.map(({ id }) => id), ...remove].some((id) => id.startsWith("node/"));
    for (const id of remove) {
      const row = rows.get(id);
      if (row?.endpoint !== undefined) removeRow(row);
    }
    if (put.length > indexLimits.changedOneByOneMax) putMany(put);
    else for (const endpoint of put) putOne(endpoint);
    if (isNodes) remakeObjects();
    if (tree.size > rows.size * 4 + indexLimits.spareGroupsMax) groupAll();
  };

  for (const endpoint of firstWorld.endpoints) rows.add((slot) => makeRow.ofEndpoint(endpoint, slot));
  remakeObjects();
  takePolicies();

  return {
    rows,
    index,
    ends,
    get set() {
      return set;
    },
    get world() {
      return world;
    },
    get ordered() {
      return policies.ordered;
    },
    get ids() {
      return policies.ids;
    },
    get maker() {
      return policies.maker as ProgramMaker;
    },
    service: facts.service,
    change,
    setWorld(part) {
      const before = world;
      world = { ...world, ...part };
      services = servicesOf(world);
      ends.setFacts(factsOf(rows, world));
      makeRow = createRowMaker({ ...world, endpoints: [] }, set);
      const isRelabelled =
        part.namespaces !== undefined || part.serviceAccounts !== undefined || before.incomplete !== world.incomplete;
      if (part.endpoints !== undefined) {
        const kept = new Set(part.endpoints.map(({ id }) => id));
        const remove = [...rows.all()].flatMap((row) =>
          row.endpoint === undefined || kept.has(row.id) ? [] : [row.id],
        );
        change({ put: part.endpoints, remove });
      } else if (isRelabelled) {
        for (const row of rows.all()) {
          if (row.endpoint === undefined) continue;
          row.vague = makeRow.vagueOf(row.endpoint);
          relabel(row, row.endpoint);
        }
        ends.setFacts(factsOf(rows, world));
      }
      if (isRelabelled) remakeObjects();
    },
    setPolicies(next) {
      const isProfiles = JSON.stringify(next.profiles) !== JSON.stringify(set.profiles);
      set = next;
      makeRow = createRowMaker({ ...world, endpoints: [] }, set);
      if (isProfiles) putMany([...rows.all()].flatMap((row) => row.endpoint ?? []));
      remakeObjects();
      takePolicies();
    },
  };
}

interface PolicySide {
  readonly ordered: readonly OrderedPolicy[];
  readonly ids: RuleIds;
  /** Of each policy's own selector, by position. */
  readonly entries: readonly SelectorEntry[];
  maker: ProgramMaker | undefined;
}

function createPolicySide(set: PolicySet, index: SelectorIndex): PolicySide {
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
  return { ordered, ids: createRuleIds(set), entries, maker: undefined };
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

// Who gets a policy: owners ("shop/Deployment/web") or whole namespaces, each with the lasting labels that select it.
// Owners that no lasting label tells apart become one group: a policy for one would be a policy for the other as well.
import type { World, WorldEndpoint } from "../world.ts";
import { commonLasting, has, smallestSelecting, type Labels } from "./lasting-labels.ts";

export interface Group {
  readonly index: number;
  readonly namespace: string;
  /** Sorted: "shop/Deployment/web"; a namespace's group is "shop". */
  readonly owners: readonly string[];
  /** What selects its pods; empty only for a whole namespace. */
  readonly labels: Labels;
  /** Why no policy can be written for it; "" when one can. */
  readonly because: string;
}

export interface Groups {
  readonly list: readonly Group[];
  readonly byEndpoint: ReadonlyMap<string, Group>;
  /** By "shop/Deployment/web", for flows whose endpoint is gone. */
  readonly byOwner: ReadonlyMap<string, Group>;
}

interface Owner {
  readonly name: string;
  readonly namespace: string;
  readonly pods: WorldEndpoint[];
}

export function ownerOf(endpoint: WorldEndpoint): string {
  return `${endpoint.namespace}/${endpoint.workload === "" ? `Pod/${endpoint.name}` : endpoint.workload}`;
}

/** Groups of the world's workload endpoints, sorted; the order of the world does not matter. */
export function groupsOf(world: World, per: "workload" | "namespace"): Groups {
  const pods = world.endpoints.filter(({ kind }) => kind === "workload");
  const owners = new Map<string, Owner>();
  for (const pod of pods) {
    const name = ownerOf(pod);
    const owner = owners.get(name);
    if (owner === undefined) owners.set(name, { name, namespace: pod.namespace, pods: [pod] });
    else owner.pods.push(pod);
  }
  const byNamespace = Map.groupBy(
    [...owners.values()].sort((left, right) => (left.name < right.name ? -1 : 1)),
    ({ namespace }) => namespace,
  );
  const drafts = [...byNamespace]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([namespace, all]) => (per === "namespace" ? [wholeNamespace(namespace, all)] : together(namespace, all)));
  const list = drafts.map(({ owners: members, ...rest }, index) => ({
    ...rest,
    index,
    owners: members.map(({ name }) => name),
  }));
  const byEndpoint = new Map<string, Group>();
  const byOwner = new Map<string, Group>();
  for (const [index, draft] of drafts.entries()) {
    const group = list[index] as Group;
    for (const owner of draft.owners) {
      byOwner.set(owner.name, group);
      for (const pod of owner.pods) byEndpoint.set(pod.id, group);
    }
  }
  return { list, byEndpoint, byOwner };
}

interface GroupDraft {
  readonly namespace: string;
  readonly owners: readonly Owner[];
  readonly labels: Labels;
  readonly because: string;
}

function wholeNamespace(namespace: string, owners: readonly Owner[]): GroupDraft {
  return { namespace, owners, labels: {}, because: "" };
}

/** Joins owners until each group's labels select its own pods and no others of the namespace. */
function together(namespace: string, owners: readonly Owner[]): readonly GroupDraft[] {
  let groups: (readonly Owner[])[] = owners.map((owner) => [owner]);
  for (;;) {
    const chosen = groups.map((group) => choose(group, owners));
    const joined = joinOverlapping(groups, chosen);
    if (joined.length === groups.length) {
      return groups.map((group, index) => {
        const labels = chosen[index] ?? {};
        const because =
          Object.keys(labels).length === 0 ? "its pods have no label in common that outlives a redeploy" : "";
        return { namespace, owners: group, labels, because };
      });
    }
    groups = joined;
  }
}

/** Distinct label sets of an owner's pods matter, not how many pods have them. */
function labelSetsOf(owner: Owner): readonly Labels[] {
  const seen = new Map(owner.pods.map(({ labels }) => [JSON.stringify(labels), labels]));
  return [...seen.values()];
}

function choose(group: readonly Owner[], all: readonly Owner[]): Labels {
  const own = commonLasting(group.flatMap(labelSetsOf));
  const others = all.filter((owner) => !group.includes(owner)).flatMap(labelSetsOf);
  return smallestSelecting(own, others);
}

function joinOverlapping(groups: readonly (readonly Owner[])[], chosen: readonly Labels[]): (readonly Owner[])[] {
  const parent = groups.map((_, index) => index);
  const rootOf = (index: number): number => (parent[index] === index ? index : rootOf(parent[index] ?? index));
  for (const [index, labels] of chosen.entries()) {
    const wanted = Object.entries(labels);
    if (wanted.length === 0) continue;
    for (const [other, owners] of groups.entries()) {
      if (other === index || !owners.some((owner) => owner.pods.some((pod) => has(pod.labels, wanted)))) continue;
      parent[Math.max(rootOf(index), rootOf(other))] = Math.min(rootOf(index), rootOf(other));
    }
  }
  const joined = Map.groupBy(groups.entries(), ([index]) => rootOf(index));
  return [...joined.values()].map((members) =>
    members.flatMap(([, owners]) => owners).sort((left, right) => (left.name < right.name ? -1 : 1)),
  );
}

// Living processes to scopes: which cgroup or mount namespace stands for which container, and never one that holds the machine's own care-takers. Pure.
import type { RuntimeSubject } from "../../../core/runtime-policy/model.ts";
import { protectedNamespaces } from "../../../core/runtime-policy/select.ts";

/** One process as the pipeline knows it, with what /proc says of its place. */
export interface GuardedProcess {
  readonly pid: number;
  readonly name: string;
  readonly containerId: string;
  readonly subject: RuntimeSubject;
  /** v2 cgroup id; 0 when not known. */
  readonly cgroupId: number;
  /** Inode of its mount namespace; 0 when it could not be read. */
  readonly mountNamespace: number;
  /** One of the machine's own care-takers, by its program's file: a name alone can be taken by anybody. */
  readonly isCaretaker: boolean;
}

/** What nothing may be scoped by: the root cgroup, the namespaces and cgroups of pid 1 and of the agent. */
export interface NodePlaces {
  readonly rootCgroupId: number;
  readonly hostMountNamespace: number;
  readonly agentCgroupId: number;
}

/** A container, or a cgroup of the machine: one thing that policies select. */
export interface Holder {
  /** Stable while it lives: the container's id or the cgroup's. */
  readonly key: string;
  readonly subject: RuntimeSubject;
  readonly isContainer: boolean;
  /** Its oldest process by number: through its root files are found. */
  readonly pid: number;
  readonly pids: readonly number[];
  readonly cgroups: readonly number[];
  readonly mountNamespaces: readonly number[];
  /** Care-takers among them: never stopped; the others are. */
  readonly spared: readonly number[];
  /** Why it cannot be scoped; "" when it can. */
  readonly because: string;
}

export function holdersOf(processes: Iterable<GuardedProcess>, places: NodePlaces): readonly Holder[] {
  const all = [...processes];
  const owners = { cgroups: new Map<number, Set<string>>(), namespaces: new Map<number, Set<string>>() };
  const groups = new Map<string, GuardedProcess[]>();
  for (const each of all) {
    const key = keyOf(each, places);
    note(owners.cgroups, each.cgroupId, key);
    note(owners.namespaces, each.mountNamespace, key);
    if (key === "") continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [each]);
    else group.push(each);
  }
  return [...groups].map(([key, group]) => holderOf(key, group, { owners, places }));
}

/** "": the machine itself. */
function keyOf({ containerId, cgroupId }: GuardedProcess, places: NodePlaces): string {
  if (containerId !== "") return `container ${containerId}`;
  return cgroupId === 0 || cgroupId === places.rootCgroupId ? "" : `cgroup ${cgroupId}`;
}

function note(owners: Map<number, Set<string>>, id: number, key: string): void {
  const set = owners.get(id);
  if (set === undefined) owners.set(id, new Set([key]));
  else set.add(key);
}

interface Surroundings {
  readonly owners: {
    readonly cgroups: ReadonlyMap<number, ReadonlySet<string>>;
    readonly namespaces: ReadonlyMap<number, ReadonlySet<string>>;
  };
  readonly places: NodePlaces;
}

function holderOf(key: string, group: readonly GuardedProcess[], { owners, places }: Surroundings): Holder {
  const [first] = group.toSorted((left, right) => left.pid - right.pid);
  const subject = first?.subject ?? { namespace: "", workload: "", container: "", image: "", labels: {}, cgroup: "" };
  const isContainer = key.startsWith("container ");
  const own = (id: number, of: ReadonlyMap<number, ReadonlySet<string>>): boolean => of.get(id)?.size === 1;
  const cgroups = unique(group.map(({ cgroupId }) => cgroupId)).filter(
    (id) => id !== 0 && id !== places.rootCgroupId && id !== places.agentCgroupId && own(id, owners.cgroups),
  );
  const mountNamespaces = unique(group.map(({ mountNamespace }) => mountNamespace)).filter(
    (id) => id !== 0 && id !== places.hostMountNamespace && isOnlyContainer(owners.namespaces.get(id), key),
  );
  const base = {
    key,
    subject,
    isContainer,
    pid: first?.pid ?? 0,
    pids: group.map(({ pid }) => pid),
    cgroups,
    mountNamespaces,
    spared: isContainer ? [] : group.filter(({ isCaretaker }) => isCaretaker).map(({ pid }) => pid),
  };
  if (protectedNamespaces.has(subject.namespace))
    return { ...base, because: `the namespace ${subject.namespace} is protected` };
  if (!isContainer && group.some(({ pid }) => pid === 1)) return { ...base, because: "pid 1 is in it: protected" };
  if (cgroups.length + mountNamespaces.length === 0)
    return {
      ...base,
      because: "it shares its v2 cgroup and its mount namespace with others: the kernel cannot tell it apart",
    };
  return { ...base, because: "" };
}

/** A process of the machine that came into a container's namespace (nsenter) does not make it shared: the container's rules hold there. */
function isOnlyContainer(owners: ReadonlySet<string> | undefined, key: string): boolean {
  const all = [...(owners ?? [])];
  const containers = all.filter((owner) => owner.startsWith("container "));
  return containers.length > 0 ? containers.length === 1 && containers[0] === key : all.length === 1;
}

function unique(numbers: readonly number[]): readonly number[] {
  return [...new Set(numbers)];
}

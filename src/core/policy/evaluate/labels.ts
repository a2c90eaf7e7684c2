// Effective labels: what selectors see of an endpoint. Its own but for reserved keys, which would lend another namespace's rights,
// and what it inherits from its namespace, its service account and its place.
import type { HostEndpoint, NetworkSet, Profile } from "../model.ts";
import type { World, WorldEndpoint } from "../world.ts";

export type LabelMap = ReadonlyMap<string, string>;

const reservedPrefixes = ["pcns.", "pcsa.", "projectcalico.org/"] as const;

export function isReservedKey(key: string): boolean {
  return reservedPrefixes.some((prefix) => key.startsWith(prefix));
}

type Labels = Readonly<Record<string, string>>;
type Entries = readonly (readonly [string, string])[];

export interface LabelSource {
  /** False: the namespace was not in the world, so its labels are not known. */
  isNamespaceKnown(namespace: string): boolean;
  ofEndpoint(endpoint: WorldEndpoint): LabelMap;
  ofNetworkSet(set: NetworkSet): LabelMap;
  ofHostEndpoint(endpoint: HostEndpoint): LabelMap;
}

export function createLabelSource(
  world: Pick<World, "namespaces" | "serviceAccounts">,
  profiles: readonly Profile[],
): LabelSource {
  const namespaces = new Map(world.namespaces.map(({ name, labels }) => [name, namespaceEntries(name, labels)]));
  const accounts = new Map(
    world.serviceAccounts.map(({ namespace, name, labels }) => [`${namespace}/${name}`, accountEntries(name, labels)]),
  );
  const applied = new Map(profiles.map((profile) => [profile.name, Object.entries(profile.labelsToApply)]));
  const namespaceOf = (name: string) => namespaces.get(name) ?? remember(namespaces, name, namespaceEntries(name, {}));
  const accountOf = (namespace: string, name: string) => {
    const key = `${namespace}/${name}`;
    return accounts.get(key) ?? remember(accounts, key, accountEntries(name, {}));
  };
  const known = new Set(world.namespaces.map(({ name }) => name));
  return {
    isNamespaceKnown: (namespace) => known.has(namespace),
    ofEndpoint({ kind, namespace, name, labels, serviceAccount }) {
      const map = new Map<string, string>();
      for (const entries of profileEntries(applied, [`kns.${namespace}`, `ksa.${namespace}.${serviceAccount}`]))
        fill(map, entries);
      fillOwn(map, labels, isReservedKey);
      if (namespace === "") return map;
      fill(map, namespaceOf(namespace));
      if (kind === "node") return map;
      if (serviceAccount !== "") fill(map, accountOf(namespace, serviceAccount));
      map.set("projectcalico.org/name", name);
      map.set("projectcalico.org/orchestrator", "k8s");
      return map;
    },
    ofNetworkSet({ namespace, labels }) {
      const map = new Map<string, string>();
      fillOwn(map, labels, namespace === "" ? isInheritedKey : isReservedKey);
      if (namespace !== "") fill(map, namespaceOf(namespace));
      return map;
    },
    ofHostEndpoint({ labels, profiles: names }) {
      const map = new Map<string, string>();
      for (const entries of profileEntries(applied, names)) fill(map, entries);
      fillOwn(map, labels, isInheritedKey);
      return map;
    },
  };
}

/** Host endpoints and global sets are written by who may write policies: they may carry projectcalico.org/created-by and the like, but no namespace. */
function isInheritedKey(key: string): boolean {
  return (
    key.startsWith("pcns.") ||
    key.startsWith("pcsa.") ||
    key === "projectcalico.org/namespace" ||
    key === "projectcalico.org/serviceaccount" ||
    key === "projectcalico.org/orchestrator"
  );
}

function profileEntries(applied: ReadonlyMap<string, Entries>, names: readonly string[]): readonly Entries[] {
  return applied.size === 0 ? [] : names.flatMap((name) => [applied.get(name) ?? []]);
}

function fill(map: Map<string, string>, entries: Entries): void {
  for (const [key, value] of entries) map.set(key, value);
}

function fillOwn(map: Map<string, string>, labels: Labels, isRefused: (key: string) => boolean): void {
  for (const key of Object.keys(labels)) if (!isRefused(key)) map.set(key, labels[key] as string);
}

function remember(map: Map<string, Entries>, key: string, entries: Entries): Entries {
  map.set(key, entries);
  return entries;
}

/** The API server sets kubernetes.io/metadata.name on every namespace; manifests leave it out. */
function namespaceEntries(name: string, labels: Labels): Entries {
  return [
    ...Object.entries(labels).map(([key, value]) => [`pcns.${key}`, value] as const),
    ["pcns.kubernetes.io/metadata.name", name],
    ["pcns.projectcalico.org/name", name],
    ["projectcalico.org/namespace", name],
  ];
}

function accountEntries(name: string, labels: Labels): Entries {
  return [
    ...Object.entries(labels).map(([key, value]) => [`pcsa.${key}`, value] as const),
    ["pcsa.projectcalico.org/name", name],
    ["projectcalico.org/serviceaccount", name],
  ];
}

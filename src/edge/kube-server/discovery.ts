// What the server says it has: /version, /api, /apis, resource lists, and both in the aggregated form (apidiscovery.k8s.io/v2).
import { apiVersionOf, type ResourceType } from "./resource-types.ts";

const verbs = ["create", "delete", "get", "list", "patch", "update", "watch"] as const;
const statusVerbs = ["get", "patch", "update"] as const;

export interface Discovery {
  /** The answer for a path, or undefined when there is no such document. `isAggregated`: the client asked for it. */
  document(path: string, isAggregated: boolean): unknown;
}

export function createDiscovery(types: readonly ResourceType[], gitVersion: string): Discovery {
  const groups = [...new Set(types.map((type) => type.group))].filter((group) => group !== "").sort();
  const documents = new Map<string, unknown>([
    ["/version", versionOf(gitVersion)],
    ["/api", { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] }],
    ["/apis", { kind: "APIGroupList", apiVersion: "v1", groups: groups.map((group) => groupOf(types, group)) }],
  ]);
  const aggregated = new Map<string, unknown>([
    ["/api", aggregatedList(types, [""])],
    ["/apis", aggregatedList(types, groups)],
  ]);
  for (const group of groups)
    documents.set(`/apis/${group}`, { apiVersion: "v1", kind: "APIGroup", ...groupOf(types, group) });
  for (const version of new Set(types.map(apiVersionOf))) {
    const path = version.includes("/") ? `/apis/${version}` : `/api/${version}`;
    documents.set(path, {
      kind: "APIResourceList",
      apiVersion: "v1",
      groupVersion: version,
      resources: types.filter((type) => apiVersionOf(type) === version).flatMap(resourceEntries),
    });
  }
  return {
    document: (path, isAggregated) => (isAggregated ? aggregated.get(path) : undefined) ?? documents.get(path),
  };
}

function versionOf(gitVersion: string): Record<string, string> {
  const [, major = "1", minor = "0"] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  const none = { gitCommit: "", gitTreeState: "clean", buildDate: "1970-01-01T00:00:00Z" };
  return { major, minor, gitVersion, ...none, goVersion: "none", compiler: "none", platform: "linux/amd64" };
}

function groupOf(types: readonly ResourceType[], group: string): Record<string, unknown> {
  const versions = [...new Set(types.filter((type) => type.group === group).map((type) => type.version))];
  const entries = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: entries, preferredVersion: entries[0] };
}

function resourceEntries(type: ResourceType): Record<string, unknown>[] {
  const { resource, kind, isNamespaced, shortNames } = type;
  const base = { name: resource, singularName: kind.toLowerCase(), namespaced: isNamespaced, kind, verbs };
  const entry = shortNames.length === 0 ? base : { ...base, shortNames };
  if (!type.hasStatus) return [entry];
  return [entry, { name: `${resource}/status`, singularName: "", namespaced: isNamespaced, kind, verbs: statusVerbs }];
}

function aggregatedList(types: readonly ResourceType[], groups: readonly string[]): Record<string, unknown> {
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    metadata: {},
    items: groups.map((group) => ({
      metadata: group === "" ? {} : { name: group },
      versions: [...new Set(types.filter((type) => type.group === group).map((type) => type.version))].map(
        (version) => ({
          version,
          resources: types.filter((type) => type.group === group && type.version === version).map(aggregatedEntry),
          freshness: "Current",
        }),
      ),
    })),
  };
}

function aggregatedEntry(type: ResourceType): Record<string, unknown> {
  const responseKind = { group: "", version: "", kind: type.kind };
  return {
    resource: type.resource,
    responseKind,
    scope: type.isNamespaced ? "Namespaced" : "Cluster",
    singularResource: type.kind.toLowerCase(),
    verbs,
    ...(type.shortNames.length === 0 ? {} : { shortNames: type.shortNames }),
    ...(type.hasStatus ? { subresources: [{ subresource: "status", responseKind, verbs: statusVerbs }] } : {}),
  };
}

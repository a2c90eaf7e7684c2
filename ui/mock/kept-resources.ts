// The mock's resources: read, written and deleted in memory while it runs; every write is a new generation.
import { parse } from "yaml";
import { resourceKinds } from "../../src/model/resource-kinds.ts";
import type { Resource } from "../../src/model/resource.ts";
import type { Asked } from "./asked.ts";
import { mockPolicies, resourceNameOf } from "./policy-world.ts";
import { Refusal } from "./refusal.ts";
import { mockRuntimePolicies, runtimeStatusOf } from "./runtime-policies.ts";

type Key = Pick<Resource, "kind" | "scope" | "name">;

const started = Date.now();
const common = { apiVersion: "garrison/v1", author: "admin", deleted: false } as const;
const iso = (ms: number): string => new Date(ms).toISOString();

/** All generations of each, newest last. */
const generations = new Map<string, readonly Resource[]>();

function keyOf({ kind, scope, name }: Key): string {
  return `${kind}|${scope}|${name}`;
}

function keep(resource: Resource): void {
  const key = keyOf(resource);
  generations.set(key, [...(generations.get(key) ?? []), resource]);
}

function newestOf(key: Key): Resource | undefined {
  return generations.get(keyOf(key))?.at(-1);
}

/** The living one; undefined when there is none. */
export function keptOf(kind: string, scope: string, name: string): Resource | undefined {
  const found = newestOf({ kind, scope, name });
  return found?.deleted === true ? undefined : found;
}

const seeds: readonly (Key & Pick<Resource, "spec">)[] = [
  { kind: "Visibility", scope: "global", name: "shop", spec: { match: { namespace: "shop" }, http: true } },
  {
    kind: "View",
    scope: "global",
    name: "denied-in-shop",
    spec: { title: "Denied in the shop", screen: "/flows", search: { q: "verdict:deny", ns: "shop", range: "6h" } },
  },
  ...mockRuntimePolicies,
  { kind: "DemoStory", scope: "cluster/demo", name: "default", spec: { attack: false, failure: "none" } },
  ...mockPolicies.map((policy) => ({
    kind: "Policy",
    scope: `cluster/${policy.cluster}`,
    name: resourceNameOf(policy),
    spec: { manifest: parse(policy.manifest) as unknown },
  })),
];
for (const each of seeds)
  keep({
    apiVersion: "garrison/v1",
    author: "admin",
    deleted: false,
    ...each,
    generation: 1,
    time: iso(started - 7_200_000),
  });

/** What agents say of resources that are sent to them. */
function statusOf({ kind, scope, name, generation }: Resource) {
  if (kind === "RuntimePolicy") return runtimeStatusOf({ kind, scope, name, generation }, Date.now());
  if (kind !== "Visibility") return [];
  const answered = { kind, scope, name, generation, cluster: "local" };
  return [
    { ...answered, node: "worker-1", state: "applied" },
    { ...answered, node: "worker-2", state: "applied" },
    { ...answered, node: "worker-3", state: "applied" },
    { ...answered, node: "laptop", state: "refused", because: "first bytes need BPF, which could not be loaded" },
  ];
}

/** The living one that the path names. */
function living({ params, query }: Asked): Resource {
  const { kind = "", name = "" } = params;
  const found = newestOf({ kind, name, scope: query["scope"] ?? "global" });
  if (found !== undefined && !found.deleted) return found;
  throw new Refusal(`there is no ${kind} ${name}`, { code: "resources/unknown", kind: "not-found" });
}

function specOf(kind: string, given: unknown): Resource["spec"] {
  const known = Object.entries(resourceKinds).find(([name]) => name === kind)?.[1];
  if (known === undefined)
    throw new Refusal(`there is no kind ${kind}`, { code: "resources/unknown-kind", kind: "not-found" });
  const checked = known.spec.safeParse(given);
  if (!checked.success)
    throw new Refusal(`not a ${kind}: ${checked.error.message}`, { code: "resources/bad-spec", kind: "usage" });
  return checked.data;
}

function applyResource({ params: { kind = "" }, query, body, nowMs }: Asked) {
  const { name, scope = "global", spec } = body as Pick<Resource, "name" | "spec"> & { readonly scope?: string };
  const before = newestOf({ kind, scope, name });
  const generation = (before?.generation ?? 0) + 1;
  const resource = { ...common, kind, scope, name, spec: specOf(kind, spec), generation, time: iso(nowMs) };
  if (query["dryRun"] !== "true") keep(resource);
  return { outcome: before === undefined || before.deleted ? "created" : "changed", resource, changes: [] };
}

function deleteResource(asked: Asked) {
  const before = living(asked);
  const resource = { ...before, generation: before.generation + 1, time: iso(asked.nowMs), deleted: true };
  keep(resource);
  return { resource };
}

function listResources({ params: { kind } }: Asked) {
  const found = [...generations.values()]
    .flatMap((all) => all.at(-1) ?? [])
    .filter((resource) => resource.kind === kind && !resource.deleted);
  return { resources: found.map((resource) => ({ ...resource, status: statusOf(resource) })) };
}

export const keptResources = {
  listKinds: () => ({
    kinds: Object.entries(resourceKinds).map(([kind, { summary, distribution }]) => ({
      kind,
      summary,
      distribution,
      schema: {},
    })),
  }),
  listResources,
  getResource: (asked: Asked) => {
    const resource = living(asked);
    return { ...resource, status: statusOf(resource) };
  },
  applyResource,
  deleteResource,
};

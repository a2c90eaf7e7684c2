// The policy resources as the server last read them, and which of them count for a cluster: the global ones, the cluster's and its nodes'.
// The narrower scope wins where two hold the same object. Read again when told of a change, and after a while all the same.
import type { Clock } from "../../../base/clock.ts";
import type { Resources } from "../../../core/state/ports.ts";
import { Enforcement } from "../../../model/enforcement.ts";
import type { Resource } from "../../../model/resource.ts";
import { policyDeskLimits } from "./limits.ts";
import { nodeOfScope } from "./world-of.ts";

const kinds = ["Policy", "Enforcement", "LocalEndpoint"] as const;

export interface PolicyResources {
  /** Rises with every reading that found something new. */
  readonly version: number;
  readonly policies: readonly Resource[];
  readonly enforcements: readonly Resource[];
  readonly local: readonly Resource[];
}

export interface PolicyResourceBook extends Disposable {
  read(): Promise<PolicyResources>;
}

/** Throws what the state store throws when it is away. */
export function policyResourceBook(resources: Resources, clock: Clock): PolicyResourceBook {
  let known: PolicyResources | undefined;
  let readAtMs = -Infinity;
  let digest = "";
  let isStale = true;
  const stop = resources.onChange(({ kind }) => {
    if ((kinds as readonly string[]).includes(kind)) isStale = true;
  });
  return {
    async read() {
      const nowMs = clock.nowMs();
      if (known !== undefined && !isStale && nowMs - readAtMs < policyDeskLimits.resourcesKeptMs) return known;
      // What changes while it is read is read the next time.
      isStale = false;
      const [policies = [], enforcements = [], local = []] = await Promise.all(
        kinds.map((kind) => resources.list(kind)),
      );
      readAtMs = nowMs;
      const found = digestOf([...policies, ...enforcements, ...local]);
      if (known !== undefined && found === digest) return known;
      digest = found;
      known = { version: (known?.version ?? 0) + 1, policies, enforcements, local };
      return known;
    },
    [Symbol.dispose]: stop,
  };
}

export function digestOf(resources: readonly Resource[]): string {
  return JSON.stringify(resources.map(({ kind, scope, name, generation }) => [kind, scope, name, generation]));
}

/** The scope's breadth in a cluster: 0 global, 1 the cluster, 2 a node of it; undefined: another cluster's. */
function depthOf(scope: string, cluster: string): number | undefined {
  if (scope === "global") return 0;
  if (scope === `cluster/${cluster}`) return 1;
  return scope.startsWith(`node/${cluster}/`) ? 2 : undefined;
}

/** Resources of a kind that count in a cluster: per name the narrowest, of several nodes the first by scope. By name. */
export function countingIn(cluster: string, resources: readonly Resource[]): readonly Resource[] {
  const byName = new Map<string, { readonly resource: Resource; readonly depth: number }>();
  for (const resource of resources) {
    const depth = depthOf(resource.scope, cluster);
    if (depth === undefined) continue;
    const before = byName.get(resource.name);
    const isNarrower =
      before === undefined ||
      depth > before.depth ||
      (depth === before.depth && resource.scope < before.resource.scope);
    if (isNarrower) byName.set(resource.name, { resource, depth });
  }
  return [...byName.values()]
    .map(({ resource }) => resource)
    .sort((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0));
}

/** Resources that a node of the cluster is given: what its agent judges by. */
export function countingOn(cluster: string, node: string, resources: readonly Resource[]): readonly Resource[] {
  const own = `node/${cluster}/${node}`;
  return countingIn(
    cluster,
    resources.filter(({ scope }) => !scope.startsWith("node/") || scope === own),
  );
}

export function localEndpointsOf(cluster: string, resources: readonly Resource[]): readonly Resource[] {
  return resources.filter(({ scope }) => scope.startsWith(`node/${cluster}/`));
}

/** Clusters that policies or endpoints are written for by name. */
export function clustersNamed({ policies, local, enforcements }: PolicyResources): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { scope } of [...policies, ...local, ...enforcements]) {
    const [kind, cluster] = scope.split("/");
    if (kind !== "global" && cluster !== undefined) names.add(cluster);
  }
  return names;
}

export interface EnforcementInForce {
  readonly mode: Enforcement["mode"];
  /** Of the resource that says so; "" when there is none. */
  readonly scope: string;
  readonly exceptions: readonly { readonly node: string; readonly mode: Enforcement["mode"] }[];
}

/** The narrowest scope that has an Enforcement decides; names beyond the first of a scope do not count. */
export function enforcementIn(cluster: string, enforcements: readonly Resource[]): EnforcementInForce {
  const at = (scope: string) => enforcements.find((resource) => resource.scope === scope);
  const wide = at(`cluster/${cluster}`) ?? at("global");
  const mode = modeOf(wide);
  const exceptions = enforcements
    .filter(({ scope }) => scope.startsWith(`node/${cluster}/`))
    .map((resource) => ({ node: nodeOfScope(resource.scope), mode: modeOf(resource) }))
    .filter((exception) => exception.mode !== mode);
  return { mode, scope: wide?.scope ?? "", exceptions };
}

function modeOf(resource: Resource | undefined): Enforcement["mode"] {
  const spec = Enforcement.safeParse(resource?.spec ?? {});
  return spec.success ? spec.data.mode : "off";
}

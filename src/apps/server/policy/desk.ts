// The policy desk: per cluster the parsed policies that count there, the world, and an engine over both, brought up to date when asked.
// Everything that answers about policies asks it; nothing here changes anything.
import type { Clock } from "../../../base/clock.ts";
import { Fault, toFault } from "../../../base/fault.ts";
import { createPolicyEngine } from "../../../core/policy/evaluate/create-engine.ts";
import type { PolicyEngine } from "../../../core/policy/evaluate/engine.ts";
import type { Manifest } from "../../../core/policy/parse/manifest.ts";
import { parseManifests, type Parsed } from "../../../core/policy/parse/parse-policies.ts";
import { resourceNameOf } from "../../../core/policy/parse/resource-name.ts";
import type { World, WorldEndpoint } from "../../../core/policy/world.ts";
import type { Resources } from "../../../core/state/ports.ts";
import { PolicyObject } from "../../../model/policy-object.ts";
import type { Resource } from "../../../model/resource.ts";
import type { OwnPolicies, OwnPolicy } from "../clusters/cluster-policies.ts";
import type { ClustersSide } from "../clusters/clusters-side.ts";
import { policyDeskLimits } from "./limits.ts";
import {
  clustersNamed,
  countingIn,
  digestOf,
  localEndpointsOf,
  policyResourceBook,
  type PolicyResources,
} from "./policy-resources.ts";
import { type EndBook, endBookOf } from "./recorded-flows.ts";
import { worldOf } from "./world-of.ts";

export interface DeskParts {
  readonly state: { readonly resources: Resources };
  readonly clusters: Pick<ClustersSide, "list" | "view" | "gapOf" | "ownPolicies">;
  readonly clock: Clock;
}

/** One object that counts in a cluster, with where it is kept. */
export interface KeptObject {
  readonly manifest: Manifest;
  /** Undefined: it is the cluster's own, and only read. */
  readonly resource: Resource | undefined;
}

export interface ClusterPolicies {
  readonly cluster: string;
  readonly parsed: Parsed;
  /** By id of the object: "<dialect>/<kind>/<namespace or ->/<name>" of policies. */
  readonly kept: ReadonlyMap<string, KeptObject>;
  readonly world: World;
  readonly book: EndBook;
  readonly engine: PolicyEngine;
  /** Why policies that the cluster has itself may be missing; "" when none are, or nobody reads its API. */
  readonly ownBecause: string;
}

export interface PolicyDesk extends Disposable {
  /** By name: clusters that are known, and those that policies or endpoints are written for. */
  names(): Promise<readonly string[]>;
  /** Throws Fault "clusters/no-such-cluster". */
  of(cluster: string): Promise<ClusterPolicies>;
  resources(): Promise<PolicyResources>;
}

interface Held {
  policies: ClusterPolicies;
  digest: string;
  localDigest: string;
  worldAtMs: number;
}

export function createPolicyDesk({ state, clusters, clock }: DeskParts): PolicyDesk {
  const book = policyResourceBook(state.resources, clock);
  /** The one that was asked for longest ago first. */
  const held = new Map<string, Held>();

  async function names(): Promise<readonly string[]> {
    const known = (await clusters.list()).map(({ name }) => name);
    return [...new Set([...known, ...clustersNamed(await book.read())])].sort();
  }

  function lookAt(
    cluster: string,
    resources: PolicyResources,
  ): { readonly world: World; readonly localDigest: string } {
    const local = localEndpointsOf(cluster, resources.local);
    const gapOf = (kind: Parameters<ClustersSide["gapOf"]>[1]) => clusters.gapOf(cluster, kind);
    const world = worldOf({ cluster, view: clusters.view(cluster), local, gapOf });
    return { world, localDigest: digestOf(local) };
  }

  return {
    names,
    resources: () => book.read(),
    async of(cluster) {
      const resources = await book.read();
      const counting = countingIn(cluster, resources.policies);
      const own = clusters.ownPolicies(cluster);
      const digest = `${digestOf(counting)} ${own?.version ?? ""}`;
      const before = held.get(cluster);
      if (before === undefined) await refuseUnknown(cluster, names);
      const now = before ?? begin(cluster, { counting, own }, lookAt(cluster, resources), clock.nowMs());
      if (before !== undefined)
        bringUpToDate(before, { counting, own, digest, resources, look: lookAt, nowMs: clock.nowMs() });
      now.digest = digest;
      now.policies = { ...now.policies, ownBecause: own?.because ?? "" };
      held.delete(cluster);
      held.set(cluster, now);
      for (const oldest of held.keys()) {
        if (held.size <= policyDeskLimits.enginesMax) break;
        held.delete(oldest);
      }
      return now.policies;
    },
    [Symbol.dispose]: () => book[Symbol.dispose](),
  };
}

async function refuseUnknown(cluster: string, names: () => Promise<readonly string[]>): Promise<void> {
  if ((await names()).includes(cluster)) return;
  throw new Fault(`there is no cluster ${JSON.stringify(cluster.slice(0, 100))}`, {
    code: "clusters/no-such-cluster",
    kind: "not-found",
    where: "cluster",
    hint: "`garrison clusters` lists them",
  });
}

interface Look {
  readonly world: World;
  readonly localDigest: string;
}

function begin(cluster: string, { counting, own }: Written, { world, localDigest }: Look, nowMs: number): Held {
  const { parsed, kept } = readPolicies(counting, own?.policies);
  const engine = createPolicyEngine({ set: parsed.set, world });
  const policies = { cluster, parsed, kept, world, book: endBookOf(world), engine, ownBecause: "" };
  return { policies, digest: "", localDigest, worldAtMs: nowMs };
}

interface Written {
  readonly counting: readonly Resource[];
  readonly own: OwnPolicies | undefined;
}

interface Wanted extends Written {
  readonly digest: string;
  readonly resources: PolicyResources;
  readonly look: (cluster: string, resources: PolicyResources) => Look;
  readonly nowMs: number;
}

function bringUpToDate(held: Held, { counting, own, digest, resources, look, nowMs }: Wanted): void {
  const { cluster, engine } = held.policies;
  if (digest !== held.digest) {
    const { parsed, kept } = readPolicies(counting, own?.policies);
    engine.setPolicies(parsed.set);
    held.policies = { ...held.policies, parsed, kept };
  }
  const isLocalChanged = digestOf(localEndpointsOf(cluster, resources.local)) !== held.localDigest;
  if (!isLocalChanged && nowMs - held.worldAtMs < policyDeskLimits.worldKeptMs) return;
  const { world, localDigest } = look(cluster, resources);
  tellChanges(engine, held.policies.world, world);
  held.policies = { ...held.policies, world, book: endBookOf(world) };
  held.localDigest = localDigest;
  held.worldAtMs = nowMs;
}

/** Endpoints that are the same object are the same; the engine hears of the others only. */
export function tellChanges(engine: PolicyEngine, before: World, after: World): void {
  const old = new Map(before.endpoints.map((endpoint) => [endpoint.id, endpoint]));
  const put: WorldEndpoint[] = [];
  for (const endpoint of after.endpoints) {
    if (old.get(endpoint.id) !== endpoint) put.push(endpoint);
    old.delete(endpoint.id);
  }
  const remove = [...old.keys()];
  if (put.length > 0 || remove.length > 0) engine.change({ put, remove });
  const { endpoints: _, ...restBefore } = before;
  const { endpoints: __, ...rest } = after;
  if (JSON.stringify(rest) !== JSON.stringify(restBefore)) engine.setWorld(rest);
}

/** As a resource would be named; "" for a name that no resource can have. */
function nameOf(manifest: unknown): string {
  const spec = PolicyObject.safeParse({ manifest });
  if (!spec.success) return "";
  try {
    return resourceNameOf(spec.data.manifest);
  } catch (thrown) {
    if (toFault(thrown).code.startsWith("policy/")) return "";
    throw thrown;
  }
}

/** The file that problems of a resource name: its scope and name. */
export function fileOf({ scope, name }: Resource): string {
  return `${scope} ${name}`;
}

/**
 * Resources as manifests: parsed together, for tiers are in objects of their own. An object that the cluster has too counts as the resource says:
 * that is where somebody who uses Garrison wrote it last.
 */
export function readPolicies(
  counting: readonly Resource[],
  own: readonly OwnPolicy[] = [],
): Pick<ClusterPolicies, "parsed" | "kept"> {
  const byFile = new Map<string, KeptObject>();
  for (const resource of counting) {
    const spec = PolicyObject.safeParse(resource.spec);
    const place = { file: fileOf(resource), document: 0, line: 0 };
    byFile.set(place.file, {
      resource,
      manifest: { manifest: spec.success ? spec.data.manifest : resource.spec, place },
    });
  }
  const written = new Set(counting.map(({ name }) => name));
  for (const { uid, manifest } of own) {
    if (written.has(nameOf(manifest))) continue;
    const place = { file: `cluster ${uid}`, document: 0, line: 0 };
    byFile.set(place.file, { resource: undefined, manifest: { manifest, place } });
  }
  const parsed = parseManifests([...byFile.values()].map(({ manifest }) => manifest));
  const kept = new Map<string, KeptObject>();
  for (const { id, place } of parsed.objects) {
    const object = byFile.get(place.file);
    if (object !== undefined && !kept.has(id)) kept.set(id, object);
  }
  return { parsed, kept };
}

// Rights of workloads: what pods declare (inventory), what their processes show (agents' postures), what was seen used (learning), put side by side.
import { confidenceOf, mergeUsage, type Learnt } from "../../../core/profile/learnt.ts";
import { declaredOfPod, postureOf } from "../../../core/profile/posture/container-layers.ts";
import type { Declared } from "../../../core/profile/posture/layer-input.ts";
import type { PostureRows, UsageRows } from "../../../edge/store/queries/profiles-nouns.ts";
import type { WindowRequest, WorkloadParams } from "../../../edge/store/queries/queries.ts";
import { PostureFacts } from "../../../model/container-posture.ts";
import type { Pod } from "../../../model/inventory.ts";
import type { Shown } from "../../../model/table.ts";
import { profileLimits, type ContainerLayers } from "../contract/profiles.ts";
import type { ServerParts } from "../parts.ts";

export type ProfileParts = Pick<ServerParts, "clusters" | "queries" | "clock">;

type PostureRow = Shown<"container_postures">;

/** Rows of learning as core merges them: times as numbers. */
export function factsOfUsage(rows: UsageRows["rows"]) {
  return rows.map((row) => ({ ...row, time: Date.parse(row.time) }));
}

/** Layers of each container of a workload. */
export async function workloadPosture(parts: ProfileParts, params: WorkloadParams, query: WindowRequest) {
  const [postures, usage] = await Promise.all([
    parts.queries.workloadPostures(params, query),
    parts.queries.usageRows(params, query),
  ]);
  const pods = podsOf(parts, params);
  const names = containerNames(postures.rows, usage.rows, pods);
  const kept = names.slice(0, profileLimits.containersMax);
  const containers = kept.map((name) => layersOf(parts, { params, name, postures, usage, pods }));
  return { containers, omitted: names.length - kept.length, window: postures.window };
}

function podsOf({ clusters }: ProfileParts, params: WorkloadParams): readonly Pod[] {
  return clusters.view(params.cluster)?.podsOf(params) ?? [];
}

/** Those that run come first, then by name. */
function containerNames(
  postures: readonly PostureRow[],
  usage: UsageRows["rows"],
  pods: readonly Pod[],
): readonly string[] {
  const live = postures.map(({ container }) => container);
  const declared = pods.flatMap(({ containers }) => containers.filter(({ isInit }) => !isInit).map(({ name }) => name));
  const learnt = usage.map(({ container }) => container);
  return [...new Set([...live.toSorted(), ...declared.toSorted(), ...learnt.toSorted()])];
}

interface LayersRequest {
  readonly params: WorkloadParams;
  readonly name: string;
  readonly postures: PostureRows;
  readonly usage: UsageRows;
  readonly pods: readonly Pod[];
}

function layersOf(parts: ProfileParts, { params, name, postures, usage, pods }: LayersRequest): ContainerLayers {
  const rows = postures.rows.filter(({ container }) => container === name);
  const newest = rows.toSorted((one, other) => (one.time < other.time ? 1 : -1))[0];
  const facts = newest === undefined ? "no agent has looked at it within the window" : readFacts(newest);
  const declared = declaredFor(parts, { params, name, pods, pod: newest?.pod ?? "" });
  const nowMs = parts.clock.nowMs();
  const learnt = learntOf(usage, { container: name, imageDigest: newest?.imageDigest ?? "" });
  const answer = postureOf({ declared, facts, learnt, confidence: confidenceOf(learnt, nowMs) });
  return {
    container: name,
    image: newest?.image ?? "",
    imageDigest: newest?.imageDigest ?? "",
    replicas: rows.length,
    replicasOther: rows
      .filter(({ digest }) => digest !== newest?.digest)
      .map(({ pod, containerId }) => pod || containerId),
    pod: newest?.pod ?? "",
    node: newest?.node ?? "",
    ...(newest === undefined ? {} : { at: newest.time }),
    because: [typeof facts === "string" ? facts : "", typeof declared === "string" ? declared : ""]
      .filter((text) => text !== "")
      .join("; "),
    ...answer,
  };
}

/** Of this image where it is known; older images did other things. */
function learntOf(usage: UsageRows, of: { readonly container: string; readonly imageDigest: string }): Learnt {
  const own = usage.rows.filter(({ container }) => container === of.container);
  const ofImage = own.filter(({ imageDigest }) => imageDigest === of.imageDigest);
  return mergeUsage(factsOfUsage(ofImage.length > 0 ? ofImage : own));
}

/** The row's facts; a text that is none (of an agent of another version) is said. */
export function readFacts(row: PostureRow): PostureFacts | string {
  try {
    const facts = PostureFacts.safeParse(JSON.parse(row.facts));
    return facts.success ? facts.data : "the agent's look is of another version than this server";
  } catch {
    return "the agent's look cannot be read";
  }
}

interface DeclaredRequest {
  readonly params: WorkloadParams;
  readonly name: string;
  readonly pods: readonly Pod[];
  readonly pod: string;
}

function declaredFor({ clusters }: ProfileParts, { params, name, pods, pod }: DeclaredRequest): Declared | string {
  if (params.namespace === "host") return "not in Kubernetes: nothing is declared";
  if (clusters.view(params.cluster) === undefined) return "no Kubernetes API is read for this cluster";
  const found = pods.find((one) => one.name === pod) ?? pods[0];
  if (found === undefined) return "the inventory holds no pod of it now";
  return declaredOfPod(
    found,
    found.containers.find((one) => one.name === name),
  );
}

/** Level and differences of every container with a posture: one row per workload and container. */
export async function listPostures(parts: ProfileParts, query: WindowRequest & { readonly q: string }) {
  const postures = await parts.queries.listPostures(query);
  const groups = new Map<string, PostureRow[]>();
  for (const row of postures.rows) {
    const key = [row.cluster, row.namespace, row.workloadKind, row.workload, row.container].join("\u0000");
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const kept = [...groups.values()].slice(0, profileLimits.workloadsMax);
  return {
    rows: kept.map((rows) => rowOf(parts, rows)),
    omitted: groups.size - kept.length + postures.omitted,
    window: postures.window,
  };
}

function rowOf(parts: ProfileParts, rows: readonly PostureRow[]) {
  const newest = rows.toSorted((one, other) => (one.time < other.time ? 1 : -1))[0];
  if (newest === undefined) throw new Error("a group of postures without a row");
  const { cluster, namespace, workload, workloadKind, container } = newest;
  const params = { cluster, namespace, kind: workloadKind, name: workload };
  const facts = readFacts(newest);
  const declared = declaredFor(parts, { params, name: container, pods: podsOf(parts, params), pod: newest.pod });
  const learnt = mergeUsage([]);
  const answer = postureOf({ declared, facts, learnt, confidence: confidenceOf(learnt, parts.clock.nowMs()) });
  return {
    cluster,
    namespace,
    workload,
    workloadKind,
    container,
    levelDeclared: answer.levelDeclared.level,
    levelEffective: answer.levelEffective.level,
    differences: answer.differences,
    seccomp: newest.seccomp,
    uid: newest.uid,
    capabilities: newest.capabilities,
    replicas: rows.length,
    at: newest.time,
  };
}

// Where images run, which of their files are in use, and who is spoken to from outside: asked of inventory and telemetry when somebody looks, kept for a while.
import type { Clock } from "../../../base/clock.ts";
import { toFault } from "../../../base/fault.ts";
import { formatReference, isDigest, parseReference, tagOf } from "../../../core/image/reference.ts";
import type { ImageUse, Reached } from "../../../edge/store/queries/images-nouns.ts";
import type { Queries } from "../../../edge/store/queries/queries.ts";
import type { WorkloadKind } from "../../../model/identity.ts";
import type { ClustersSide } from "../clusters/clusters-side.ts";
import type { ImageInstance } from "../contract/image-shapes.ts";
import { deskLimits } from "./limits.ts";

/** An image as a cluster knows it, with the containers that run it now. */
export interface RunningImage {
  /** What its runtime calls it: "sha256:..."; "" when it says nothing. */
  readonly digest: string;
  /** In full, as `canonicalName` writes it. */
  readonly name: string;
  readonly instances: readonly ImageInstance[];
}

export interface UseOfImage {
  readonly containers: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** By path within the container: who was seen using it. */
  readonly files: ReadonlyMap<string, { readonly usedBy: string; readonly where: string; readonly containers: number }>;
}

export interface Surroundings {
  readonly running: readonly RunningImage[];
  /** Clusters whose running images are not, or not surely, known. */
  readonly runningBecause: readonly string[];
  /** By digest or name of the image; undefined: nobody looked at a container of it. */
  useOf(names: readonly string[]): UseOfImage | undefined;
  readonly useBecause: string;
}

/** "nginx" and "docker.io/library/nginx:latest" are one; of a pinned one the digest counts, not the tag; what is no reference stays as it is. */
export function canonicalName(text: string): string {
  if (isDigest(text)) return text;
  try {
    const reference = parseReference(text);
    return formatReference({ ...reference, tag: reference.digest === "" ? tagOf(reference) : "" });
  } catch {
    // A runtime may call an image by its bare digest, or by nothing a registry knows.
    return text;
  }
}

export interface SurroundingsParts {
  readonly clusters: Pick<ClustersSide, "list" | "view" | "gapOf">;
  readonly queries: Pick<Queries, "imageUse" | "reachedWorkloads" | "listWorkloads">;
  readonly clock: Clock;
}

interface Found {
  readonly key: string;
  readonly digest: string;
  readonly name: string;
  readonly cluster: string;
  readonly namespace: string;
  readonly workload: string;
  readonly workloadKind: WorkloadKind;
  readonly container: string;
  readonly node: string;
}

/** Every answer is of now or of at most `surroundingsMs` ago; two that ask at once share one. */
export function createSurroundings(parts: SurroundingsParts): { now(): Promise<Surroundings>; refresh(): void } {
  let kept: { readonly atMs: number; readonly answer: Promise<Surroundings> } | undefined;
  return {
    now() {
      const nowMs = parts.clock.nowMs();
      if (kept !== undefined && nowMs - kept.atMs < deskLimits.surroundingsMs && nowMs >= kept.atMs) return kept.answer;
      const answer = look(parts);
      kept = { atMs: nowMs, answer };
      answer.catch(() => (kept = undefined));
      return answer;
    },
    refresh: () => (kept = undefined),
  };
}

async function look(parts: SurroundingsParts): Promise<Surroundings> {
  const since = deskLimits.useWindow;
  const noUse = (error: unknown): ImageUse => ({ files: [], seen: [], partialBecause: toFault(error).message });
  const noReach = (error: unknown): Reached => ({ workloads: [], partialBecause: toFault(error).message });
  const [found, use, reached] = await Promise.all([
    findRunning(parts),
    parts.queries.imageUse({ since }).catch(noUse),
    parts.queries.reachedWorkloads({ since }).catch(noReach),
  ]);
  const uses = usesOf(use);
  return {
    running: groupRunning(found.found, exposureOf(reached)),
    runningBecause: found.because,
    useOf: (names) => {
      for (const name of names) {
        const found = name === "" ? undefined : uses.get(name);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    useBecause: use.partialBecause,
  };
}

async function findRunning({ clusters, queries }: SurroundingsParts): Promise<{ found: Found[]; because: string[] }> {
  const found: Found[] = [];
  const because: string[] = [];
  for (const { name: cluster } of await clusters.list()) {
    const view = clusters.view(cluster);
    if (view === undefined) continue;
    const gap = clusters.gapOf(cluster, "Pod");
    if (gap !== "") because.push(`cluster ${cluster}: ${gap}`);
    for (const pod of view.all("Pod"))
      for (const container of pod.containers) {
        if (container.state !== "running") continue;
        const name = canonicalName(container.image);
        const { namespace, workload, workloadKind, node } = pod;
        const rest = { cluster, namespace, workload, workloadKind, container: container.name, node };
        found.push({ ...rest, digest: container.imageDigest, name, key: container.imageDigest || name });
      }
  }
  try {
    const { rows } = await queries.listWorkloads({ q: "", since: "15m", limit: 1000 });
    for (const row of rows) {
      if (clusters.view(row.cluster) !== undefined) continue;
      for (const image of row.images) {
        if (image === "") continue;
        const { cluster, namespace, name: workload, kind: workloadKind, nodes } = row;
        const name = canonicalName(image);
        const rest = { cluster, namespace, workload, workloadKind, container: "", node: nodes[0] ?? "" };
        found.push({ ...rest, digest: "", name, key: name });
      }
    }
  } catch (error) {
    because.push(`what agents tell: ${toFault(error).message}`);
  }
  return { found, because };
}

type Exposure = (each: Found) => Pick<ImageInstance, "exposed" | "exposedBecause">;

function exposureOf({ workloads, partialBecause }: Reached): Exposure {
  const key = (...parts: readonly string[]): string => JSON.stringify(parts);
  const seen = new Map<string, boolean>();
  for (const { cluster, namespace, workload, fromOutside } of workloads) {
    const place = key(cluster, namespace, workload);
    seen.set(place, fromOutside || seen.get(place) === true);
  }
  return ({ cluster, namespace, workload }) => {
    const outside = seen.get(key(cluster, namespace, workload));
    if (outside === true) return { exposed: "exposed", exposedBecause: "connections from outside the cluster came in" };
    if (outside === false)
      return { exposed: "not-seen", exposedBecause: "all connections of the last day came from inside" };
    const reason = partialBecause === "" ? "no connection to it was seen in the last day" : partialBecause;
    return { exposed: "unknown", exposedBecause: reason };
  };
}

function groupRunning(found: readonly Found[], exposure: Exposure): readonly RunningImage[] {
  const images = new Map<string, { digest: string; name: string; places: Map<string, Found[]> }>();
  for (const each of found) {
    const image = images.get(each.key) ?? { digest: each.digest, name: each.name, places: new Map<string, Found[]>() };
    images.set(each.key, image);
    const place = JSON.stringify([each.cluster, each.namespace, each.workloadKind, each.workload, each.container]);
    const others = image.places.get(place);
    if (others === undefined) image.places.set(place, [each]);
    else others.push(each);
  }
  return [...images.values()].map(({ digest, name, places }) => ({
    digest,
    name,
    instances: [...places.values()].map((same) => instanceOf(same, exposure)),
  }));
}

function instanceOf(same: readonly Found[], exposure: Exposure): ImageInstance {
  const [first] = same;
  if (first === undefined) throw new Error("a place without containers");
  const { cluster, namespace, workload, workloadKind, container } = first;
  const nodes = [...new Set(same.map(({ node }) => node).filter((node) => node !== ""))].toSorted();
  return { cluster, namespace, workload, workloadKind, container, containers: same.length, nodes, ...exposure(first) };
}

function usesOf({ files, seen }: ImageUse): ReadonlyMap<string, UseOfImage> {
  type Files = Map<string, { usedBy: string; where: string; containers: number }>;
  const uses = new Map<string, { containers: number; firstMs: number; lastMs: number; files: Files }>();
  const names = (each: { digest: string; name: string }) => [each.digest, canonicalName(each.name)];
  for (const each of seen)
    for (const name of names(each)) {
      if (name === "") continue;
      const use = uses.get(name);
      const { containers, firstMs, lastMs } = each;
      if (use === undefined) uses.set(name, { containers, firstMs, lastMs, files: new Map() });
      else {
        use.containers += containers;
        use.firstMs = Math.min(use.firstMs, firstMs);
        use.lastMs = Math.max(use.lastMs, lastMs);
      }
    }
  for (const file of files)
    for (const name of names(file)) {
      const where = [file.namespace, file.workload].filter((part) => part !== "").join("/");
      uses.get(name)?.files.set(file.path, { usedBy: file.usedBy, where, containers: file.containers });
    }
  return uses;
}

// Clusters in words and sums: what is covered, how far a clock is off, what to do about a gap. Pure.
import type { Cluster, InventoryGap } from "../../../src/model/cluster.ts";
import { formatDuration } from "./format.ts";

/** Below it two clocks agree as well as they need to. */
const clockMsMin = 2000;

/** "agrees", "1 h ahead", "3 s behind"; undefined while it is not known. */
export function clockText(aheadMs: number | undefined): string | undefined {
  if (aheadMs === undefined) return undefined;
  if (Math.abs(aheadMs) < clockMsMin) return "agrees";
  return `${formatDuration(Math.abs(aheadMs))} ${aheadMs > 0 ? "ahead" : "behind"}`;
}

/** True when times of this cluster must not be compared with others'. */
export function isClockOff(aheadMs: number | undefined): boolean {
  return aheadMs !== undefined && Math.abs(aheadMs) >= clockMsMin;
}

const advice: Readonly<Record<InventoryGap["state"], string>> = {
  forbidden: "Allow Garrison to list and watch it: the ClusterRole garrison-server names what is needed.",
  absent: "This API server does not serve it. Nothing is wrong when the cluster is older or does without.",
  failing: "It is asked for again by itself. If it stays, look at the API server's own log.",
};

export function gapAdvice(state: InventoryGap["state"]): string {
  return advice[state];
}

export interface CoverageSums {
  /** Clusters whose Kubernetes is asked, and those of them that are current. What only agents tell of is not behind. */
  readonly clusters: number;
  readonly clustersCurrent: number;
  /** Nodes of the clusters whose inventory is known, and agents that see in them. */
  readonly nodes: number;
  readonly nodesSeeing: number;
  readonly pods: number;
  readonly podsCovered: number;
  readonly podsNotReady: number;
  readonly gaps: number;
  /** Clusters that are in none of the sums because nothing is known of their nodes and pods. */
  readonly unknown: readonly string[];
}

/** Sums over clusters. A cluster without an inventory is named, not counted as nothing. */
export function coverageOf(clusters: readonly Cluster[]): CoverageSums {
  const sums = { nodes: 0, nodesSeeing: 0, pods: 0, podsCovered: 0, podsNotReady: 0, gaps: 0 };
  const unknown: string[] = [];
  for (const { name, counts, coverage, gaps } of clusters) {
    sums.gaps += gaps.length;
    if (counts === undefined || coverage.podsCovered === undefined) {
      unknown.push(name);
      continue;
    }
    sums.nodes += counts.nodes;
    sums.nodesSeeing += Math.min(coverage.nodesSeeing, counts.nodes);
    sums.pods += counts.pods;
    sums.podsCovered += coverage.podsCovered;
    sums.podsNotReady += counts.podsNotReady;
  }
  const asked = clusters.filter(({ state }) => state !== "agents-only");
  const clustersCurrent = asked.filter(({ state }) => state === "connected").length;
  return { ...sums, clusters: asked.length, clustersCurrent, unknown };
}

/** "3 of 4"; and whether a part is missing. */
export function partOf(part: number, whole: number): { readonly text: string; readonly isWhole: boolean } {
  return { text: `${part} of ${whole}`, isWhole: part >= whole };
}

/** "kubeconfig /home/me/.kube/config" -> "kubeconfig config": the whole stands in a title. */
export function shortSource(source: string): string {
  return source.replace(/\S*\/(?=[^/\s])/g, "");
}

/** "v1.36.3+garrison.simulated" -> "v1.36.3": what is behind the plus is said by the demo's badge, or is a build. */
export function shortVersion(version: string): string {
  return version.replace(/\+.*$/, "");
}

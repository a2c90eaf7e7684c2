// What is not seen: clusters whose API cannot be read, parts of it that are forbidden, nodes without an agent or with one that is silent.
import type { Cluster } from "../../model/cluster.ts";
import type { Attention } from "../../model/graph.ts";
import type { Node } from "../../model/node.ts";
import { counted } from "./health.ts";

export type WatchedNode = Pick<Node, "cluster" | "name" | "state" | "fidelity" | "fidelityBecause">;

export const coverageLimits = { clockAheadMsMax: 60_000 } as const;

export function coverageAttention(clusters: readonly Cluster[], nodes: readonly WatchedNode[]): readonly Attention[] {
  return clusters.flatMap((cluster) => [
    ...stateAttention(cluster),
    ...gapAttention(cluster),
    ...agentAttention(
      cluster,
      nodes.filter((node) => node.cluster === cluster.name),
    ),
    ...clockAttention(cluster),
  ]);
}

function item(
  { name }: Cluster,
  what: string,
  rest: Pick<Attention, "severity" | "title" | "detail"> & Partial<Pick<Attention, "count" | "since">>,
): Attention {
  return {
    id: `coverage/${encodeURIComponent(name)}/${what}`,
    about: "coverage",
    cluster: name,
    namespace: "",
    workload: "",
    count: 1,
    link: { screen: `/clusters/${encodeURIComponent(name)}`, search: {} },
    ...rest,
  };
}

/** A cluster that only agents tell of is as it was set up: no trouble. */
function stateAttention(cluster: Cluster): Attention[] {
  const { name, state, because } = cluster;
  if (state === "connected" || state === "agents-only") return [];
  const severity = state === "connecting" ? "low" : "high";
  const since = cluster.currentAt === undefined ? {} : { since: cluster.currentAt };
  return [item(cluster, "state", { severity, title: `cluster ${name} is ${state}`, detail: because, ...since })];
}

function gapAttention(cluster: Cluster): Attention[] {
  const gaps = cluster.gaps.filter(({ state }) => state !== "absent");
  const [first] = gaps;
  if (first === undefined) return [];
  const names = gaps.map(({ resource }) => resource);
  const shown = names.length > 4 ? `${names.slice(0, 4).join(", ")} and ${names.length - 4} more` : names.join(", ");
  return [
    item(cluster, "gaps", {
      severity: "medium",
      title: `cluster ${cluster.name}: ${shown} cannot be read`,
      detail: first.because,
      since: first.since,
      count: gaps.length,
    }),
  ];
}

function agentAttention(cluster: Cluster, nodes: readonly WatchedNode[]): Attention[] {
  const { name, counts, coverage } = cluster;
  const found: Attention[] = [];
  const unwatched = counts === undefined ? 0 : Math.max(0, counts.nodes - coverage.nodesWithAgent);
  if (unwatched > 0) {
    found.push(
      item(cluster, "unwatched", {
        severity: "medium",
        title: `cluster ${name}: ${unwatched} of ${counted(counts?.nodes ?? 0, "node")} ${unwatched === 1 ? "has" : "have"} no agent`,
        detail: "what runs there is not seen, but for what other nodes' agents tell",
        count: unwatched,
      }),
    );
  }
  const silent = nodes.filter(({ state }) => state === "stale" || state === "gone");
  if (silent.length > 0) {
    found.push(
      item(cluster, "silent", {
        severity: "high",
        title: `cluster ${name}: ${counted(silent.length, "agent")} silent`,
        detail: silent
          .slice(0, 5)
          .map((node) => node.name)
          .join(", "),
        count: silent.length,
      }),
    );
  }
  const reduced = nodes.filter(({ state, fidelity }) => state === "connected" && fidelity === "polled");
  const [first] = reduced;
  if (first !== undefined) {
    found.push(
      item(cluster, "polled", {
        severity: "low",
        title: `cluster ${name}: ${counted(reduced.length, "agent")} without the kernel's view`,
        detail: first.fidelityBecause,
        count: reduced.length,
      }),
    );
  }
  return found;
}

function clockAttention(cluster: Cluster): Attention[] {
  const { name, clockAheadMs = 0 } = cluster;
  if (Math.abs(clockAheadMs) <= coverageLimits.clockAheadMsMax) return [];
  const minutes = Math.round(Math.abs(clockAheadMs) / 60_000);
  const side = clockAheadMs > 0 ? "ahead of" : "behind";
  return [
    item(cluster, "clock", {
      severity: "medium",
      title: `cluster ${name}: its clock is ${counted(minutes, "minute")} ${side} ours`,
      detail: "times of its objects and events are off by as much",
    }),
  ];
}

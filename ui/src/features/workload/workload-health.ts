// How a workload is: what its traffic says and what its pods say, together; a calm graph does not hide a pod that crashes. Pure.
import type { Health } from "../../../../src/model/graph.ts";
import { isPodWell, podRestarts, podStateText } from "../../kit/pod-text.ts";
import type { WorkloadObjects } from "./pods-tab.tsx";

const badness: Readonly<Record<Health["state"], number>> = { failing: 3, degraded: 2, ok: 1, unknown: 0 };

/** `traffic` is absent when the graph does not hold it; `trouble` says why, when the graph could not be read. */
export function workloadHealth(
  traffic: Health | undefined,
  objects: Pick<WorkloadObjects, "pods" | "workload"> | undefined,
  trouble: string,
): Health {
  const seen = traffic ?? {
    state: "unknown" as const,
    because: [trouble || "no traffic of it was seen in this window"],
  };
  const pods = podsHealth(objects);
  if (pods === undefined) return seen;
  const state = badness[pods.state] >= badness[seen.state] ? pods.state : seen.state;
  // Reasons of the calmer part would read as if they were the trouble; why traffic is not known is always said.
  const because = [pods, seen].flatMap((part) =>
    part.state === state || part.state === "unknown" ? part.because : [],
  );
  // Both well: what the traffic says is enough.
  if (state === "ok" && seen.state === "ok") return seen;
  return { state, because: [...new Set(because)] };
}

/** Undefined when the inventory knows of no pod that should be there. */
function podsHealth(objects: Pick<WorkloadObjects, "pods" | "workload"> | undefined): Health | undefined {
  const living = objects?.pods.filter(({ endedAt }) => endedAt === undefined).map(({ pod }) => pod) ?? [];
  const wanted = Math.max(living.length, objects?.workload?.replicasDesired ?? 0);
  if (wanted === 0) return undefined;
  const sick = living.filter((pod) => !isPodWell(pod));
  const missing = wanted - living.length;
  const bad = sick.length + missing;
  if (bad === 0) return { state: "ok", because: [wanted === 1 ? "its pod is ready" : `its ${wanted} pods are ready`] };
  const worst = sick.toSorted((a, b) => podRestarts(b) - podRestarts(a))[0];
  const why = worst === undefined ? "" : `: ${podStateText(worst)}${restartsText(podRestarts(worst))}`;
  const text = `${bad} of ${wanted} ${wanted === 1 ? "pod" : "pods"} ${bad === 1 ? "is" : "are"} not ready${why}`;
  return { state: bad >= wanted ? "failing" : "degraded", because: [text] };
}

function restartsText(restarts: number): string {
  return restarts === 0 ? "" : `, ${restarts} ${restarts === 1 ? "restart" : "restarts"}`;
}

// Who an end of a pair is, as a key: named workloads by their names, things outside by DNS name, the rest by where they are unknown.
import type { GraphEnd } from "./graph-row.ts";

export type EndIs = "workload" | "service" | "external" | "unknown";

/**
 * What is known of an end: a workload; only the service that was dialled (several workloads stand behind it); something outside;
 * nothing but the namespace (merged rows), or nothing at all.
 */
export function endIs(end: GraphEnd): EndIs {
  if (end.kind === "External") return "external";
  if (end.workload !== "") return "workload";
  if (end.service !== "") return "service";
  return "unknown";
}

/** Equal for ends that are the same thing; the service is part of it only where nothing finer is known. */
export function endKey(end: GraphEnd): string {
  switch (endIs(end)) {
    case "external":
      return `x\n${end.domain}`;
    case "workload":
      return `w\n${end.namespace}\n${end.kind}\n${end.workload}\n${end.pod}`;
    case "service":
      return `s\n${end.namespace}\n${end.service}`;
    case "unknown":
      return `u\n${end.namespace}`;
  }
}

/** A workload without the pod. */
export function workloadKey(cluster: string, end: Pick<GraphEnd, "namespace" | "kind" | "workload">): string {
  return `${cluster}\n${end.namespace}\n${end.kind}\n${end.workload}`;
}

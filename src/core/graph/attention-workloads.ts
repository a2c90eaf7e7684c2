// Workloads that need a person: pods that are not ready, and Kubernetes' own warnings. One item for each workload, with all that is known.
import { formatInstant } from "../../base/instant.ts";
import type { Attention } from "../../model/graph.ts";
import type { WorkloadKind } from "../../model/identity.ts";
import { quote } from "../filter/print.ts";
import type { InventoryWorkload } from "./project.ts";

/** Events of one workload for one reason (of detections: one rule), added up. */
export interface EventSum {
  readonly cluster: string;
  readonly namespace: string;
  readonly workload: string;
  readonly workloadKind: WorkloadKind;
  /** Of Kubernetes: the reason; of detections: the rule. */
  readonly reason: string;
  /** Of detections; else "". */
  readonly severity: string;
  /** The newest one's words. */
  readonly text: string;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

type Severity = Attention["severity"];

/** Reasons as Kubernetes' parts write them. What is not in the list is "low": any controller may make up reasons. */
const severityByReason: Readonly<Record<string, Severity>> = {
  OOMKilling: "high",
  SystemOOM: "high",
  NodeNotReady: "high",
  Evicted: "high",
  BackOff: "medium",
  CrashLoopBackOff: "medium",
  Failed: "medium",
  FailedScheduling: "medium",
  FailedMount: "medium",
  FailedAttachVolume: "medium",
  FailedCreate: "medium",
  FailedCreatePodSandBox: "medium",
  ErrImagePull: "medium",
  ImagePullBackOff: "medium",
  Unhealthy: "medium",
  DeadlineExceeded: "medium",
  BackoffLimitExceeded: "medium",
};

const order: readonly Severity[] = ["critical", "high", "medium", "low", "info"];

interface Trouble {
  readonly workload: InventoryWorkload | undefined;
  readonly warnings: readonly EventSum[];
}

export function workloadAttention(
  workloads: readonly InventoryWorkload[],
  warnings: readonly EventSum[],
): readonly Attention[] {
  const troubles = new Map<string, Trouble>();
  for (const workload of workloads) {
    if (workload.endpointsNotReady > 0) troubles.set(keyOf(workload, workload.name), { workload, warnings: [] });
  }
  for (const warning of warnings) {
    // A warning of a node or another object without a workload is a thing by itself, by its reason.
    const key =
      warning.workload === ""
        ? `?\n${warning.reason}\n${warning.cluster}`
        : keyOf({ ...warning, kind: warning.workloadKind }, warning.workload);
    const known = troubles.get(key);
    troubles.set(key, { workload: known?.workload, warnings: [...(known?.warnings ?? []), warning] });
  }
  return [...troubles.values()].map(troubleAttention);
}

function keyOf(place: Pick<InventoryWorkload, "cluster" | "namespace" | "kind">, name: string): string {
  return [place.cluster, place.namespace, place.kind, name].join("\n");
}

function troubleAttention({ workload, warnings }: Trouble): Attention {
  const sorted = warnings.toSorted((one, other) => rankOf(one) - rankOf(other) || other.count - one.count);
  const place = placeOf(workload, sorted[0]);
  const severities = sorted.map(severityOf);
  if (workload !== undefined) severities.push(workload.endpointsNotReady >= workload.endpoints ? "high" : "medium");
  const severity = order.find((each) => severities.includes(each)) ?? "low";
  const reasons = sorted.slice(0, 3).map(({ reason, count }) => (count > 1 ? `${reason} (${count} times)` : reason));
  const notReady =
    workload === undefined ? [] : [`${workload.endpointsNotReady} of ${workload.endpoints} pods not ready`];
  const firstMs = Math.min(...sorted.map((warning) => warning.firstMs));
  const name = place.workload === "" ? place.cluster : place.workload;
  return {
    id: `workload/${[place.cluster, place.namespace, place.kind, place.workload || (sorted[0]?.reason ?? "")].map(encodeURIComponent).join("/")}`,
    severity,
    about: "workload",
    title: `${name}: ${[...notReady, ...reasons].join(", ")}`,
    detail: sorted[0]?.text ?? "",
    cluster: place.cluster,
    namespace: place.namespace,
    workload: place.workload,
    ...(place.workload === "" ? {} : { workloadKind: place.kind }),
    ...(Number.isFinite(firstMs) ? { since: formatInstant(firstMs) } : {}),
    count: sorted.reduce((sum, { count }) => sum + count, workload?.endpointsNotReady ?? 0),
    link: linkOf(place, sorted[0]),
  };
}

type Place = Pick<InventoryWorkload, "cluster" | "namespace" | "kind"> & { readonly workload: string };

function placeOf(workload: InventoryWorkload | undefined, warning: EventSum | undefined): Place {
  if (workload !== undefined) return { ...workload, workload: workload.name };
  if (warning === undefined) throw new Error("trouble without a cause");
  return { ...warning, kind: warning.workloadKind };
}

function linkOf({ cluster, namespace, kind, workload }: Place, warning: EventSum | undefined): Attention["link"] {
  if (workload !== "" && namespace !== "") {
    const path = [cluster, namespace, kind, workload].map(encodeURIComponent).join("/");
    return { screen: `/workloads/${path}`, search: {} };
  }
  const q = [`cluster:${quote(cluster)}`, ...(warning === undefined ? [] : [`reason:${quote(warning.reason)}`])];
  return { screen: "/events", search: { kinds: "kubernetes", q: q.join(" ") } };
}

function severityOf({ reason }: EventSum): Severity {
  return severityByReason[reason] ?? "low";
}

function rankOf(warning: EventSum): number {
  return order.indexOf(severityOf(warning));
}

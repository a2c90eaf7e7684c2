// Owners of pods: Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob. One shape, five ways to count replicas.
import type { WorkloadObject } from "../../../model/inventory.ts";
import { conditionsOf } from "./conditions.ts";
import { imagesOf } from "./container.ts";
import { isWhole } from "./namespace.ts";
import { commonOf, labelsOf, list, ownerOf, type ParseContext, type Raw, record, whole } from "./raw.ts";

export function parseWorkloadObject(
  kind: WorkloadObject["kind"],
): (context: ParseContext, raw: Raw) => WorkloadObject | string {
  return (context, raw) => {
    const metadata = record(raw["metadata"]);
    const { because, ...common } = commonOf(context, metadata);
    if (!isWhole(common)) return because;
    const [spec, status] = [record(raw["spec"]), record(raw["status"])];
    const podSpec = record(record(jobSpecOf(kind, spec)["template"])["spec"]);
    const owner = ownerOf(context, metadata);
    return {
      kind,
      ...common,
      generation: whole(metadata["generation"]),
      ...replicasOf(kind, spec, status),
      images: context.share(imagesOf(context, podSpec)),
      serviceAccount: context.text(podSpec["serviceAccountName"] ?? podSpec["serviceAccount"]),
      schedule: context.text(spec["schedule"]),
      selector: kind === "CronJob" ? {} : labelsOf(context, record(spec["selector"])["matchLabels"]),
      conditions: [...conditionsOf(context, status["conditions"]), ...suspended(spec)],
      ownerUid: owner?.uid ?? "",
      ownerKind: owner?.kind ?? "",
      ownerName: owner?.name ?? "",
    };
  };
}

function jobSpecOf(kind: WorkloadObject["kind"], spec: Raw): Raw {
  return kind === "CronJob" ? record(record(spec["jobTemplate"])["spec"]) : spec;
}

type Replicas = Pick<WorkloadObject, "replicasDesired" | "replicasReady" | "replicasUpdated">;

function replicasOf(kind: WorkloadObject["kind"], spec: Raw, status: Raw): Replicas {
  const asked = typeof spec["replicas"] === "number" ? whole(spec["replicas"]) : 1;
  switch (kind) {
    case "Deployment":
    case "StatefulSet":
      return {
        replicasDesired: asked,
        replicasReady: whole(status["readyReplicas"]),
        replicasUpdated: whole(status["updatedReplicas"]),
      };
    case "ReplicaSet":
      return {
        replicasDesired: asked,
        replicasReady: whole(status["readyReplicas"]),
        replicasUpdated: whole(status["fullyLabeledReplicas"]),
      };
    case "DaemonSet":
      return {
        replicasDesired: whole(status["desiredNumberScheduled"]),
        replicasReady: whole(status["numberReady"]),
        replicasUpdated: whole(status["updatedNumberScheduled"]),
      };
    case "Job":
      return {
        replicasDesired: whole(spec["completions"] ?? spec["parallelism"] ?? 1),
        replicasReady: whole(status["ready"]),
        replicasUpdated: whole(status["succeeded"]),
      };
    case "CronJob":
      return { replicasDesired: list(status["active"], 10_000).length, replicasReady: 0, replicasUpdated: 0 };
  }
}

function suspended(spec: Raw): WorkloadObject["conditions"] {
  if (spec["suspend"] !== true) return [];
  return [{ type: "Suspended", status: "True", reason: "spec.suspend", message: "" }];
}

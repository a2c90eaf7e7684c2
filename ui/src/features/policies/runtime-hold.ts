// What holds the processes of a workload: runtime policies whose target it is in, and its baselines. Pure. The page knows a workload's name,
// not its labels: where a target asks for more than names, that is said instead of guessed.
import type { WorkloadKind } from "../../../../src/model/identity.ts";
import { runtimeNamespace, runtimeTarget, scopeCluster, type RuntimeResource } from "./runtime-words.ts";

export interface HeldWorkload {
  readonly cluster: string;
  readonly namespace: string;
  readonly kind: WorkloadKind;
  readonly name: string;
}

/** "in-part": one container or image of it; "perhaps": labels or another form's manifest decide. */
export type Hold = "whole" | "in-part" | "perhaps";

/** Undefined: it is not in the target. */
export function holdOf(policy: RuntimeResource, workload: HeldWorkload): Hold | undefined {
  if (!["", workload.cluster].includes(scopeCluster(policy))) return undefined;
  const target = runtimeTarget(policy);
  if (target === undefined) return ["", workload.namespace].includes(runtimeNamespace(policy)) ? "perhaps" : undefined;
  const { namespace = "", selector = "", workload: name = "", container = "", image = "", cgroup = "" } = target;
  if (cgroup !== "") return cgroup === workload.name || cgroup.endsWith(`/${workload.name}`) ? "whole" : undefined;
  if (!["", workload.namespace].includes(namespace) || !["", workload.name].includes(name)) return undefined;
  if (name === "" && outsideContainers.has(workload.kind)) return undefined;
  if (selector !== "") return "perhaps";
  return container === "" && image === "" ? "whole" : "in-part";
}

/** A target that names nothing selects what is in a container. */
const outsideContainers: ReadonlySet<WorkloadKind> = new Set(["SystemdUnit", "Session", "Host"]);

interface BaselineSpec {
  readonly target?: {
    readonly namespace?: string;
    readonly workload?: string;
    readonly kind?: WorkloadKind;
    readonly imageDigest?: string;
    readonly image?: string;
  };
  readonly mode?: "monitoring" | "protecting";
  readonly dryRun?: boolean;
}

export interface HeldBaseline {
  readonly cluster: string;
  readonly namespace: string;
  readonly workload: string;
  /** Absent: of any kind. */
  readonly kind: WorkloadKind | undefined;
  readonly image: string;
  readonly imageDigest: string;
  readonly step: "monitoring" | "protecting";
  readonly dryRun: boolean;
}

/** A resource of kind Baseline as what it holds. The server fills in what nobody wrote. */
export function heldBaseline(resource: Pick<RuntimeResource, "scope" | "spec">): HeldBaseline {
  const { target = {}, mode = "monitoring", dryRun = true }: BaselineSpec = resource.spec;
  const { namespace = "", workload = "", kind, image = "", imageDigest = "" } = target;
  return { cluster: scopeCluster(resource), namespace, workload, kind, image, imageDigest, step: mode, dryRun };
}

export function isBaselineOf(baseline: HeldBaseline, workload: HeldWorkload): boolean {
  return (
    ["", workload.cluster].includes(baseline.cluster) &&
    baseline.namespace === workload.namespace &&
    baseline.workload === workload.name &&
    (baseline.kind === undefined || baseline.kind === workload.kind)
  );
}

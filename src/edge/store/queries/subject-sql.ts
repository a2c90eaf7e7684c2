// Rows of event tables by whose they are.
import type { WorkloadParams } from "./queries.ts";
import type { Bindings } from "./sql.ts";

/** The subject columns of an event table are this workload's. */
export function isSubject(bindings: Bindings, params: WorkloadParams): string {
  return `cluster = ${bindings.bind(params.cluster, "String")} AND namespace = ${bindings.bind(params.namespace, "String")}
AND workloadKind = ${bindings.bind(params.kind, "String")} AND workload = ${bindings.bind(params.name, "String")}`;
}

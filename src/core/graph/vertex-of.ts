// Which vertex an end belongs to at a level of detail: its id (stable between answers), its kind and its names.
import type { GraphLevel, Vertex } from "../../model/graph.ts";
import { endIs, workloadKey } from "./end-key.ts";
import type { GraphEnd } from "./graph-row.ts";

export type VertexName = Pick<
  Vertex,
  "id" | "kind" | "cluster" | "namespace" | "workloadKind" | "workload" | "name" | "because"
>;

/** The service under which a workload appears at service level; undefined: it has none. By workloadKey. */
export type ServiceOf = (workload: string) => string | undefined;

/** Unnamed things outside a cluster are one vertex: who they are is not known, and there may be any number. */
export const outsideName = "outside";

export function vertexId(...parts: readonly string[]): string {
  return parts.map(encodeURIComponent).join("/");
}

export function vertexOf(level: GraphLevel, cluster: string, end: GraphEnd, serviceOf: ServiceOf): VertexName {
  const is = endIs(end);
  const place = { cluster, namespace: end.namespace, workload: "", because: "" };
  if (is === "external") {
    const name = end.domain === "" ? outsideName : end.domain;
    return { ...place, namespace: "", id: vertexId("external", cluster, end.domain), kind: "external", name };
  }
  if (level === "namespace" && end.namespace !== "") {
    return {
      ...place,
      id: vertexId("namespace", cluster, end.namespace),
      kind: "namespace",
      name: end.namespace,
    };
  }
  if (is === "unknown") {
    const name = end.namespace === "" ? "unknown" : `unknown in ${end.namespace}`;
    return { ...place, id: vertexId("unknown", cluster, end.namespace), kind: "unknown", name, because: end.reason };
  }
  const service =
    is === "service" ? end.service : level === "service" ? serviceOf(workloadKey(cluster, end)) : undefined;
  if (service !== undefined) {
    return { ...place, id: vertexId("service", cluster, end.namespace, service), kind: "service", name: service };
  }
  const { namespace, kind, workload, pod } = end;
  const owner = { ...place, workloadKind: kind };
  if (level === "endpoint" && pod !== "") {
    const id = vertexId("endpoint", cluster, namespace, kind, workload, pod);
    return { ...owner, id, kind: "endpoint", workload, name: pod };
  }
  return { ...owner, id: vertexId("workload", cluster, namespace, kind, workload), kind: "workload", name: workload };
}

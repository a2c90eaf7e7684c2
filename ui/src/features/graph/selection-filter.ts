// From what is chosen in the graph to the filter of the rows below, and of the flows and events screens. Pure.
import type { Vertex } from "../../../../src/model/graph.ts";
import { quoteValue } from "../../app/url-state.ts";
import type { Picked } from "./graph-question.ts";

const outsideName = "outside";

function words(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(" ");
}

function clusterTerm({ cluster }: Vertex): string {
  return cluster === "" ? "" : `cluster:${quoteValue(cluster)}`;
}

/** A name in its namespace, as `from:` and `to:` read it. */
function inNamespace({ namespace }: Vertex, name: string): string {
  return /^[\w.-]+$/.test(name) && /^[\w.-]+$/.test(namespace) ? `${namespace}/${name}` : quoteValue(name);
}

/** One end of an edge. */
function endTerm(side: "from" | "to", vertex: Vertex): string {
  switch (vertex.kind) {
    case "namespace":
    case "more":
      return vertex.namespace === "" ? "" : `${side}.ns:${quoteValue(vertex.namespace)}`;
    case "service":
    case "workload":
    case "endpoint":
      return `${side}:${inNamespace(vertex, vertex.name)}`;
    case "external":
      if (side === "from" || vertex.name === outsideName) return `${side}.kind:External`;
      return `to:${quoteValue(vertex.name)}`;
    case "unknown":
      return words(`${side}.kind:Unknown`, vertex.namespace === "" ? "" : `${side}.ns:${quoteValue(vertex.namespace)}`);
  }
}

/** Everything that comes to a vertex or goes from it. */
function vertexTerms(vertex: Vertex): string {
  const place = vertex.namespace === "" ? "" : `ns:${quoteValue(vertex.namespace)}`;
  switch (vertex.kind) {
    case "namespace":
    case "more":
      return words(clusterTerm(vertex), place);
    case "service":
      return words(clusterTerm(vertex), place, `service:${quoteValue(vertex.name)}`);
    case "workload":
      return words(clusterTerm(vertex), place, `workload:${quoteValue(vertex.name)}`);
    case "endpoint":
      return words(clusterTerm(vertex), place, `pod:${quoteValue(vertex.name)}`);
    case "external":
      return words(
        clusterTerm(vertex),
        vertex.name === outsideName ? "kind:External" : `to:${quoteValue(vertex.name)}`,
      );
    case "unknown":
      return words(clusterTerm(vertex), place, "kind:Unknown");
  }
}

/** Filter over flows. A "more" vertex is asked for by its namespace: its members alone have no filter. */
export function flowsFilter(picked: Picked): string {
  if (picked.kind === "vertex") return vertexTerms(picked.vertex);
  const { source, destination } = picked;
  const cluster = clusterTerm(source) === "" ? clusterTerm(destination) : clusterTerm(source);
  return words(cluster, endTerm("from", source), endTerm("to", destination));
}

/** Filter over events: those of the workload, or of the whole namespace. Empty where none can be of it. */
export function eventsFilter({ cluster, kind, namespace, name, workload }: Vertex): string {
  if (kind === "external" || kind === "unknown") return "";
  const place = words(
    cluster === "" ? "" : `cluster:${quoteValue(cluster)}`,
    namespace === "" ? "" : `ns:${quoteValue(namespace)}`,
  );
  if (kind === "namespace" || kind === "more") return place;
  if (kind === "endpoint") return words(place, `pod:${quoteValue(name)}`);
  return words(place, kind === "service" ? `service:${quoteValue(name)}` : `workload:${quoteValue(workload || name)}`);
}

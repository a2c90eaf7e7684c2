// What needs a person now: trouble on edges, workloads that are not ready or warn, detections, and what is not seen. Ranked, each thing
// once, capped; every item says where its evidence is.
import { formatInstant } from "../../base/instant.ts";
import type { Cluster } from "../../model/cluster.ts";
import type { Attention, Edge, ServiceGraph, Vertex } from "../../model/graph.ts";
import { quote } from "../filter/print.ts";
import { coverageAttention, type WatchedNode } from "./attention-coverage.ts";
import { type EventSum, workloadAttention } from "./attention-workloads.ts";
import { compare } from "./draft.ts";
import { counted } from "./health.ts";
import type { InventoryWorkload } from "./project.ts";

export interface AttentionInput {
  readonly graph: ServiceGraph;
  /** Of the inventory; only those with pods that are not ready matter. */
  readonly workloads: readonly InventoryWorkload[];
  /** Warnings of Kubernetes and detections, added up over the window. */
  readonly warnings: readonly EventSum[];
  readonly detections: readonly EventSum[];
  readonly clusters: readonly Cluster[];
  readonly nodes: readonly WatchedNode[];
  /** One sentence each: what agents lost within the last hour. */
  readonly losses: readonly string[];
}

export const attentionLimits = { itemsMax: 50 } as const;

const severityRank = ["critical", "high", "medium", "low", "info"] as const;
const aboutRank = ["security", "traffic", "workload", "coverage", "self"] as const;

/** The most urgent first; `omitted` counts what is beyond the cap. */
export function attention(input: AttentionInput): { readonly items: Attention[]; readonly omitted: number } {
  const found = [
    ...input.detections.map(detectionAttention),
    ...trafficAttention(input.graph),
    ...workloadAttention(input.workloads, input.warnings),
    ...coverageAttention(input.clusters, input.nodes),
    ...input.losses.map(lossAttention),
  ];
  const once = [
    ...new Map(
      found
        .toSorted(byUrgency)
        .toReversed()
        .map((item) => [item.id, item]),
    ).values(),
  ];
  const items = once.toSorted(byUrgency).slice(0, attentionLimits.itemsMax);
  return { items, omitted: once.length - items.length };
}

function byUrgency(one: Attention, other: Attention): number {
  return (
    severityRank.indexOf(one.severity) - severityRank.indexOf(other.severity) ||
    aboutRank.indexOf(one.about) - aboutRank.indexOf(other.about) ||
    other.count - one.count ||
    compare(one.id, other.id)
  );
}

/** One item for each destination in trouble: who calls it and what happens to them. */
function trafficAttention({ vertices, edges }: ServiceGraph): Attention[] {
  const byId = new Map(vertices.map((vertex) => [vertex.id, vertex]));
  const ill = edges.filter(({ health }) => health.state === "failing" || health.state === "degraded");
  return [...Map.groupBy(ill, ({ destination }) => destination)].flatMap(([id, troubled]) => {
    const destination = byId.get(id);
    return destination === undefined ? [] : [edgesAttention(destination, troubled, byId)];
  });
}

function edgesAttention(destination: Vertex, edges: readonly Edge[], byId: ReadonlyMap<string, Vertex>): Attention {
  const [worst] = edges.toSorted((one, other) => troubleOf(other) - troubleOf(one));
  if (worst === undefined) throw new Error("a destination in trouble without an edge");
  const isFailing = worst.health.state === "failing";
  const caller = byId.get(worst.source)?.name ?? "";
  const reason = worst.health.because[0] ?? worst.health.state;
  const others = edges.length === 1 ? "" : ` and ${counted(edges.length - 1, "more caller")}`;
  const { cluster, namespace, kind, name } = destination;
  const isNamed =
    kind === "service" || kind === "workload" || (kind === "external" && destination.id !== `external/${cluster}/`);
  return {
    id: `traffic/${destination.id}`,
    severity: isFailing ? "high" : "medium",
    about: "traffic",
    title: `${caller}${others} to ${name}: ${reason}`,
    // An edge that stands for others says their reasons beside its own: the same words once are enough.
    detail: worst.health.because.filter((text) => !text.endsWith(reason)).join("; "),
    cluster,
    namespace,
    workload: kind === "workload" ? name : "",
    ...(destination.workloadKind === undefined ? {} : { workloadKind: destination.workloadKind }),
    count: edges.length,
    link: {
      screen: "/graph",
      search: {
        ...(isNamed ? { q: `cluster:${quote(cluster)} to:${quote(name)}` } : {}),
        level: "service",
        pick: worst.id,
      },
    },
  };
}

/** Failing before degraded, then by how many attempts and requests went wrong. */
function troubleOf({ health, traffic }: Edge): number {
  const { connectionsFailed, http } = traffic;
  const wrong = connectionsFailed + (http?.errors5xx ?? 0) + (http?.unanswered ?? 0);
  return (health.state === "failing" ? 2 : 1) * 1e15 + Math.min(wrong, 1e14);
}

function detectionAttention(event: EventSum): Attention {
  const { cluster, namespace, workload, workloadKind, reason, severity, text, count, firstMs } = event;
  const where = workload === "" ? [] : [`workload:${quote(workload)}`];
  return {
    id: `security/${[cluster, namespace, workloadKind, workload, reason].map(encodeURIComponent).join("/")}`,
    severity: isSeverity(severity) ? severity : "medium",
    about: "security",
    title: text || reason,
    detail: `rule ${reason}, ${counted(count, "event")}`,
    cluster,
    namespace,
    workload,
    workloadKind,
    since: formatInstant(firstMs),
    count,
    link: { screen: "/detections", search: { q: [`rule:${quote(reason)}`, ...where].join(" ") } },
  };
}

function isSeverity(text: string): text is Attention["severity"] {
  return (severityRank as readonly string[]).includes(text);
}

function lossAttention(text: string): Attention {
  return {
    id: `self/loss/${text.split(" lost ")[0] ?? text}`,
    severity: "medium",
    about: "self",
    title: text,
    detail: "rows of the window may be missing",
    cluster: "",
    namespace: "",
    workload: "",
    count: 1,
    link: { screen: "/health", search: {} },
  };
}

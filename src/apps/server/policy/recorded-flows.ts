// Keys of recorded flows as questions to policies. An end that still exists is the endpoint it is; a workload whose pod is gone or was not
// kept stands for itself by one of its pods of today; everything else is its address.
import type { RecordedFlow, World } from "../../../core/policy/world.ts";
import type { PolicyFlowEnd, PolicyFlowKey } from "../../../edge/store/queries/queries.ts";
import { protocolNumber } from "./world-of.ts";

/** Who is who in a world: what recorded ends are looked up in. */
export interface EndBook {
  has(endpoint: string): boolean;
  /** The first pod by name of a workload: "shop", "Deployment/web". */
  podOf(namespace: string, workload: string): string | undefined;
}

export function endBookOf(world: World): EndBook {
  const ids = new Set<string>();
  const byWorkload = new Map<string, string>();
  for (const { id, namespace, workload, kind } of world.endpoints) {
    ids.add(id);
    if (workload === "" || kind === "node") continue;
    const key = `${namespace}/${workload}`;
    const before = byWorkload.get(key);
    if (before === undefined || id < before) byWorkload.set(key, id);
  }
  return {
    has: (endpoint) => ids.has(endpoint),
    podOf: (namespace, workload) => byWorkload.get(`${namespace}/${workload}`),
  };
}

/** IANA number: ICMP of IPv6 has its own. 0 for what is not known by name. */
export function protocolOf(name: string, address: string): number {
  if (name === "icmp") return address.includes(":") ? 58 : 1;
  return protocolNumber(name);
}

const ownersOfPods: ReadonlySet<string> = new Set([
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "ReplicaSet",
  "Job",
  "CronJob",
  "Pod",
]);

/** "shop/Deployment/web"; "" for what is not in a namespace of a cluster. */
export function workloadIdOf({
  kind,
  namespace,
  workload,
}: Pick<PolicyFlowEnd, "kind" | "namespace" | "workload">): string {
  return workload === "" || namespace === "" || !ownersOfPods.has(kind) ? "" : `${namespace}/${kind}/${workload}`;
}

/** With the endpoint known its first address is taken, unless the recorded one is its own. */
export function endOf(book: EndBook, end: PolicyFlowEnd): { readonly endpoint: string; readonly address: string } {
  const pod = end.pod === "" ? "" : `pod/${end.namespace}/${end.pod}`;
  if (pod !== "" && book.has(pod)) return { endpoint: pod, address: "" };
  const standIn = workloadIdOf(end) === "" ? undefined : book.podOf(end.namespace, `${end.kind}/${end.workload}`);
  if (standIn !== undefined) return { endpoint: standIn, address: "" };
  return { endpoint: "", address: end.address };
}

/** Undefined: neither an endpoint nor an address is known of one end, so there is nothing to ask. */
export function recordedFlowOf(book: EndBook, key: PolicyFlowKey): RecordedFlow | undefined {
  const source = endOf(book, key.source);
  const destination = endOf(book, key.destination);
  if (isNobody(source) || isNobody(destination)) return undefined;
  return {
    source,
    destination,
    protocol: protocolOf(key.protocol, key.destination.address),
    sourcePort: 0,
    destinationPort: key.protocol === "icmp" ? 0 : key.port,
    // Names that were not seen are not known to be none: nobody may have looked.
    ...(key.domains.length === 0 ? {} : { domains: key.domains }),
    connections: key.connections,
    bytes: key.bytes,
    firstMs: key.firstMs,
    lastMs: key.lastMs,
    days: key.days,
    verdict: key.verdict,
    sourceWorkload: workloadIdOf(key.source),
    destinationWorkload: workloadIdOf(key.destination),
  };
}

function isNobody({ endpoint, address }: { readonly endpoint: string; readonly address: string }): boolean {
  return endpoint === "" && address === "";
}

// Who stands behind each service: by its endpoint slices, or by its selector where the cluster's slices cannot be read.
// Level-triggered: members are worked out anew from what is there, and the difference says which pods are touched.
import type { EndpointSlice, Pod, Service } from "../../model/inventory.ts";

export interface Members {
  /** Uids of pods, ready or not. */
  readonly pods: ReadonlySet<string>;
  readonly ready: ReadonlySet<string>;
  /** Endpoints that are no pods: addresses of the API server, of machines outside. */
  readonly others: number;
  /** Where those listen. */
  readonly outside: readonly { readonly address: string; readonly protocol: string; readonly port: number }[];
  /** By the service port's name: the numbers that endpoints listen on. */
  readonly portNumbers: ReadonlyMap<string, ReadonlySet<number>>;
}

export const nobody: Members = { pods: new Set(), ready: new Set(), others: 0, outside: [], portNumbers: new Map() };

export function membersBySlices(slices: Iterable<EndpointSlice>): Members {
  const pods = new Set<string>();
  const ready = new Set<string>();
  const portNumbers = new Map<string, Set<number>>();
  const outside: Members["outside"][number][] = [];
  let others = 0;
  for (const slice of slices) {
    for (const endpoint of slice.endpoints) {
      if (endpoint.podUid === "") {
        others += 1;
        for (const { protocol, port } of slice.ports)
          for (const address of endpoint.addresses) outside.push({ address, protocol: protocol.toLowerCase(), port });
        continue;
      }
      pods.add(endpoint.podUid);
      if (endpoint.ready) ready.add(endpoint.podUid);
    }
    for (const { name, port } of slice.ports) {
      const numbers = portNumbers.get(name) ?? new Set();
      portNumbers.set(name, numbers.add(port));
    }
  }
  return { pods, ready, others, outside, portNumbers };
}

/** `pods` are those of the service's namespace. A service without a selector has nobody that is known. */
export function membersBySelector(service: Service, inNamespace: Iterable<Pod>): Members {
  const wanted = Object.entries(service.selector);
  if (wanted.length === 0) return nobody;
  const pods = new Set<string>();
  const ready = new Set<string>();
  const portNumbers = new Map<string, Set<number>>();
  for (const pod of inNamespace) {
    if (hasEnded(pod) || !wanted.every(([key, value]) => pod.labels[key] === value)) continue;
    pods.add(pod.uid);
    if (pod.ready) ready.add(pod.uid);
    for (const { name, targetPort } of service.ports) {
      const found = pod.containers.flatMap(({ ports }) => ports).find((port) => port.name === targetPort);
      if (found === undefined) continue;
      const numbers = portNumbers.get(name) ?? new Set();
      portNumbers.set(name, numbers.add(found.port));
    }
  }
  return { pods, ready, others: 0, outside: [], portNumbers };
}

/** Its address may be another pod's by now. */
export function hasEnded({ phase }: Pod): boolean {
  return phase === "Succeeded" || phase === "Failed";
}

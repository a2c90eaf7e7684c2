// Who asks the guarded services: nodes ask all of them, workloads everywhere ask the cluster's DNS. One workload stands for all that look the same to policies.
import type { WorldEndpoint } from "../../../core/policy/world.ts";
import { enforceLimits } from "./limits.ts";

export interface Askers {
  /** Addresses of this node, its own endpoints and other nodes. */
  readonly nodes: readonly string[];
  /** Addresses of workloads, local and remote. */
  readonly workloads: readonly string[];
}

/** `first`: addresses that are asked whatever the limits. In one order. */
export function askersOf(first: readonly string[], endpoints: Iterable<WorldEndpoint>): Askers {
  const nodes = new Set(first);
  const workloads = new Map<string, string>();
  const others: string[] = [];
  for (const { kind, namespace, labels, serviceAccount, addresses } of endpoints) {
    const [address] = addresses;
    if (address === undefined) continue;
    if (kind === "node") others.push(address);
    if (kind !== "workload") continue;
    const look = JSON.stringify([
      namespace,
      serviceAccount,
      Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1)),
    ]);
    const before = workloads.get(look);
    if (before === undefined || address < before) workloads.set(look, address);
  }
  for (const address of others.sort().slice(0, enforceLimits.guardNodesMax)) nodes.add(address);
  return { nodes: [...nodes], workloads: evenly([...workloads.values()].sort(), enforceLimits.guardWorkloadsMax) };
}

/** Some of a list from all over it. */
function evenly(list: readonly string[], max: number): readonly string[] {
  if (list.length <= max) return list;
  return Array.from({ length: max }, (_, index) => list[Math.floor((index * list.length) / max)] ?? "");
}

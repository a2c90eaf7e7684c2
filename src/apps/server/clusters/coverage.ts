// How much of a cluster agents see, and its machines: what Kubernetes says of a node beside what its agent says.
import type { InventoryView } from "../../../core/inventory/inventory-view.ts";
import type { Cluster, ClusterMachine } from "../../../model/cluster.ts";
import type { Pod } from "../../../model/inventory.ts";
import type { Node } from "../../../model/node.ts";

/** `nodes` are the agents of this cluster. */
export function coverageOf(nodes: readonly Node[], view: InventoryView | undefined): Cluster["coverage"] {
  const joined = nodes.filter(({ state }) => state !== "revoked");
  const connected = joined.filter(({ state }) => state === "connected");
  const seeing = connected.filter(({ fidelity }) => fidelity === "kernel" || fidelity === "simulated");
  const numbers = { nodesWithAgent: joined.length, nodesSeeing: seeing.length };
  if (view === undefined) return numbers;
  const covered = new Set(connected.map(({ name }) => name));
  let podsCovered = 0;
  for (const pod of view.all("Pod")) if (pod.node !== "" && covered.has(pod.node)) podsCovered += 1;
  return { ...numbers, podsCovered };
}

/** By name: nodes of Kubernetes and nodes of agents, joined. */
export function machinesOf(cluster: string, nodes: readonly Node[], view: InventoryView | undefined): ClusterMachine[] {
  const machines = new Map<string, ClusterMachine>();
  if (view !== undefined) {
    const pods = podsByNode(view);
    for (const kubernetes of view.all("Node")) {
      const { all = 0, notReady = 0 } = pods.get(kubernetes.name) ?? {};
      const { name } = kubernetes;
      machines.set(name, { cluster, name, kubernetes, pods: all, podsNotReady: notReady });
    }
  }
  for (const node of nodes) {
    const known = machines.get(node.name) ?? { cluster, name: node.name };
    machines.set(node.name, { ...known, agent: agentOf(node) });
  }
  return [...machines.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
}

function podsByNode(view: InventoryView): ReadonlyMap<string, { all: number; notReady: number }> {
  const byNode = new Map<string, { all: number; notReady: number }>();
  for (const pod of view.all("Pod")) {
    const sum = byNode.get(pod.node) ?? { all: 0, notReady: 0 };
    sum.all += 1;
    if (isWaitedFor(pod)) sum.notReady += 1;
    byNode.set(pod.node, sum);
  }
  return byNode;
}

/** Neither ready nor at its end. */
export function isWaitedFor({ ready, phase }: Pod): boolean {
  return !ready && phase !== "Succeeded" && phase !== "Failed";
}

function agentOf(node: Node): NonNullable<ClusterMachine["agent"]> {
  const { state, fidelity, fidelityBecause, agentVersion, lastSeenAt, lagMs, counters, capabilities } = node;
  const notSeen = capabilities.filter(({ available }) => !available).map(({ name, because }) => ({ name, because }));
  return { state, fidelity, fidelityBecause, version: agentVersion, lastSeenAt, lagMs, counters, notSeen };
}

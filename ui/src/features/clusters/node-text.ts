// What to think of a node: whether it is seen, and whether something about it needs a look. Pure.
import type { ClusterMachine } from "../../../../src/model/cluster.ts";

/** An agent is there, connected, and shows what the kernel does (or a simulation of it). */
export function isSeen({ agent }: ClusterMachine): boolean {
  return agent?.state === "connected" && (agent.fidelity === "kernel" || agent.fidelity === "simulated");
}

/** Not ready, or nobody watches it, or its agent went silent. */
export function nodeProblem({ kubernetes, agent }: ClusterMachine): boolean {
  if (kubernetes !== undefined && kubernetes.ready !== "True") return true;
  return agent === undefined || agent.state !== "connected";
}

// What the nodes of a cluster make of each policy, in words for a person: from the statuses that agents report, and from who is silent.
import type { ResourceStatus } from "../../../model/resource.ts";
import type { EnforcementReceipt } from "../../../model/enforcement-status.ts";
import type { Node } from "../../../model/node.ts";
import type { Resource } from "../../../model/resource.ts";
import { policyLimits, type PolicyEnforcement, type PolicyNodeState } from "../contract/policy-shapes.ts";
import type { EnforcementInForce } from "./policy-resources.ts";
import { nodeOfScope } from "./world-of.ts";

type Said = ResourceStatus & { readonly cluster: string; readonly node: string };

export interface NodesOfCluster {
  /** Agents that are not revoked. */
  readonly nodes: readonly Pick<Node, "name" | "state">[];
  readonly force: EnforcementInForce;
  /** By `keyOf`. */
  readonly said: ReadonlyMap<string, Said>;
}

export function nodesOfCluster(
  nodes: readonly Node[],
  force: EnforcementInForce,
  statuses: readonly Said[],
): NodesOfCluster {
  return {
    nodes: nodes.filter(({ state }) => state !== "revoked"),
    force,
    said: new Map(statuses.map((status) => [keyOf(status, status.node), status])),
  };
}

function keyOf({ scope, name }: { readonly scope: string; readonly name: string }, node: string): string {
  return JSON.stringify([scope, name, node]);
}

/** Those that need an eye first. */
const severity: readonly PolicyNodeState["state"][] = [
  "refused",
  "failed",
  "broken-glass",
  "taken-back",
  "unproved",
  "waiting",
  "preview",
  "off",
  "enforced",
  "watched",
];

/** Of a policy that is a resource: every node of its scope. */
export function enforcementOf(resource: Resource, cluster: NodesOfCluster): PolicyEnforcement {
  const only = nodeOfScope(resource.scope);
  const nodes = cluster.nodes
    .filter(({ name }) => only === "" || name === only)
    .map((node) => stateOn(node, resource, cluster))
    .sort((one, other) => rank(one) - rank(other) || (one.node < other.node ? -1 : 1));
  const states: PolicyEnforcement["states"] = {};
  for (const { state } of nodes) states[state] = (states[state] ?? 0) + 1;
  return {
    states,
    nodes: nodes.slice(0, policyLimits.nodesMax),
    omitted: Math.max(0, nodes.length - policyLimits.nodesMax),
  };
}

function rank({ state }: PolicyNodeState): number {
  return severity.indexOf(state);
}

function stateOn(node: NodesOfCluster["nodes"][number], resource: Resource, cluster: NodesOfCluster): PolicyNodeState {
  const said = cluster.said.get(keyOf(resource, node.name));
  const mode = cluster.force.exceptions.find((exception) => exception.node === node.name)?.mode ?? cluster.force.mode;
  const generation = said?.generation ?? 0;
  const base = {
    node: node.name,
    generation,
    ...(said?.enforcement === undefined ? {} : { status: said.enforcement }),
  };
  const silent = node.state === "connected" ? "" : `the agent is ${node.state}`;
  if (said === undefined || generation !== resource.generation) {
    if (mode === "off" && silent === "") return { ...base, state: "off", because: "enforcement is off" };
    const told = said === undefined ? "nothing was told of it yet" : `the node tells of generation ${generation}`;
    return { ...base, state: "waiting", because: silent || told };
  }
  const { enforcement, because } = said;
  if (said.state === "refused") return { ...base, state: "refused", because };
  if (enforcement === undefined) {
    return { ...base, state: "off", because: because || "this agent does not enforce policies" };
  }
  // What a silent node said last may be so no more.
  if (silent !== "")
    return { ...base, state: "waiting", because: `${silent}; its last word was "${enforcement.state}"` };
  // The agent's own word tells of its receipt; without a word the receipt speaks.
  const receipt = enforcement.receipt === undefined ? "" : receiptWords(enforcement.receipt);
  return { ...base, state: enforcement.state, because: because || receipt };
}

/** "rules read back; 1 allowed and 1 denied connection tried and proved". */
export function receiptWords({ readBack, probes }: EnforcementReceipt): string {
  const read = readBack === "" ? "rules read back" : `read back: ${readBack}`;
  if (probes.length === 0) return `${read}; no connection was tried`;
  const proved = (expected: "allow" | "deny") =>
    probes.filter((probe) => probe.expected === expected && probe.isProved).length;
  const failed = probes.filter(({ isProved }) => !isProved);
  const tried = `${proved("allow")} allowed and ${proved("deny")} denied connections tried and proved`;
  const [first] = failed;
  if (first === undefined) return `${read}; ${tried}`;
  return `${read}; ${tried}, ${failed.length} not: ${first.source} to ${first.destination} expected ${first.expected}, was ${first.outcome}`;
}

/** Of a policy that is the cluster's own. */
export const watched: PolicyEnforcement = { states: { watched: 1 }, nodes: [], omitted: 0 };

// Whether today's policies allow a flow that a person asks about, and why.
import type { z } from "zod";
import type { PolicyFlow } from "../../../core/policy/world.ts";
import type { policy } from "../contract/policy.ts";
import { resolveEnd } from "./ask-end.ts";
import type { ClusterPolicies, PolicyDesk } from "./desk.ts";
import { protocolOf } from "./recorded-flows.ts";

type Asked = z.infer<(typeof policy)["policyExplain"]["body"]>;

const icmpNumbers = { icmp: 1, icmpv6: 58 } as const;

export async function explained(desk: PolicyDesk, { cluster, ...asked }: Asked) {
  const policies = await desk.of(cluster);
  const flow = flowOf(policies, asked);
  const { world } = policies;
  return {
    flow: shownFlow(flow),
    explanation: policies.engine.explain(flow),
    world: { endpoints: world.endpoints.length, incomplete: world.incomplete },
  };
}

function flowOf(policies: ClusterPolicies, asked: Omit<Asked, "cluster">): PolicyFlow {
  const { protocol, port, sourcePort, icmp, http, domains } = asked;
  const isIcmp = protocol === "icmp" || protocol === "icmpv6";
  return {
    source: resolveEnd(policies, asked.source, "source"),
    destination: resolveEnd(policies, asked.destination, "destination"),
    protocol: isIcmp ? icmpNumbers[protocol] : protocolOf(protocol, ""),
    sourcePort,
    destinationPort: isIcmp ? 0 : port,
    ...(icmp === undefined ? {} : { icmp }),
    ...(http === undefined ? {} : { http }),
    ...(domains === undefined ? {} : { domains }),
  };
}

/** As the contract has it: lists of its own. */
export function shownFlow<Flow extends PolicyFlow>({ domains, ...flow }: Flow) {
  return { ...flow, ...(domains === undefined ? {} : { domains: [...domains] }) };
}

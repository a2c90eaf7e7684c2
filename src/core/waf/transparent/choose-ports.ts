// Which ports of which workloads of this machine are to be looked at, as the policies say. Pure: what is on the machine comes by parameter.
import type { NamedWafPolicy, WafPolicyProblem } from "../policy/named.ts";
import { tellOf } from "../policy/named.ts";
import { isTargeted, targetOf, type WafWorkload } from "../policy/target.ts";
import { transparentLimits } from "./limits.ts";

/** A network namespace of this machine and who lives in it. */
export interface LocalWorkload {
  /** The same as long as it is the same namespace. */
  readonly id: string;
  readonly label: string;
  readonly workload: WafWorkload;
}

export interface ChosenPorts {
  readonly id: string;
  readonly label: string;
  readonly workload: WafWorkload;
  /** Ascending. */
  readonly ports: readonly { readonly port: number; readonly onDown: "open" | "closed" }[];
}

export interface PortChoice {
  readonly chosen: readonly ChosenPorts[];
  readonly problems: readonly WafPolicyProblem[];
}

/**
 * A policy with ports and a mode other than "off" asks for its ports on each workload that it is for; a service's port counts only where it is one of them.
 * Where policies disagree about a port, closed wins: a fail mode may be made safer by another policy, never less safe.
 */
export function choosePorts(policies: readonly NamedWafPolicy[], local: readonly LocalWorkload[]): PortChoice {
  const problems: WafPolicyProblem[] = [];
  const asking = policies.flatMap(({ scope, name, spec }) => {
    if (spec.ports.length === 0 || spec.mode === "off") return [];
    const target = targetOf(spec, tellOf(problems, { kind: "WafPolicy", scope, name }));
    return target === undefined ? [] : [{ scope, name, spec, target }];
  });
  const chosen = local.flatMap(({ id, label, workload }): ChosenPorts[] => {
    const ports = new Map<number, "open" | "closed">();
    for (const { scope, name, spec, target } of asking) {
      for (const port of spec.ports) {
        if (!isTargeted(target, workload, port)) continue;
        if (!ports.has(port) && ports.size >= transparentLimits.portsMax) {
          tellOf(problems, { kind: "WafPolicy", scope, name })({
            severity: "error",
            code: "waf/ports",
            message: `port ${port} of ${label} is not looked at: ${transparentLimits.portsMax} ports of a workload are`,
            hint: "name fewer ports",
          });
        } else if (ports.get(port) !== "closed") ports.set(port, spec.onGatewayDown);
      }
    }
    const list = [...ports].map(([port, onDown]) => ({ port, onDown })).sort((a, b) => a.port - b.port);
    return list.length === 0 ? [] : [{ id, label, workload, ports: list }];
  });
  return { chosen, problems };
}

// Which node the enforcement commands speak to: this machine's own agent, or the one that is named.
import { readFileSync } from "node:fs";
import { Fault } from "../../../../base/fault.ts";
import type { Node } from "../../../../model/node.ts";
import { ask, type Context } from "../../context.ts";
import type { TargetFlags } from "./target-flags.ts";

export interface Target {
  readonly cluster: string;
  readonly node: string;
  /** Of its resources: "node/<cluster>/<node>". */
  readonly scope: string;
  readonly isConnected: boolean;
  /** It is this machine, and its packets are real. */
  readonly isHere: boolean;
}

/** Throws a Fault when there is no such node, or several could be meant. */
export async function targetOf(context: Context, { cluster, node }: TargetFlags): Promise<Target> {
  const { nodes } = await ask(context, "listNodes", {});
  const found = nodes.filter((one) => {
    if (cluster !== undefined && one.cluster !== cluster) return false;
    // Nodes of the demo run on this machine, and are not it.
    return node === undefined ? isHere(one) : one.name === node;
  });
  const [first, second] = found.sort((one, other) => rank(one) - rank(other));
  if (first === undefined) {
    throw new Fault(
      node === undefined ? "no agent of this machine is known to the server" : `there is no node ${node}`,
      {
        code: "cli/no-node",
        kind: "not-found",
        hint: "`garrison agent list` shows the nodes; --foreground enforces here without an agent",
      },
    );
  }
  if (second !== undefined && rank(first) === rank(second)) {
    throw new Fault(
      `${found.length} nodes could be meant: ${found.map((one) => `${one.cluster}/${one.name}`).join(", ")}`,
      {
        code: "cli/usage",
        kind: "usage",
        hint: "name one with --cluster and --node",
      },
    );
  }
  const scope = `node/${first.cluster}/${first.name}`;
  return {
    cluster: first.cluster,
    node: first.name,
    scope,
    isConnected: first.state === "connected",
    isHere: isHere(first),
  };
}

function isHere(one: Node): boolean {
  return one.bootId === bootId() && one.fidelity !== "simulated";
}

function rank({ state }: Node): number {
  return state === "connected" ? 0 : state === "stale" ? 1 : 2;
}

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    // No Linux: no agent of this machine is known by it.
    return "none";
  }
}

// Asks the server what a node made of its policy resources, and waits until it has taken up the newest ones.
import { setTimeout as delay } from "node:timers/promises";
import { Fault } from "../../../../base/fault.ts";
import type { ResourceStatus } from "../../../../model/resource.ts";
import { ask, type Context } from "../../context.ts";
import type { Target } from "./node-target.ts";

const pollMs = 300;
const kinds = ["Policy", "LocalEndpoint", "Enforcement"] as const;

/** Every resource that counts for the node, with its newest generation; statuses are the node's own. */
export interface NodeStatus {
  readonly statuses: readonly ResourceStatus[];
  /** Resources whose newest generation the node said nothing about. */
  readonly waiting: readonly string[];
}

export async function statusOf(context: Context, { cluster, node, scope }: Target): Promise<NodeStatus> {
  const lists = await Promise.all(kinds.map((kind) => ask(context, "listResources", { params: { kind } })));
  const scopes = ["global", `cluster/${cluster}`, scope];
  const own = lists.flatMap(({ resources }) => resources).filter((one) => scopes.includes(one.scope) && !one.deleted);
  const statuses: ResourceStatus[] = [];
  const waiting: string[] = [];
  for (const resource of own) {
    const said = resource.status.find((one) => one.cluster === cluster && one.node === node);
    if (said !== undefined) {
      const { cluster: _cluster, node: _node, ...status } = said;
      statuses.push(status);
    }
    if (said?.generation !== resource.generation) waiting.push(`${resource.kind}/${resource.name}`);
  }
  return { statuses, waiting };
}

/** Until the node has said its word on all of it and on what `isDone` asks; the newest statuses when the time is over. */
export async function waitForNode(
  context: Context,
  target: Target,
  options: { readonly seconds: number; readonly isDone: (statuses: readonly ResourceStatus[]) => boolean },
): Promise<readonly ResourceStatus[]> {
  const endMs = performance.now() + options.seconds * 1000;
  for (;;) {
    const { statuses, waiting } = await statusOf(context, target);
    if (waiting.length === 0 && options.isDone(statuses)) return statuses;
    if (performance.now() > endMs) {
      if (waiting.length === 0) return statuses;
      throw new Fault(
        `node ${target.node} said nothing about ${waiting.slice(0, 3).join(", ")} within ${options.seconds} s`,
        {
          code: "cli/no-answer",
          kind: "unavailable",
          hint: "`garrison agent list` says whether its agent is connected",
        },
      );
    }
    await delay(pollMs, undefined, { signal: context.signal });
  }
}

/** The node is done looking, and policies in force have a receipt, or a reason why there is none. */
export function isSettled(statuses: readonly ResourceStatus[]): boolean {
  const isLooking = statuses.some(
    ({ enforcement }) => enforcement?.node?.mode === "enforce" && enforcement.state === "off",
  );
  if (isLooking) return false;
  return statuses.every(
    ({ enforcement, because }) => enforcement?.state !== "unproved" || !because.includes("not tried yet"),
  );
}

// Where recorded flows come from: a file of JSON lines, or the server (--since).
import type { RecordedFlow, World } from "../../../../core/policy/world.ts";
import { policyLimits } from "../../../server/contract/policy-shapes.ts";
import { ask, type Context } from "../../context.ts";
import { sayWindow } from "../rows.ts";
import { usage } from "./ask-flow.ts";
import { flowBook, readFlows } from "./flow-lines.ts";
import type { FlowSourceFlags } from "./flags.ts";

export interface SourcedFlows {
  readonly flows: readonly RecordedFlow[];
  /** 0, or 7 when some of what was asked for is not there. */
  readonly code: number;
}

/** The flows of one of the two; faults name what is missing. */
export async function recordedFlows(context: Context, flags: FlowSourceFlags, world: World): Promise<SourcedFlows> {
  if (flags.flows !== undefined && flags.since !== undefined)
    throw usage("--flows and --since exclude each other", "give one of them");
  if (flags.flows !== undefined) {
    const { flows, bad } = await readFlows(context, flags.flows, world);
    return { flows, code: bad === 0 ? 0 : 7 };
  }
  if (flags.since === undefined)
    throw usage("recorded flows are needed", "--flows FILE, or --since 7d to ask the server");
  const { cluster, since, until, filter = "" } = flags;
  const query = { cluster, since, until, q: filter, limit: policyLimits.flowsMax };
  const { flows, looked, window } = await ask(context, "policyFlows", { query });
  if (looked.omitted > 0) context.say(`${looked.omitted} more flow keys are not looked at: narrow --since or --filter`);
  if (flows.length === 0)
    throw usage(`no flows of cluster "${cluster}" since ${since}`, "--cluster NAME; garrison clusters lists them");
  // Through the book, so that pods that are gone stand for their owners in this world.
  const book = flowBook(world);
  for (const flow of flows) book.add(flow);
  return { flows: book.flows(), code: Math.max(sayWindow(context, window), looked.omitted > 0 ? 7 : 0) };
}

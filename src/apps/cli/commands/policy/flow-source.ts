// Where recorded flows come from: a file of JSON lines, or the server (--since).
import type { Command } from "commander";
import type { World } from "../../../../core/policy/world.ts";
import type { Context } from "../../context.ts";
import { usage } from "./ask-flow.ts";
import { readFlows, type ReadFlows } from "./flow-lines.ts";

export interface FlowSourceFlags {
  readonly flows?: readonly string[];
}

export function withFlowSource(command: Command): Command {
  return command.option(
    "--flows <file...>",
    "JSON lines: recorded flows, or rows of garrison flows -o jsonl; - for standard input",
  );
}

export async function recordedFlows(context: Context, flags: FlowSourceFlags, world: World): Promise<ReadFlows> {
  if (flags.flows !== undefined) return readFlows(context, flags.flows, world);
  throw usage("recorded flows are needed", "--flows FILE, for example of garrison flows --since 7d -o jsonl");
}

// What the sub-commands of `garrison sink` share: the sink's name and scope, and numbers of dead letters.
import type { Command } from "commander";
import { Fault } from "../../../../base/fault.ts";

export interface SinkFlags {
  readonly scope?: string;
}

/** Adds NAME and --scope. */
export function withSink(command: Command): Command {
  return command
    .argument("<name>", "the sink")
    .option("--scope <scope>", 'where it applies: "global", "cluster/NAME", "node/CLUSTER/NAME"', "global");
}

export function sinkOf(args: readonly string[], { scope = "global" }: SinkFlags) {
  return { params: { name: args[0] ?? "" }, query: { scope } };
}

/** Numbers after the name; undefined: all. */
export function idsOf(args: readonly string[]): number[] | undefined {
  const words = args.slice(1);
  for (const word of words) {
    if (/^\d{1,15}$/.test(word)) continue;
    throw new Fault(`${word.slice(0, 64)} is no number of a dead letter`, {
      code: "cli/usage",
      kind: "usage",
      hint: "garrison sink dead-letters NAME shows them",
    });
  }
  return words.length === 0 ? undefined : words.map(Number);
}

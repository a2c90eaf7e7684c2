// The flags that say which node an enforcement command is about. Nothing heavy is loaded for them.
import { Option, type Command } from "commander";
import { policyFormats } from "./flags.ts";

export interface TargetFlags {
  readonly cluster?: string;
  readonly node?: string;
}

export function withTarget(command: Command): Command {
  return command
    .addOption(new Option("-o, --output <format>", "how it is printed").choices(policyFormats))
    .option("--cluster <name>", "the node's cluster (default: this machine's)")
    .option("--node <name>", "another node than this machine");
}

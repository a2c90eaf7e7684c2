// The flags that the waf commands share, and what their values mean. Kept apart from what they need to run, which is loaded only when one does.
import { Option, type Command } from "commander";
import { Fault } from "../../../../base/fault.ts";
import { inputFacts } from "../../input-file.ts";

export const wafFormats = ["table", "json", "yaml"] as const;

export interface RuleFlags {
  readonly paranoia?: string;
  readonly setting?: readonly string[];
  readonly inboundThreshold?: string;
}

export function withOutput(command: Command): Command {
  return command
    .addOption(new Option("-o, --output <format>", "how it is printed").choices(wafFormats))
    .option("--json", "the same as -o json");
}

/** Paranoia, threshold and variables of crs-setup. */
export function withRuleFlags(command: Command, paranoia: string): Command {
  return command
    .option("--paranoia <level>", "1 to 4: rules up to this level count", paranoia)
    .option("--inbound-threshold <points>", "anomaly score from which a request is blocked", "5")
    .option("--setting <name=value...>", "variables of crs-setup, without tx.: arg_length=400");
}

/** A whole number within bounds; throws a usage Fault. */
export function numberOf(text: string, name: string, bounds: { readonly min: number; readonly max: number }): number {
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value >= bounds.min && value <= bounds.max) return value;
  throw usage(`${name} ${text} is none`, `${name} takes a number from ${bounds.min} to ${bounds.max}`);
}

export function paranoiaOf(text: string): 1 | 2 | 3 | 4 {
  const level = numberOf(text, "--paranoia", { min: 1, max: 4 });
  return level === 1 || level === 2 || level === 3 ? level : 4;
}

/** "arg_length=400" to pairs; throws a usage Fault for anything else. */
export function settingsOf(given: readonly string[] | undefined): ReadonlyMap<string, string> {
  return new Map(
    (given ?? []).map((pair) => {
      const [, name = "", value = ""] = /^(?:tx\.)?([a-z_][a-z0-9_.-]*)=(.*)$/is.exec(pair) ?? [];
      if (name === "") throw usage(`--setting ${pair} is none`, "write NAME=VALUE, for example arg_length=400");
      return [name.toLowerCase(), value] as const;
    }),
  );
}

/** The paths, each of which is there. Throws a usage Fault for one that is not. */
export function namedRules(paths: readonly string[]): readonly string[] {
  for (const path of paths)
    inputFacts(path, { hint: "name a folder or a file; `garrison waf rules` finds what the system has" });
  return paths;
}

export function usage(message: string, hint: string): Fault {
  return new Fault(message, { code: "cli/usage", kind: "usage", hint });
}

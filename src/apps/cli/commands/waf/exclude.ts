// garrison waf exclude: "this was no attack": from one event the narrowest exclusion, as a policy to put, with what is still caught.
import type { CommandUnit } from "../command.ts";

export interface WafExcludeFlags {
  readonly transaction?: string;
  readonly rules?: readonly string[];
  readonly rule?: readonly string[];
  readonly reason: string;
  readonly into?: string;
  readonly name?: string;
  readonly workload?: string;
  readonly paranoia?: string;
  readonly setting?: readonly string[];
  readonly inboundThreshold?: string;
}

export const wafExclude: CommandUnit = {
  name: "exclude",
  add(group, run) {
    group
      .command("exclude")
      .summary("mark a false positive: the narrowest exclusion for an event, and proof of what is still caught")
      .argument(
        "<events>",
        "events as lines of JSON: a file of `waf serve --events`, or - for `garrison events -o jsonl`",
      )
      .requiredOption("--reason <text>", "why it was no attack; kept with the exclusion")
      .option("--transaction <id>", "which one; the reference of the block page (default: the last blocked one)")
      .option("--rule <id...>", "rules that fired wrongly (default: those that counted to its score, or denied it)")
      .option("--rules <path...>", "rule folders and .conf files for the proof (default: the system's Core Rule Set)")
      .option("--into <file>", "a WafPolicy manifest that it is added to; nothing is written, the whole is printed")
      .option("--name <name>", 'name of a new policy (default: "waf")')
      .option("--workload <namespace/name>", "whom a new policy is for (default: the event's workload)")
      .option("--paranoia <level>", "of a new policy (default: the highest level that counted to the score)")
      .option("--inbound-threshold <points>", "of a new policy (default: what held for the request)")
      .option("--setting <name=value...>", "of a new policy: variables of crs-setup, without tx.: arg_length=400")
      .addHelpText(
        "after",
        "\nPrints a WafPolicy manifest in the event's mode, for its workload: hand it to `garrison waf serve --policy`, or put it with `garrison apply -f -`.\n\nExample:\n" +
          "  garrison waf exclude events.jsonl --rules crs/ --reason 'reviews quote SQL' > policy.yaml",
      )
      .action(
        run<WafExcludeFlags>(async (context, input) => (await import("./run-exclude.ts")).runExclude(context, input)),
      );
  },
};

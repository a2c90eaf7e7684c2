// garrison waf rules: which rule set is there: a folder given, or what the system's package manager put on disk.
import type { CommandUnit } from "../command.ts";
import { withOutput } from "./flags.ts";

export interface WafRulesFlags {
  readonly json?: boolean;
}

export const wafRules: CommandUnit = {
  name: "rules",
  add(group, run) {
    withOutput(
      group
        .command("rules")
        .summary("the rule set on this machine, or in a folder: version, files, rules by phase and level, problems")
        .argument("[rules...]", "a rule folder, or .conf files (default: the system's packaged Core Rule Set)"),
    )
      .addHelpText("after", "\nExamples:\n  garrison waf rules\n  garrison waf rules crs/ -o json")
      .action(run<WafRulesFlags>(async (context, input) => (await import("./run-rules.ts")).runRules(context, input)));
  },
};

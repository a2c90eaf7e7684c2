// garrison waf lint: what is wrong in rule files, with file and line.
import { Option } from "commander";
import type { CommandUnit } from "../command.ts";
import { withOutput } from "./flags.ts";

export const problemSeverities = ["error", "warning", "note"] as const;

export interface WafLintFlags {
  readonly failOn: (typeof problemSeverities)[number] | "never";
  readonly notes?: boolean;
  readonly json?: boolean;
}

export const wafLint: CommandUnit = {
  name: "lint",
  add(group, run) {
    withOutput(
      group
        .command("lint")
        .summary("what is wrong in rule files: refused directives, bad expressions, rules that cannot do what they say")
        .argument("[rules...]", "a rule folder, or .conf files (default: the system's packaged Core Rule Set)"),
    )
      .addOption(
        new Option("--fail-on <severity>", "exit 3 when a problem is at least this bad")
          .choices([...problemSeverities, "never"])
          .default("error"),
      )
      .option("--notes", "show notes too: directives that are taken and do nothing here")
      .addHelpText(
        "after",
        "\nExamples:\n  garrison waf lint crs/\n  garrison waf lint my-rules.conf --fail-on warning",
      )
      .action(run<WafLintFlags>(async (context, input) => (await import("./run-lint.ts")).runLint(context, input)));
  },
};

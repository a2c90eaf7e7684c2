// garrison policy lint: what is wrong with policies, or probably not meant, before they are applied.
import { Option } from "commander";
import { severities, type Severity } from "../../../../core/policy/lint/check.ts";
import type { CommandUnit } from "../command.ts";
import { type WorldFlags, withInput } from "./flags.ts";

export interface LintFlags extends WorldFlags {
  readonly failOn: Severity | "never";
  readonly checks?: boolean;
}

export const policyLint: CommandUnit = {
  name: "lint",
  add(group, run) {
    withInput(
      group
        .command("lint")
        .summary(
          "shadowed, never matching, over-broad, contradictory rules; ties; names without DNS; and what parsing refused",
        )
        .argument("[files...]", "files, folders or -; policies and pods may stand together"),
    )
      .addOption(
        new Option("--fail-on <severity>", "exit 3 when a finding is at least this bad")
          .choices([...severities, "never"])
          .default("error"),
      )
      .option("--checks", "list the checks and end")
      .addHelpText(
        "after",
        "\nExamples:\n  garrison policy lint policies/\n  garrison policy lint policies/ --world pods.yaml --fail-on warning",
      )
      .action(run<LintFlags>(async (context, input) => (await import("./run-lint.ts")).runLint(context, input)));
  },
};

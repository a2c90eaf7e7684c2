// garrison detect lint: what is wrong in rule files, what the rules can and cannot see.
import type { CommandUnit } from "../command.ts";

export interface DetectLintFlags {
  readonly rules?: boolean;
  readonly notes?: boolean;
  readonly json?: boolean;
}

export const detectLint: CommandUnit = {
  name: "lint",
  add(group, run) {
    group
      .command("lint")
      .summary("what is wrong in rule files: refused rules, unknown fields, rules that no sensor can feed")
      .argument("<rules...>", "rule files or folders, in the order in which they are read; builtin: Garrison's own")
      .option("--rules", "list every rule with its events and whether it can see")
      .option("--notes", "show macros and lists that nothing uses")
      .option("--json", "print one JSON document")
      .addHelpText(
        "after",
        "\nExit 3 when something is refused.\n\nExamples:\n  garrison detect lint falco_rules.yaml my-rules.yaml\n  garrison detect lint builtin --rules",
      )
      .action(run<DetectLintFlags>(async (context, input) => (await import("./run-lint.ts")).runLint(context, input)));
  },
};

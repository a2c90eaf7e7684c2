// garrison detect test: which rules fire on recorded or written events.
import type { CommandUnit } from "../command.ts";

export interface DetectTestFlags {
  readonly events: string;
  readonly json?: boolean;
}

export const detectTest: CommandUnit = {
  name: "test",
  add(group, run) {
    group
      .command("test")
      .summary("which rules fire on events of a file")
      .argument("<rules...>", "rule files or folders, in the order in which they are read; builtin: Garrison's own")
      .requiredOption(
        "--events <file>",
        'JSON lines: sensor events, values by field name ({"evt.type": "execve", "proc.name": "nc"}), or Kubernetes audit events; - for standard input',
      )
      .option("--json", "print one JSON object a line, as Falco does, with the evidence")
      .addHelpText(
        "after",
        "\nExit 3 when a rule fires, 7 when none does and some rules were refused, 0 when none does.\nFields that a rule asks for and no event gives are named: such a rule cannot fire.\n\nExamples:\n  garrison detect test falco_rules.yaml --events events.jsonl\n  garrison detect test builtin my-rules/ --events - < audit.log",
      )
      .action(run<DetectTestFlags>(async (context, input) => (await import("./run-test.ts")).runTest(context, input)));
  },
};

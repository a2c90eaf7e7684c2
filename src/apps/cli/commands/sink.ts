// garrison sink: where security events are sent, how that is, what could not be delivered. Each sub-command is a file in sink/.
import type { CommandUnit } from "./command.ts";
import { sinkCommands } from "./sink/list.ts";

export const sink: CommandUnit = {
  name: "sink",
  add(program, run) {
    const group = program
      .command("sink")
      .summary("outputs: where security events are sent, their health, dead letters and replay")
      .description(
        "Sinks send security events to standard output, a file, syslog or a webhook. A sink is a resource of kind Sink: garrison apply -f sink.yaml.",
      )
      .addHelpText(
        "after",
        "\nA whole sink.yaml:\n  kind: Sink\n  name: alerts\n  spec:\n    to: { type: file, path: alerts.jsonl }      # below sinks/files of the server's data folder\n    filter: { severityMin: medium }\n\nOther targets and filters: docs/guides/outputs.md. Then: garrison sink test alerts",
      );
    for (const unit of sinkCommands) unit.add(group, run);
  },
};

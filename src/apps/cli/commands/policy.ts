// garrison policy: network policies on files (no server needed) and on this node. Each sub-command is a file in policy/ and a line in policy/list.ts.
import type { CommandUnit } from "./command.ts";
import { policyCommands } from "./policy/list.ts";

export const policy: CommandUnit = {
  name: "policy",
  add(program, run) {
    const group = program
      .command("policy")
      .summary("network policies: lint, ask why, preview, recommend, prove; enforce on this node")
      .description(
        "Network policies from files, folders or standard input (-): no server is needed, unless help says so.",
      );
    for (const unit of policyCommands) unit.add(group, run);
  },
};

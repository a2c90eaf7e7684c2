// garrison vuln: one vulnerability: why it holds for an image or does not, and where it is. Each sub-command is a file in vuln/.
import type { CommandUnit } from "./command.ts";
import { vulnCommands } from "./vuln/list.ts";

export const vuln: CommandUnit = {
  name: "vuln",
  add(program, run) {
    const group = program
      .command("vuln")
      .summary("one vulnerability: why it holds for an image or does not, where it is")
      .description("Answers about one vulnerability, by CVE or any other name of it, from the advisory database.");
    for (const unit of vulnCommands) unit.add(group, run);
  },
};

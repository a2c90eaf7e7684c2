// garrison detect: detection rules, looked at and tried from files; no server needed. Each sub-command is a file in detect/.
import type { CommandUnit } from "./command.ts";
import { detectLint } from "./detect/lint.ts";
import { detectTest } from "./detect/test.ts";

export const detect: CommandUnit = {
  name: "detect",
  add(program, run) {
    const group = program
      .command("detect")
      .summary("detection rules: try them on events, lint them")
      .description(
        "Falco rules, Sigma's Linux rules and GarrisonRules from files or folders. RULES: .yaml files, folders of them, or the word builtin for the rules that Garrison brings.",
      );
    for (const unit of [detectTest, detectLint]) unit.add(group, run);
  },
};

// WORKDIR and cd.
import { bare } from "../parse/model.ts";
import { defineRules } from "../rule.ts";
import { isAbsolute } from "./copy-paths.ts";

export const directoryRules = defineRules(
  {
    id: "dockerfile/relative-workdir",
    hadolint: "DL3000",
    severity: "error",
    title: "WORKDIR with a relative path",
    fix: "Write the whole path.",
    onInstruction: {
      keywords: ["WORKDIR"],
      check(instruction, tell) {
        const path = bare(instruction.body);
        if (path !== "" && !isAbsolute(path)) tell.instruction(instruction, `${path} depends on the WORKDIR before it`);
      },
    },
  },
  {
    id: "dockerfile/cd",
    hadolint: "DL3003",
    severity: "warning",
    title: "cd in RUN",
    fix: "Use WORKDIR, or ( cd ... && ... ) for a step of one command.",
    onCommand: {
      names: ["cd"],
      check(command, tell, { run }) {
        if (!command.isNested) tell.command(run, command, "the folder is the old one again in the next instruction");
      },
    },
  },
);

// The file as a whole: what could not be parsed, order, forms that are out of date.
import { defineRules, type Rule } from "../rule.ts";
import type { ParseProblem } from "../parse/model.ts";
import type { AdviceSeverity } from "../../advice.ts";

function problemRule(
  id: `dockerfile/${string}`,
  severity: AdviceSeverity,
  title: string,
  kinds: readonly ParseProblem["kind"][],
): Rule {
  return {
    id,
    hadolint: "",
    severity,
    title,
    fix: "",
    onFile(view, tell) {
      for (const problem of view.file.problems)
        if (kinds.includes(problem.kind)) tell.place(problem, problem.message, problem.fix);
    },
  };
}

export const structureRules = defineRules(
  problemRule("dockerfile/parse", "error", "what is not a Dockerfile's grammar", ["parse", "encoding", "limit"]),
  problemRule("dockerfile/unknown-instruction", "error", "a line that begins with no instruction", [
    "unknown-instruction",
  ]),
  problemRule("dockerfile/unknown-flag", "error", "a flag that the instruction does not have", ["unknown-flag"]),
  problemRule("dockerfile/empty-continuation", "warning", "an empty line inside a continued instruction", [
    "empty-continuation",
  ]),
  problemRule("dockerfile/bad-pragma", "info", "a comment for the linter that says nothing", ["pragma"]),
  {
    id: "dockerfile/no-from",
    hadolint: "",
    severity: "error",
    title: "no FROM",
    fix: "Begin with FROM.",
    onFile(view, tell) {
      if (
        view.stages.every(
          ({ from, instructions }) => from === undefined && instructions.every(({ keyword }) => keyword === "ARG"),
        )
      ) {
        tell.place({ line: 1, column: 1 }, "there is nothing to build on");
      }
    },
  },
  {
    id: "dockerfile/before-from",
    hadolint: "DL3061",
    severity: "error",
    title: "an instruction before the first FROM",
    fix: "Begin with FROM; only ARG may stand before it.",
    onFile(view, tell) {
      for (const instruction of view.file.instructions) {
        const { keyword } = instruction.trigger ?? instruction;
        if (keyword === "FROM") return;
        if (keyword === "ARG") continue;
        tell.instruction(instruction, `${keyword.slice(0, 32)} stands before FROM`);
        return;
      }
    },
  },
  {
    id: "dockerfile/maintainer",
    hadolint: "DL4000",
    severity: "error",
    title: "MAINTAINER",
    fix: "Write LABEL org.opencontainers.image.authors=...",
    onInstruction: {
      keywords: ["MAINTAINER"],
      check: (instruction, tell) => tell.instruction(instruction, "MAINTAINER is out of date"),
    },
  },
  {
    id: "dockerfile/bad-trigger",
    hadolint: "DL3043",
    severity: "error",
    title: "ONBUILD with FROM, MAINTAINER or ONBUILD",
    fix: "Take it out: no build accepts it.",
    onInstruction: {
      keywords: ["ONBUILD"],
      check(instruction, tell) {
        const keyword = instruction.trigger?.keyword ?? "";
        if (["FROM", "MAINTAINER", "ONBUILD"].includes(keyword))
          tell.instruction(instruction, `${keyword} cannot be triggered`);
      },
    },
  },
  {
    id: "dockerfile/onbuild",
    hadolint: "",
    severity: "info",
    title: "ONBUILD",
    fix: "Write the steps where they run.",
    onInstruction: {
      keywords: ["ONBUILD"],
      check: (instruction, tell) =>
        tell.instruction(
          instruction,
          "it runs in other people's builds, where nobody sees it; OCI images do not have it",
        ),
    },
  },
  {
    id: "dockerfile/legacy-form",
    hadolint: "",
    severity: "style",
    title: "ENV or LABEL without =",
    fix: "Write name=value.",
    onInstruction: {
      keywords: ["ENV", "LABEL"],
      check(instruction, tell) {
        if (instruction.isLegacy && instruction.body !== "")
          tell.instruction(instruction, "the form without = is out of date, and takes one variable only");
      },
    },
  },
  {
    id: "dockerfile/mixed-case",
    hadolint: "",
    severity: "style",
    title: "instructions in upper and lower case",
    fix: "Write instructions in upper case.",
    onFile(view, tell) {
      const known = view.file.instructions.filter(({ keyword, written }) => written !== "" && keyword !== written);
      const [first] = known;
      if (first !== undefined && known.length < view.file.instructions.length) {
        tell.instruction(first, `${first.written.slice(0, 32)} is not in upper case, others are`);
      }
    },
  },
  {
    id: "dockerfile/as-case",
    hadolint: "",
    severity: "style",
    title: "FROM and as in different cases",
    fix: "Write AS.",
    onInstruction: {
      keywords: ["FROM"],
      check(instruction, tell) {
        const as = instruction.words[1];
        if (as?.text === "as" && instruction.written === "FROM")
          tell.instruction(instruction, "as is lower case, FROM is not", { offset: as.offset });
      },
    },
  },
  {
    id: "dockerfile/inline-ignore",
    hadolint: "DL1001",
    severity: "info",
    isOff: true,
    title: "a comment that ignores a rule",
    fix: "Mend what it ignores.",
    onFile(view, tell) {
      for (const pragma of view.file.pragmas)
        if (pragma.kind === "ignore") tell.place(pragma, "it hides findings from those who read reports");
    },
  },
);

// Names of stages: twice, reserved, never used; and copies from stages that are not there.
import { nearest } from "../../../../base/nearest.ts";
import { bare, flagOf } from "../parse/model.ts";
import { defineRules } from "../rule.ts";

const reserved = new Set(["scratch", "context"]);

export const stageNameRules = defineRules(
  {
    id: "dockerfile/stage-name-twice",
    hadolint: "DL3024",
    severity: "error",
    title: "two stages with one name",
    fix: "Give each stage a name of its own.",
    onFile(view, tell) {
      for (const stages of [view.stages, view.triggers]) {
        const seen = new Set<string>();
        for (const { name, from } of stages) {
          const lower = name.toLowerCase();
          if (lower !== "" && seen.has(lower) && from !== undefined) {
            tell.instruction(from, `there is a stage ${name} already`, { offset: from.words[2]?.offset ?? 0 });
          }
          seen.add(lower);
        }
      }
    },
  },
  {
    id: "dockerfile/stage-name-reserved",
    hadolint: "DL3063",
    severity: "warning",
    title: "a stage with a reserved name",
    fix: "Take another name: scratch and context mean something else.",
    onStage({ name, from }, tell) {
      if (reserved.has(name.toLowerCase()) && from !== undefined) {
        tell.instruction(from, `${name} is a reserved word`, { offset: from.words[2]?.offset ?? 0 });
      }
    },
  },
  {
    id: "dockerfile/stage-unused",
    hadolint: "",
    severity: "info",
    title: "a stage that nothing uses",
    fix: "Take it out, unless it is built with --target.",
    onFile(view, tell) {
      for (const { name, from, consumers, index } of view.stages) {
        if (from === undefined || consumers.length > 0 || view.final?.index === index) continue;
        tell.instruction(from, `no later stage builds on ${name === "" ? "this stage" : name} or copies from it`);
      }
    },
  },
  {
    id: "dockerfile/copy-from-unknown",
    hadolint: "DL3022",
    severity: "warning",
    title: "COPY --from of a stage that is not there",
    fix: "Name a stage above, its number, or an image with its tag.",
    onInstruction: {
      keywords: ["COPY"],
      check(instruction, tell, { stage, view }) {
        const flag = flagOf(instruction, "from");
        const name = bare(flag?.value ?? "");
        if (flag === undefined || name === "" || /[:/@$.]/.test(name)) return;
        if (!stage.unresolved.has(instruction)) return;
        const names = view.stages.filter((one) => one.index < stage.index && one.name !== "").map((one) => one.name);
        const close = name.length > 64 ? undefined : nearest(name, names.slice(0, 50));
        const fix = close === undefined ? {} : { fix: `Did you mean ${close}?` };
        tell.instruction(instruction, `there is no stage ${name} above`, { offset: flag.offset, ...fix });
      },
    },
  },
  {
    id: "dockerfile/copy-from-itself",
    hadolint: "DL3023",
    severity: "error",
    title: "COPY --from of its own stage",
    fix: "Copy from another stage.",
    onInstruction: {
      keywords: ["COPY"],
      check(instruction, tell, { stage }) {
        const flag = flagOf(instruction, "from");
        if (
          flag === undefined ||
          stage.name === "" ||
          bare(flag.value ?? "").toLowerCase() !== stage.name.toLowerCase()
        )
          return;
        tell.instruction(instruction, `${stage.name} is the stage itself`, { offset: flag.offset });
      },
    },
  },
  {
    id: "dockerfile/copy-whole-stage",
    hadolint: "DL3067",
    severity: "warning",
    title: "COPY of another stage's whole file system",
    fix: "Build on the stage (FROM name), or copy what is needed.",
    onInstruction: {
      keywords: ["COPY"],
      check(instruction, tell) {
        if (flagOf(instruction, "from") === undefined) return;
        const words = instruction.words.map(({ text }) => bare(text));
        if (words.at(-1) !== "/" || !words.slice(0, -1).includes("/")) return;
        tell.instruction(instruction, "it copies everything of the other stage over this one");
      },
    },
  },
);

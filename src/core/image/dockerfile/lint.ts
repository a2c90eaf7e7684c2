// The Dockerfile linter: text in, findings out, by line. Promises: any text is answered, in time linear in it; each finding has its place and its fix.
import type { AdviceFinding } from "../advice.ts";
import { createCollector, type Collector, type Ignores } from "./collector.ts";
import type { LintOptions } from "./options.ts";
import type { Instruction } from "./parse/model.ts";
import { parseDockerfile } from "./parse/parse-dockerfile.ts";
import type { Stage } from "./parse/stages.ts";
import { commandKey, planOf, type Plan } from "./plan.ts";
import type { LintView } from "./rule.ts";
import { viewOf } from "./view.ts";

const noOptions: LintOptions = {};

/** Lints the text of one Dockerfile. Findings are sorted by place. */
export function lintDockerfile(text: string, options: LintOptions = noOptions): readonly AdviceFinding[] {
  const view = viewOf(parseDockerfile(text), options);
  const plan = planOf(options);
  const collector = createCollector(plan, ignoresOf(view, options));
  for (const rule of plan.onFile) {
    collector.rule = rule;
    rule.onFile?.(view, collector.tell);
  }
  for (const stage of view.stages) lintStage(stage, { view, plan, collector });
  for (const stage of view.triggers) lintStage(stage, { view, plan, collector });
  return collector.findings();
}

function ignoresOf(view: LintView, options: LintOptions): Ignores {
  const global = view.file.pragmas.filter(({ kind }) => kind === "global-ignore");
  return { everywhere: global.flatMap(({ values }) => values), heedsComments: options.disableIgnorePragma !== true };
}

interface Linting {
  readonly view: LintView;
  readonly plan: Plan;
  readonly collector: Collector;
}

function lintStage(stage: Stage, linting: Linting): void {
  const { view, plan, collector } = linting;
  for (const rule of plan.onStage) {
    collector.rule = rule;
    rule.onStage?.(stage, collector.tell, view);
  }
  if (stage.from !== undefined) lintInstruction(stage.from, stage, linting);
  for (const instruction of stage.instructions) lintInstruction(instruction, stage, linting);
}

function lintInstruction(instruction: Instruction, stage: Stage, linting: Linting): void {
  const { view, plan, collector } = linting;
  for (const rule of plan.byKeyword.get(instruction.keyword) ?? []) {
    collector.rule = rule;
    rule.onInstruction?.check(instruction, collector.tell, { stage, view });
  }
  if (instruction.script === undefined) return;
  const at = { run: instruction, stage, view };
  for (const command of instruction.script.commands) {
    for (const rule of plan.byCommand.get(commandKey(command.name)) ?? []) {
      collector.rule = rule;
      rule.onCommand?.check(command, collector.tell, at);
    }
    for (const rule of plan.everyCommand) {
      collector.rule = rule;
      rule.onCommand?.check(command, collector.tell, at);
    }
  }
}

// Instructions of which the last one wins, the form of CMD and ENTRYPOINT, and the health check.
import type { Stage } from "../parse/stages.ts";
import { defineRules, type Tell } from "../rule.ts";

function onlyOnce(keyword: string) {
  return (stage: Stage, tell: Tell): void => {
    const all = stage.instructions.filter((instruction) => instruction.keyword === keyword);
    for (const instruction of all.slice(0, -1)) tell.instruction(instruction, `a later ${keyword} replaces it`);
  };
}

export const onceRules = defineRules(
  {
    id: "dockerfile/several-cmd",
    hadolint: "DL4003",
    severity: "warning",
    title: "several CMD in a stage",
    fix: "Keep the last one.",
    onStage: onlyOnce("CMD"),
  },
  {
    id: "dockerfile/several-entrypoint",
    hadolint: "DL4004",
    severity: "error",
    title: "several ENTRYPOINT in a stage",
    fix: "Keep the last one.",
    onStage: onlyOnce("ENTRYPOINT"),
  },
  {
    id: "dockerfile/several-healthcheck",
    hadolint: "DL3012",
    severity: "error",
    title: "several HEALTHCHECK in a stage",
    fix: "Keep the last one.",
    onStage: onlyOnce("HEALTHCHECK"),
  },
  {
    id: "dockerfile/shell-form",
    hadolint: "DL3025",
    severity: "warning",
    title: "CMD or ENTRYPOINT as a command line",
    fix: 'Write a JSON array: CMD ["program", "argument"].',
    onInstruction: {
      keywords: ["CMD", "ENTRYPOINT"],
      check(instruction, tell) {
        if (instruction.json !== undefined || instruction.body === "") return;
        const isAlmost = instruction.body.startsWith("[");
        const message = isAlmost
          ? "it is no JSON array (single quotes, or a comma missing), so it is a command line"
          : "a shell stands between the program and its signals: it is not told to stop";
        tell.instruction(instruction, message);
      },
    },
  },
  {
    id: "dockerfile/no-healthcheck",
    hadolint: "DL3057",
    severity: "info",
    title: "no HEALTHCHECK",
    fix: "Add HEALTHCHECK, or HEALTHCHECK NONE where Kubernetes probes.",
    references: ["CIS Docker 4.6", "CIS-DI-0006"],
    onFile(view, tell) {
      for (const stages of [view.stages, view.triggers]) {
        for (const { from, consumers } of stagesWithout(stages, hasHealthcheck)) {
          // Of a stage that others use only those are images.
          if (from !== undefined && consumers.length === 0)
            tell.instruction(from, "nothing tells whether the container works");
        }
      }
    },
  },
);

function hasHealthcheck(stage: Stage): boolean {
  return stage.instructions.some(({ keyword }) => keyword === "HEALTHCHECK");
}

/**
 * Stages that lack something: neither they nor a stage they build on have it, and no stage that uses them comes to have it.
 * Stages are in the file's order: who is used stands before its users.
 */
export function stagesWithout(stages: readonly Stage[], has: (stage: Stage) => boolean): readonly Stage[] {
  const good = new Set<Stage>();
  for (const stage of stages) if (has(stage) || (stage.parent !== undefined && good.has(stage.parent))) good.add(stage);
  for (const stage of stages.toReversed()) if (stage.consumers.some((consumer) => good.has(consumer))) good.add(stage);
  return stages.filter((stage) => stage.from !== undefined && !good.has(stage));
}

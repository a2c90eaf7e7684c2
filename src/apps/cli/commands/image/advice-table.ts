// Advice for people: each finding a paragraph below its file, with the line it is about.
import type { AdviceFinding, AdviceSeverity, BaseProposal } from "../../../../core/image/advice.ts";
import {
  countWords,
  numbersOf,
  quotedLine,
  removedWords,
  type AdvisedTarget,
  type AdviceReport,
} from "../../../../core/image/report/advice-report.ts";
import type { Context } from "../../context.ts";
import { harmlessLines } from "../../output/harmless.ts";

export function adviceTable(context: Context, report: AdviceReport): string {
  return report.targets.map((target) => targetText(context, target)).join("\n");
}

function targetText(context: Context, target: AdvisedTarget): string {
  const { paint } = context;
  const parts = [`${paint.bold(target.name)}  ${paint.dim(countWords(target.findings))}\n`];
  for (const group of grouped(target)) parts.push(groupText(context, target, group));
  if (target.base !== undefined) parts.push(baseText(context, target));
  return harmlessLines(parts.join("\n"));
}

/** Findings of a Dockerfile by line, of an image one by one. */
function grouped(target: AdvisedTarget): readonly (readonly AdviceFinding[])[] {
  if (target.kind === "image") return target.findings.map((finding) => [finding]);
  const groups: AdviceFinding[][] = [];
  for (const finding of target.findings) {
    const last = groups.at(-1);
    if (last?.[0]?.line === finding.line) last.push(finding);
    else groups.push([finding]);
  }
  return groups;
}

function groupText(context: Context, target: AdvisedTarget, group: readonly AdviceFinding[]): string {
  const { paint } = context;
  const [first] = group;
  const lines: string[] = [];
  if (target.kind === "dockerfile" && first !== undefined) {
    const quote = quotedLine(target, first);
    lines.push(`  ${paint.dim(`${first.line}:`)} ${quote}`);
  }
  for (const finding of group) {
    const numbers = numbersOf(finding);
    const rule = numbers === "" ? finding.rule : `${finding.rule}, ${numbers}`;
    lines.push(`    ${colour(context, finding.severity)}  ${finding.message}  ${paint.dim(rule)}`);
    if (finding.fix !== "") lines.push(`             ${paint.dim("fix:")} ${finding.fix}`);
  }
  return `${lines.join("\n")}\n`;
}

function colour({ paint }: Context, severity: AdviceSeverity): string {
  const word = severity.padEnd(7);
  switch (severity) {
    case "error":
      return paint.bad(word);
    case "warning":
      return paint.odd(word);
    case "info":
    case "style":
      return paint.dim(word);
  }
}

function baseText(context: Context, { base, proposals = [] }: AdvisedTarget): string {
  const { paint } = context;
  const known = base === undefined || base.image === "" ? "not known" : base.image;
  const lines = [`  ${paint.bold("base")}  ${known}  ${paint.dim(base?.because ?? "")}`];
  for (const proposal of proposals) lines.push(...proposalLines(context, proposal));
  return `${lines.join("\n")}\n`;
}

function proposalLines({ paint }: Context, proposal: BaseProposal): readonly string[] {
  return [
    `    ${proposal.kind.padEnd(10)}  ${paint.bold(proposal.image)}  ${paint.dim(proposal.because)}`,
    `                ${removedWords(proposal)}`,
    ...proposal.mindful.map((sentence) => `                ${paint.odd("mind:")} ${sentence}`),
  ];
}

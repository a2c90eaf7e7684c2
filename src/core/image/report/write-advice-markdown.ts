// Advice as Markdown, for comments on changes: a table a file or image, bases below.
import { countWords, numbersOf, removedWords, type AdvisedTarget, type AdviceReport } from "./advice-report.ts";

export function writeAdviceMarkdown(report: AdviceReport): string {
  return report.targets.map(targetText).join("\n");
}

function targetText(target: AdvisedTarget): string {
  const { name, kind, findings, base, proposals = [] } = target;
  const lines = [`## ${escape(name)}`, "", `${countWords(findings)}.`, ""];
  if (findings.length > 0) {
    const place = kind === "dockerfile" ? "Line" : "About";
    lines.push(`| ${place} | Severity | Rule | What | Fix |`, "|---|---|---|---|---|");
    for (const finding of findings) {
      const numbers = numbersOf(finding);
      const at = kind === "dockerfile" ? String(finding.line) : finding.subject;
      const rule = numbers === "" ? finding.rule : `${finding.rule} (${numbers})`;
      lines.push(`| ${[at, finding.severity, rule, finding.message, finding.fix].map(escape).join(" | ")} |`);
    }
    lines.push("");
  }
  if (base !== undefined)
    lines.push(`Base: ${base.image === "" ? "not known" : escape(base.image)} (${escape(base.because)}).`, "");
  for (const proposal of proposals) {
    const mindful = proposal.mindful.length === 0 ? "" : ` Mind: ${proposal.mindful.map(escape).join(" ")}`;
    lines.push(
      `- \`${proposal.image}\` (${proposal.kind}): ${escape(proposal.because)}; ${escape(removedWords(proposal))}.${mindful}`,
    );
  }
  if (proposals.length > 0) lines.push("");
  return lines.join("\n");
}

/** What others wrote must be neither markup nor a new cell. */
function escape(text: string): string {
  return text.replace(/[\r\n]+/g, " ").replace(/[\\`*_{}[\]<>|#!~]/g, "\\$&");
}

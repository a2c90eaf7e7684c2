// What `garrison policy lint` does: parse, look, print, gate.
import { lint as lintPolicies } from "../../../../core/policy/lint/lint.ts";
import { severities, type LintFinding, type Severity } from "../../../../core/policy/lint/check.ts";
import type { PolicyProblem } from "../../../../core/policy/model.ts";
import { checks } from "../../../../core/policy/lint/checks.ts";
import { parsePolicies } from "../../../../core/policy/parse/parse-policies.ts";
import { createPolicyEngine } from "../../../../core/policy/evaluate/create-engine.ts";
import { readYaml } from "../../../../edge/manifests/read-yaml.ts";
import type { Context } from "../../context.ts";
import { render, type Sheet } from "../../output/format.ts";
import { harmless } from "../../output/harmless.ts";
import { isPartial, placeWords, readFiles } from "./input.ts";
import { withRanges } from "./ranges.ts";
import { counted, formatOf, printDocument } from "./words.ts";
import type { LintFlags } from "./lint.ts";
import { needFiles } from "./flags.ts";

export async function runLint(
  context: Context,
  { args, options }: { readonly args: readonly string[]; readonly options: LintFlags },
): Promise<number | void> {
  return options.checks === true ? listChecks(context) : lintFiles(context, needFiles(args), options);
}

async function listChecks(context: Context): Promise<void> {
  const rows = checks.map(({ id, title, needsWorld }) => ({ id, needsWorld, title }));
  const format = formatOf(context);
  if (format !== "table") return printDocument(context, format, { checks: rows });
  const sheet: Sheet<(typeof rows)[number]> = {
    name: ({ id }) => id,
    columns: [
      { title: "check", value: ({ id }) => id },
      { title: "needs pods", value: ({ needsWorld }) => (needsWorld ? "yes" : "no") },
      { title: "finds", value: ({ title }) => title },
    ],
  };
  await context.print(render(rows, sheet, { format, width: context.width }));
}

async function lintFiles(context: Context, files: readonly string[], flags: LintFlags): Promise<number> {
  const parsed = parsePolicies(await readFiles([...files, ...(flags.world ?? [])]), readYaml);
  const world = withRanges(parsed.world, flags.ranges ?? []);
  const engine = createPolicyEngine({ set: parsed.set, world });
  const report = lintPolicies({ set: parsed.set, engine, world: parsed.isGiven ? world : undefined });
  const findings = [...parsed.problems.map(ofProblem), ...report.findings].sort(
    (one, other) => severities.indexOf(one.severity) - severities.indexOf(other.severity),
  );
  const format = formatOf(context);
  const policies = parsed.set.policies.length;
  if (format === "table") {
    await context.print(table(context, findings));
    for (const { check, because } of report.notLooked) context.say(`${check}: not looked, ${because}`);
    for (const [check, more] of Object.entries(report.more))
      context.say(`${check}: ${more} more findings are not shown`);
    context.say(summary(findings, policies));
  } else await printDocument(context, format, { policies, findings, notLooked: report.notLooked, more: report.more });
  // What was refused is a finding too, in the words of the gate; below it, the answer is not about everything that was given.
  if (isAtGate(findings, flags.failOn)) return 3;
  return isPartial(parsed.problems) ? 7 : 0;
}

function isAtGate(findings: readonly LintFinding[], gate: Severity | "never"): boolean {
  if (gate === "never") return false;
  return findings.some(({ severity }) => severities.indexOf(severity) <= severities.indexOf(gate));
}

function ofProblem(problem: PolicyProblem): LintFinding {
  const { severity, code, object, path, message, hint, place } = problem;
  return { check: code, severity, object, rule: path, message, fix: hint, place };
}

function summary(findings: readonly LintFinding[], policies: number): string {
  const count = (severity: Severity): number => findings.filter((one) => one.severity === severity).length;
  const words = severities.map((severity) => counted(count(severity), severity));
  return `${policies} ${policies === 1 ? "policy" : "policies"} looked at: ${words.join(", ")}`;
}

/** A finding is a paragraph, not a row: messages are sentences, and sentences do not fit columns. */
function table(context: Context, findings: readonly LintFinding[]): string {
  const { paint } = context;
  const colour: Record<Severity, (text: string) => string> = {
    error: (text) => paint.bad(text),
    warning: (text) => paint.odd(text),
    note: (text) => paint.dim(text),
  };
  return findings
    .map((finding) => {
      const { severity, check, object, rule, message, fix } = finding;
      const at = [object, rule].filter((word) => word !== "").join(" ");
      const lines = [
        `${colour[severity](severity.padEnd(7))}  ${paint.bold(at === "" ? "(document)" : at)}  ${paint.dim(check)}`,
        `         ${message}`,
        ...(fix === "" ? [] : [`         ${paint.dim("fix:")} ${fix}`]),
        ...(finding.place.file === "" ? [] : [`         ${paint.dim(placeWords(finding))}`]),
      ];
      return `${lines.map((line) => harmless(line)).join("\n")}\n\n`;
    })
    .join("");
}

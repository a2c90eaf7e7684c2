// Advice as SARIF 2.1.0 (OASIS): a rule a rule, a result a finding, with its place in the Dockerfile or the file in the image.
import type { AdviceFinding, AdviceSeverity } from "../advice.ts";
import { numbersOf, type AdvisedTarget, type AdviceReport } from "./advice-report.ts";

const levels: Readonly<Record<AdviceSeverity, "error" | "warning" | "note">> = {
  error: "error",
  warning: "warning",
  info: "note",
  style: "note",
};

/** Reproducible: the same report gives the same bytes. */
export function writeAdviceSarif(report: AdviceReport): string {
  const rules = new Map<string, { readonly index: number; readonly finding: AdviceFinding }>();
  const results: object[] = [];
  for (const target of report.targets) {
    for (const finding of target.findings) {
      const known = rules.get(finding.rule) ?? { index: rules.size, finding };
      rules.set(finding.rule, known);
      results.push(resultOf(target, finding, known.index));
    }
  }
  const driver = {
    name: "Garrison",
    semanticVersion: report.toolVersion,
    rules: [...rules.values()].map(({ finding }) => ruleOf(finding)),
  };
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [{ tool: { driver }, columnKind: "utf16CodeUnits", results }],
  };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}

function ruleOf(finding: AdviceFinding): object {
  const { rule, severity, fix } = finding;
  const numbers = numbersOf(finding);
  return {
    id: rule,
    shortDescription: { text: rule },
    help: { text: fix === "" ? rule : fix },
    defaultConfiguration: { level: levels[severity] },
    properties: { tags: numbers === "" ? [] : numbers.split(", ") },
  };
}

function resultOf(target: AdvisedTarget, finding: AdviceFinding, ruleIndex: number): object {
  const { rule, severity, message, fix, line, column, subject } = finding;
  const text = fix === "" ? message : `${message}. ${fix}`;
  const uri = uriOf(
    target.kind === "dockerfile" || subject === "" || !subject.startsWith("/") ? target.name : subject.slice(1),
  );
  const region = line > 0 ? { region: { startLine: line, startColumn: Math.max(1, column) } } : {};
  return {
    ruleId: rule,
    ruleIndex,
    level: levels[severity],
    message: { text },
    locations: [{ physicalLocation: { artifactLocation: { uri }, ...region } }],
    ...(target.kind === "image" ? { properties: { image: target.name, subject } } : {}),
  };
}

function uriOf(name: string): string {
  return encodeURI(name.toWellFormed().replaceAll("\\", "/")).replaceAll("#", "%23").replaceAll("?", "%3F");
}

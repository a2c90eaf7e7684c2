// A transaction's report as text for people: each matched rule with what it saw, the matched piece underlined, points and the running score, the verdict.
// Promises: at most `explainLimits.valueCells` cells of a value are shown, around the match, and of a rule's argument its beginning; bytes that are no printable ASCII stand as \xNN.
import type { MatchedRule, MatchedVariable, TransactionReport } from "../../../../core/waf/engine/engine.ts";
import type { Paint } from "../../output/paint.ts";

export const explainLimits = { valueCells: 400, variablesPerRule: 5 } as const;

export interface ExplainOptions {
  readonly paint: Paint;
  /** Columns of the terminal; Infinity: no cut. */
  readonly width: number;
  readonly inboundThreshold: number;
  /** Rules that are not logged too. */
  readonly showsAll: boolean;
}

const indent = "         ";

/** Text of a report, ending in a line break. */
export function explainReport(report: TransactionReport, options: ExplainOptions): string {
  const rules = report.rules.filter((rule) => rule.isLogged || options.showsAll);
  let score = 0;
  const paragraphs = rules.map((rule) => {
    score += rule.score;
    return ruleText(rule, score, options);
  });
  return [...paragraphs, verdictText(report, options)].join("\n");
}

function ruleText(rule: MatchedRule, running: number, options: ExplainOptions): string {
  const { paint } = options;
  const points = rule.score === 0 ? "" : `  ${paint.odd(`+${rule.score}`)} ${paint.dim(`= ${running}`)}`;
  const level = rule.paranoia > 0 ? `level ${rule.paranoia}` : "";
  const place = [rule.file === "" ? "" : `${rule.file}:${rule.line}`, `phase ${rule.phase}`, level]
    .filter((word) => word !== "")
    .join("  ");
  const lines = [
    `${paint.bold(String(rule.ruleId).padEnd(7))}  ${printable(rule.message)}${points}`,
    `${indent}${paint.dim(place)}`,
    `${indent}${paint.dim("rule")}     ${cut(printable(operatorWords(rule)), Math.min(options.width, explainLimits.valueCells) - indent.length - 9)}`,
    ...rule.variables.slice(0, explainLimits.variablesPerRule).flatMap((variable) => variableLines(variable, options)),
    ...more(Math.max(0, rule.variables.length - explainLimits.variablesPerRule) + rule.variablesOmitted),
    ...(rule.isDisruptive ? [`${indent}${paint.bad("this rule decides")}`] : []),
  ];
  return `${lines.join("\n")}\n`;
}

/** "@rx ^a" as rules write it. */
function operatorWords({ operator, operatorArgument }: MatchedRule): string {
  const [, not = "", name = operator] = /^(!?)(.*)$/.exec(operator) ?? [];
  return `${not}@${name.charAt(0).toLowerCase()}${name.slice(1)} ${operatorArgument}`.trimEnd();
}

function more(count: number): readonly string[] {
  return count > 0 ? [`${indent}and ${count} more ${count === 1 ? "variable" : "variables"}`] : [];
}

function variableLines(variable: MatchedVariable, options: ExplainOptions): readonly string[] {
  const { paint } = options;
  const room = Math.max(20, Math.min(options.width, explainLimits.valueCells) - indent.length - 9);
  const isChanged = variable.transformed !== variable.value;
  const seen = excerpt(variable.transformed, variable.matched, room);
  const label = isChanged ? "seen as" : "value";
  return [
    `${indent}${paint.dim("in")}       ${paint.bold(printable(variable.name))}`,
    ...(isChanged ? [`${indent}${paint.dim("value")}    ${cut(printable(variable.value), room)}`] : []),
    `${indent}${paint.dim(label.padEnd(7))}  ${seen.text}`,
    ...(seen.marks === "" ? [] : [`${indent}${paint.dim("matched")}  ${paint.bad(seen.marks)}`]),
  ];
}

/** The value around its match, and carets under the match; no carets when the match does not stand in it as it is. */
function excerpt(value: string, matched: string, room: number): { readonly text: string; readonly marks: string } {
  const at = matched === "" ? -1 : value.indexOf(matched);
  if (at < 0) return { text: cut(printable(value), room), marks: "" };
  const [before, piece, after] = [value.slice(0, at), matched, value.slice(at + matched.length)].map(printable);
  const kept = cut(piece ?? "", room);
  const left = Math.max(0, room - kept.length);
  const head = cutStart(before ?? "", Math.ceil(left / 2));
  const tail = cut(after ?? "", left - head.length);
  return { text: `${head}${kept}${tail}`, marks: `${" ".repeat(head.length)}${"^".repeat(kept.length)}` };
}

function cut(text: string, room: number): string {
  if (text.length <= room) return text;
  return room < 2 ? "" : `${text.slice(0, room - 1)}…`;
}

function cutStart(text: string, room: number): string {
  if (text.length <= room) return text;
  return room < 2 ? "" : `…${text.slice(text.length - room + 1)}`;
}

/** Bytes as a terminal may show them. */
export function printable(bytes: string): string {
  return bytes.replace(/[^\x20-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

function verdictText(report: TransactionReport, { paint, inboundThreshold }: ExplainOptions): string {
  const { interruption, inboundScore, outboundScore } = report;
  const score = `inbound score ${inboundScore} of ${inboundThreshold}${outboundScore > 0 ? `, outbound ${outboundScore}` : ""}`;
  const missed = report.notInspected.map((one) => `${paint.odd("not inspected:")} ${printable(one)}\n`).join("");
  if (interruption === undefined) return `${paint.good("passed")}: ${score}\n${missed}`;
  const because = interruption.because === "rule" ? `rule ${interruption.ruleId}` : interruption.because;
  const what = `${because} in phase ${interruption.phase}, ${interruption.action} with status ${interruption.status}; ${score}`;
  const word = report.isBlocked ? paint.bad("blocked") : paint.odd("would be blocked");
  return `${word} by ${what}\n${missed}`;
}

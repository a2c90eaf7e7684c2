// A matched rule as ModSecurity 3 writes it to an error log, for tools that read that. One line per matched variable; chains and actions one line. Redacted unless asked otherwise.
import type { MatchedRule, MatchedVariable, TransactionReport } from "../engine/engine.ts";
import { displayText } from "./display-text.ts";
import { excerptOf, redactRuleText, redactValueText } from "./redact.ts";
import { redactPath } from "../../redact/redact.ts";

export interface LineFacts {
  readonly hostname: string;
  /** Request target as it came; its query is left out. */
  readonly uri: string;
}

export interface LineOptions {
  /** "none": for tests and for a person's own requests at their own terminal. */
  readonly redaction: "secrets" | "none";
}

export const lineLimits = { valueCharactersMax: 200, argumentCharactersMax: 2048, fieldCharactersMax: 1024 } as const;

/** Lines without their line end, in the order the rules matched. */
export function modsecurityLines(
  report: TransactionReport,
  facts: LineFacts,
  options: LineOptions = { redaction: "secrets" },
): readonly string[] {
  return report.rules.filter((rule) => rule.isLogged).flatMap((rule) => ruleLines(report, rule, facts, options));
}

function ruleLines(report: TransactionReport, rule: MatchedRule, facts: LineFacts, options: LineOptions): string[] {
  const [first] = rule.variables;
  const told = rule.variables.filter((variable) => variable.logData !== "" && variable.logData !== first?.logData);
  const variables = first === undefined ? [undefined] : [first, ...told];
  return variables.map((variable) => line({ report, rule, facts, options, variable }));
}

interface LineInput {
  readonly report: TransactionReport;
  readonly rule: MatchedRule;
  readonly facts: LineFacts;
  readonly options: LineOptions;
  readonly variable: MatchedVariable | undefined;
}

function line(input: LineInput): string {
  const { report, rule, facts, options, variable } = input;
  const isRedacted = options.redaction === "secrets";
  const text = (value: string, about: readonly MatchedVariable[]): string =>
    isRedacted ? redactRuleText(value, { ...rule, variables: about }) : displayText(value);
  const isOwn = variable !== undefined && variable.logData !== "";
  const data = isOwn ? text(variable.logData, [variable]) : text(rule.logData, rule.variables);
  const isDenying = rule.isDisruptive && report.isBlocked && report.interruption?.ruleId === rule.ruleId;
  const begin = isDenying
    ? `ModSecurity: Access denied with code ${report.interruption?.status ?? 403} (phase ${rule.phase}). `
    : "ModSecurity: Warning. ";
  const fields = [
    field("file", rule.file),
    field("line", String(rule.line)),
    field("id", String(rule.ruleId)),
    field("rev", rule.revision),
    field("msg", text(rule.message, rule.variables)),
    field("data", data),
    field("severity", rule.severity === undefined ? "0" : String(rule.severity)),
    field("ver", rule.version),
    field("maturity", rule.maturity === "" ? "0" : rule.maturity),
    field("accuracy", rule.accuracy === "" ? "0" : rule.accuracy),
    ...rule.tags.map((tag) => field("tag", tag)),
    field("hostname", displayText(facts.hostname)),
    field("uri", uriText(facts.uri, isRedacted)),
    field("unique_id", report.id),
  ];
  return `${begin}${matchText(rule, variable, isRedacted)} ${fields.join(" ")}`;
}

function matchText(rule: MatchedRule, variable: MatchedVariable | undefined, isRedacted: boolean): string {
  if (variable === undefined) return "Unconditional match in SecAction.";
  const argument = displayText(rule.operatorArgument.slice(0, lineLimits.argumentCharactersMax));
  const value = isRedacted ? excerptOf(variable, rule.secrets).text : displayText(variable.value);
  const cut =
    value.length > lineLimits.valueCharactersMax ? `${value.slice(0, lineLimits.valueCharactersMax)} (cut)` : value;
  return `Matched "Operator \`${rule.operator}' with parameter \`${argument}' against variable \`${displayText(variable.name)}' (Value: \`${cut}' )"`;
}

function uriText(target: string, isRedacted: boolean): string {
  const question = target.indexOf("?");
  const path = displayText(question < 0 ? target : target.slice(0, question));
  return isRedacted ? redactValueText(redactPath(path).text) : path;
}

/** Quotes in a value would end the field for those who read it. */
function field(name: string, value: string): string {
  return `[${name} "${value.slice(0, lineLimits.fieldCharactersMax).replaceAll('"', '\\"')}"]`;
}

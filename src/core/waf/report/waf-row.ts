// A transaction's report and what the door knows of the request, as a row of waf_events. Values are redacted here; nothing of the request leaves but what rules matched.
import type { MatchedRule, TransactionPolicy, TransactionReport } from "../engine/engine.ts";
import type { WafEvent } from "../../../model/waf-event.ts";
import { redactPath } from "../../redact/redact.ts";
import { displayText } from "./display-text.ts";
import { excerptOf, redactRuleText } from "./redact.ts";

export const rowLimits = {
  rulesMax: 128,
  placesMax: 256,
  tagsMax: 64,
  textCharactersMax: 1024,
  notInspectedMax: 16,
  ruleIdMax: 4_294_967_295,
} as const;

type ReportColumns =
  | "verdict"
  | "mode"
  | "policy"
  | "phase"
  | "path"
  | "inboundScore"
  | "outboundScore"
  | "inboundThreshold"
  | "outboundThreshold"
  | "ruleIds"
  | "messages"
  | "variables"
  | "places"
  | "values"
  | "excerpts"
  | "severities"
  | "scores"
  | "rulePhases"
  | "paranoias"
  | "tags"
  | "decidingRule"
  | "because"
  | "notInspected"
  | "transactionId"
  | "requestBytes"
  | "responseBytes"
  | "evaluationUs";

/** What the report does not know: time, door, ends, identities, trace. `target` is the request target as it came. */
export type WafRequestFacts = Omit<WafEvent, ReportColumns> & { readonly target: string };

/** Undefined: no rule that is logged spoke about it and nothing was left unread. */
export function wafRow(
  report: TransactionReport,
  policy: TransactionPolicy,
  facts: WafRequestFacts,
): WafEvent | undefined {
  const logged = report.rules.filter((rule) => rule.isLogged);
  if (logged.length === 0 && report.interruption === undefined && report.notInspected.length === 0) return undefined;
  const { target, ...known } = facts;
  const rules = logged.slice(0, rowLimits.rulesMax);
  const omitted = logged.length - rules.length + report.rulesOmitted;
  return {
    ...known,
    verdict: verdictOf(report),
    mode: report.mode === "block" ? "block" : "detect",
    policy: report.policy,
    phase: report.interruption?.phase ?? 0,
    method: text(known.method),
    host: text(known.host),
    path: pathOf(target),
    inboundScore: report.inboundScore,
    outboundScore: report.outboundScore,
    inboundThreshold: policy.inboundThreshold,
    outboundThreshold: policy.outboundThreshold,
    ...ruleColumns(rules),
    tags: [...new Set(rules.flatMap((rule) => rule.tags))].slice(0, rowLimits.tagsMax),
    decidingRule: ruleId(report.interruption?.ruleId ?? 0),
    because: report.interruption?.because ?? "",
    notInspected: [
      ...report.notInspected.slice(0, rowLimits.notInspectedMax).map(text),
      ...(omitted > 0 ? [`${omitted} more matched rules are not listed`] : []),
    ],
    transactionId: report.id,
    requestBytes: report.requestBytes,
    responseBytes: report.responseBytes,
    evaluationUs: report.evaluationUs,
  };
}

/** Each rule with each variable it matched, once. */
function placesOf(rules: readonly MatchedRule[]): string[] {
  const all = rules.flatMap(({ ruleId: id, variables }) => variables.map(({ name }) => `${ruleId(id)} ${text(name)}`));
  return [...new Set(all)].slice(0, rowLimits.placesMax);
}

function ruleColumns(rules: readonly MatchedRule[]) {
  const excerpts = rules.map((rule) =>
    rule.variables[0] === undefined ? noExcerpt : excerptOf(rule.variables[0], rule.secrets),
  );
  return {
    ruleIds: rules.map((rule) => ruleId(rule.ruleId)),
    messages: rules.map((rule) => text(redactRuleText(rule.message, rule))),
    variables: rules.map((rule) => text(rule.variables[0]?.name ?? "")),
    places: placesOf(rules),
    values: excerpts.map((excerpt) => excerpt.text.slice(excerpt.start, excerpt.end)),
    excerpts: excerpts.map((excerpt) => excerpt.text),
    severities: rules.map((rule) => severityName(rule.severity)),
    scores: rules.map((rule) => Math.max(0, rule.score)),
    rulePhases: rules.map((rule) => rule.phase),
    paranoias: rules.map((rule) => rule.paranoia),
  };
}

const noExcerpt = { text: "", start: 0, end: 0 } as const;

function verdictOf(report: TransactionReport): WafEvent["verdict"] {
  const { interruption } = report;
  if (interruption !== undefined && interruption.because !== "rule") return "failed";
  if (report.isBlocked) return "blocked";
  if (interruption !== undefined) return "detected";
  return report.notInspected.length > 0 && report.rules.length === 0 ? "failed" : "logged";
}

const severityNames = ["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"] as const;

export function severityName(severity: number | undefined): string {
  return severity === undefined ? "" : (severityNames[severity] ?? "");
}

function ruleId(id: number): number {
  return Math.min(id, rowLimits.ruleIdMax);
}

function text(value: string): string {
  return displayText(value.slice(0, rowLimits.textCharactersMax));
}

/** Without its query: what stands there is told only where a rule matched it. */
function pathOf(target: string): string {
  const question = target.indexOf("?");
  return redactPath(text(question < 0 ? target : target.slice(0, question))).text;
}

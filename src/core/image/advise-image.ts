// Advice on a built image, from its analysis alone. Promises: findings in the rules' order, bounded for each rule; what falls out is told in the last one.
import type { ImageAnalysis } from "../../model/image-analysis.ts";
import type { AdviceFinding, AdviceSeverity, BaseKnowledge } from "./advice.ts";
import { adviceSeverities } from "./advice.ts";
import type { ImageRule, ImageView, Told } from "./image-rule.ts";
import { imageRules } from "./rules/list.ts";

export const imageAdviceLimits = { findingsPerRuleMax: 20 } as const;

export interface ImageAdviceOptions {
  /** Milliseconds since 1970; absent: ages are not judged. */
  readonly nowMs?: number;
  /** Ids or Hadolint's numbers. */
  readonly ignored?: readonly string[];
  readonly override?: Partial<Record<AdviceSeverity, readonly string[]>>;
  /** Days after which an image and its base are old. */
  readonly ageDaysMax?: number;
  readonly sizeBytesMax?: number;
  /** From `recogniseBase`. */
  readonly base?: BaseKnowledge;
}

/** What the rules say of an image; the worst first. */
export function adviseImage(analysis: ImageAnalysis, options: ImageAdviceOptions = {}): readonly AdviceFinding[] {
  const view: ImageView = {
    analysis,
    config: analysis.config,
    facts: analysis.facts,
    base: options.base,
    nowMs: options.nowMs,
    ageDaysMax: options.ageDaysMax ?? 180,
    sizeBytesMax: options.sizeBytesMax ?? 1_000_000_000,
  };
  const findings: AdviceFinding[] = [];
  for (const rule of imageRules) {
    const severity = severityOf(rule, options);
    if (severity !== undefined) findings.push(...findingsOf(rule, view, severity));
  }
  const rank = ({ severity }: AdviceFinding): number => adviceSeverities.indexOf(severity);
  return findings.sort((one, other) => rank(one) - rank(other));
}

function severityOf(
  rule: ImageRule,
  { ignored = [], override = {} }: ImageAdviceOptions,
): AdviceSeverity | "own" | undefined {
  const isNamed = (names: readonly string[] | undefined): boolean =>
    names?.some((name) => name === rule.id || (rule.hadolint !== "" && name === rule.hadolint)) === true;
  if (isNamed(ignored)) return undefined;
  return adviceSeverities.find((severity) => isNamed(override[severity])) ?? "own";
}

function findingsOf(rule: ImageRule, view: ImageView, severity: AdviceSeverity | "own"): readonly AdviceFinding[] {
  const all: Told[] = [];
  let omitted = 0;
  for (const told of rule.check(view)) {
    if (all.length < imageAdviceLimits.findingsPerRuleMax) all.push(told);
    else omitted++;
  }
  if (omitted > 0) all.push({ message: `${omitted} more are not shown` });
  return all.map((told) => ({
    rule: rule.id,
    hadolint: rule.hadolint,
    severity: severity === "own" ? (told.severity ?? rule.severity) : severity,
    message: told.message,
    fix: told.fix ?? rule.fix,
    line: 0,
    column: 0,
    references: rule.references,
    subject: told.subject ?? "",
    layer: told.layer ?? -1,
  }));
}

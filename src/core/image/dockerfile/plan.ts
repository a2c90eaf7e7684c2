// Which rules run, with which severity, sorted by what they look at. Made once per options object.
import { adviceSeverities, type AdviceSeverity } from "../advice.ts";
import type { LintOptions } from "./options.ts";
import type { Rule } from "./rule.ts";
import { dockerfileRules } from "./rules/list.ts";

export interface Plan {
  readonly severities: ReadonlyMap<Rule, AdviceSeverity>;
  readonly onFile: readonly Rule[];
  readonly onStage: readonly Rule[];
  readonly byKeyword: ReadonlyMap<string, readonly Rule[]>;
  readonly byCommand: ReadonlyMap<string, readonly Rule[]>;
  readonly everyCommand: readonly Rule[];
}

const plans = new WeakMap<LintOptions, Plan>();

export function planOf(options: LintOptions): Plan {
  const known = plans.get(options);
  if (known !== undefined) return known;
  const plan = makePlan(options);
  plans.set(options, plan);
  return plan;
}

function makePlan(options: LintOptions): Plan {
  const severities = new Map<Rule, AdviceSeverity>();
  for (const rule of dockerfileRules) {
    const severity = severityOf(rule, options);
    if (severity !== undefined) severities.set(rule, severity);
  }
  const active = [...severities.keys()];
  return {
    severities,
    onFile: active.filter(({ onFile }) => onFile !== undefined),
    onStage: active.filter(({ onStage }) => onStage !== undefined),
    byKeyword: indexed(active, ({ onInstruction }) => onInstruction?.keywords ?? []),
    byCommand: indexed(active, ({ onCommand }) => onCommand?.names ?? []),
    everyCommand: active.filter(({ onCommand }) => onCommand?.names.includes("*") === true),
  };
}

/** Undefined: the rule does not run. */
function severityOf(rule: Rule, { ignored = [], override = {} }: LintOptions): AdviceSeverity | undefined {
  const isNamed = (names: readonly string[] | undefined): boolean =>
    names?.some((name) => isNameOf(rule, name)) === true;
  if (isNamed(ignored)) return undefined;
  const overridden = adviceSeverities.find((severity) => isNamed(override[severity]));
  return overridden ?? (rule.isOff === true ? undefined : rule.severity);
}

/** A rule is named by its id or by Hadolint's number. */
export function isNameOf(rule: Pick<Rule, "id" | "hadolint">, name: string): boolean {
  return name === rule.id || (name !== "" && name === rule.hadolint);
}

function indexed(
  rules: readonly Rule[],
  keysOf: (rule: Rule) => readonly string[],
): ReadonlyMap<string, readonly Rule[]> {
  const index = new Map<string, Rule[]>();
  for (const rule of rules) {
    for (const key of keysOf(rule)) {
      const list = index.get(key);
      if (list === undefined) index.set(key, [rule]);
      else list.push(rule);
    }
  }
  return index;
}

/** "pip3.11" is "pip", "python3" is "python". */
export function commandKey(name: string): string {
  if (name.charCodeAt(0) !== 112) return name;
  if (/^pip[0-9.]*$/.test(name)) return "pip";
  return /^python[0-9.]+$/.test(name) ? "python" : name;
}

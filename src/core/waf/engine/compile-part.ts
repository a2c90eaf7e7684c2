// One SecRule's own half: its targets, transformations and operator as functions.
import { Fault } from "../../../base/fault.ts";
import type { Pattern } from "../regex/pattern.ts";
import type { BoundOperator } from "../operators/operator.ts";
import { operatorMakers } from "../operators/operators.ts";
import type { WafProblem } from "../position.ts";
import { operatorNames } from "../seclang/known-operators.ts";
import type { ControlAction, RulePart, RuleSet, VariableAssignment } from "../seclang/rule-set.ts";
import type { Transformation, WafHashes } from "../transform/transformation.ts";
import { transformationOf } from "../transform/transformations.ts";
import { clausesOf } from "./clauses.ts";
import type { CompiledAssignment, CompiledControl, CompiledPart, CompiledTarget } from "./compiled.ts";
import { compileMacro } from "./macro.ts";
import { selectorOf } from "./selectors.ts";
import { isKnownVariable, variableReader } from "./variables.ts";

export interface PartContext {
  readonly ruleSet: RuleSet;
  readonly hashes: WafHashes;
  readonly ruleId: number;
  readonly isMultiline: boolean;
  readonly slotOf: (name: string) => number;
  readonly nextPure: () => number;
  readonly controlOf: (control: ControlAction) => CompiledControl;
  readonly report: (problem: WafProblem) => void;
}

const never: BoundOperator = { evaluate: () => undefined, isPure: true };

export function compilePart(part: RulePart, context: PartContext): CompiledPart {
  const targets = compileTargets(part, context);
  const bound = bindOperator(part, context);
  const transformations = compileTransformations(part, context);
  const isPure =
    bound.operator.isPure &&
    targets.length > 0 &&
    targets.every(({ selector }) => selector.sources !== undefined && !selector.isCount);
  return {
    pure: isPure ? context.nextPure() : -1,
    source: part,
    targets,
    transformations,
    operator: bound.operator,
    pattern: bound.pattern,
    get clauses() {
      return bound.pattern?.clauses ?? clausesOf(part.operator);
    },
    isNegated: part.operator.isNegated,
    isCapture: part.isCapture,
    isMultiMatch: part.isMultiMatch,
    assignments: part.assignments.map((assignment) => compileAssignment(assignment, context)),
    controls: part.controls.map((control) => context.controlOf(control)),
    collections: part.collections.map(({ collection, key }) => ({ collection, key: compileMacro(key) })),
    hasEffects:
      part.assignments.length > 0 || part.controls.length > 0 || part.collections.length > 0 || part.isCapture,
    logData: compileMacro(part.logData),
    message: compileMacro(part.message),
    operatorText: operatorText(part),
  };
}

function compileTargets(part: RulePart, context: PartContext): CompiledTarget[] {
  const included = part.variables.filter((variable) => !variable.isExcluded);
  const excluded = part.variables.filter((variable) => variable.isExcluded).map(selectorOf);
  return included.flatMap((variable): CompiledTarget[] => {
    if (!isKnownVariable(variable.name, variable.select, variable.argument)) {
      context.report({
        severity: "warning",
        code: "waf/variable-never-there",
        message: `${variable.name}${variable.argument === "" ? "" : `:${variable.argument}`} has never a value here`,
        hint: "The rule is kept; this target of it matches nothing",
        position: part.position,
        ruleId: context.ruleId,
      });
      return [];
    }
    const selector = selectorOf(variable);
    const without = excluded.filter((other) => other.name === selector.name);
    const read = selector.sources === undefined ? variableReader(selector) : undefined;
    const countName = `&${selector.name}${selector.argument === "" ? "" : `:${selector.argument}`}`;
    return [{ selector, countName, read, without }];
  });
}

function compileTransformations(part: RulePart, context: PartContext): Transformation[] {
  return part.transformations.flatMap(({ name }): Transformation[] => {
    const found = transformationOf(name, context.hashes, { unicodeMap: context.ruleSet.settings.unicodeMap });
    if (found !== undefined) return [found];
    context.report({
      severity: "error",
      code: "waf/unknown-transformation",
      message: `t:${name} is not known: it is left out`,
      hint: "The rule runs without it, which may change what it matches",
      position: part.position,
      ruleId: context.ruleId,
    });
    return [];
  });
}

function bindOperator(part: RulePart, context: PartContext): { operator: BoundOperator; pattern: Pattern | undefined } {
  const { operator } = part;
  const patternOptions = { isMultiline: context.isMultiline, isDotAll: true, isCaseless: false };
  try {
    const make = operatorMakers.get(operator.name);
    if (make !== undefined) {
      const bound = make(operator, { patternOptions });
      return { operator: bound, pattern: bound.pattern };
    }
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    context.report({
      severity: "error",
      code: "waf/bad-operator",
      message: `@${operator.name}: ${error.message}`,
      hint: error.hint ?? "The rule never matches",
      position: part.position,
      ruleId: context.ruleId,
    });
    return { operator: never, pattern: undefined };
  }
  context.report({
    severity: "error",
    code: "waf/unknown-operator",
    message: `@${operator.name} is not known: the rule never matches`,
    hint: "garrison waf lint names the operators there are",
    position: part.position,
    ruleId: context.ruleId,
  });
  return { operator: never, pattern: undefined };
}

function compileAssignment(assignment: VariableAssignment, context: PartContext): CompiledAssignment {
  const key = compileMacro(assignment.key);
  const name = key.constant?.toLowerCase();
  const slot = assignment.collection === "TX" && name !== undefined ? context.slotOf(name) : -1;
  const value = compileMacro(assignment.value);
  for (const read of [...key.reads, ...value.reads]) context.slotOf(read);
  return { collection: assignment.collection, slot, key, change: assignment.change, value, score: scoreOf(name) };
}

/** CRS 4 and CRS 3 name the scores of a level so; what sums them up is left out, else points would count twice. */
function scoreOf(name: string | undefined): "" | "inbound" | "outbound" {
  if (name === undefined) return "";
  if (/^(?:inbound_anomaly_score_pl|anomaly_score_pl)[1-4]$/.test(name)) return "inbound";
  if (/^outbound_anomaly_score_pl[1-4]$/.test(name)) return "outbound";
  return "";
}

const spellings = new Map(operatorNames.map((name) => [name.toLowerCase(), name]));

function operatorText(part: RulePart): string {
  const spelled = spellings.get(part.operator.name) ?? part.operator.name;
  const name = spelled.charAt(0).toUpperCase() + spelled.slice(1);
  return `${part.operator.isNegated ? "!" : ""}${name}`;
}

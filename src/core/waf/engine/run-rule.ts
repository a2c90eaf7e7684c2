// One rule, asked plainly: every member of its targets, transformed, against its operator; then the links of its chain. Hits that judge.ts found are only where to look:
// what comes of them is worked out here, the same way for all rules.
import type { MatchedVariable } from "./engine.ts";
import type { OperatorHit, OperatorScope } from "../operators/operator.ts";
import { runActions, setCaptures, setMatched, type ActionContext } from "./actions.ts";
import type { CompiledPart, CompiledRule, CompiledTarget } from "./compiled.ts";
import { isTargetExcluded } from "./exclusions.ts";
import { expandMacro } from "./macro.ts";
import type { Outcome, OutcomeMemo } from "./outcome-memo.ts";
import type { State } from "./state.ts";
import { nameOfValue } from "./variables.ts";

export const runLimits = {
  /** Variables told of one rule; more are counted. */
  variablesMax: 16,
  /** Of a value in a report. */
  valueBytesMax: 4096,
} as const;

/** What a rule matched, for the report. */
export interface RuleMatch {
  variables: MatchedVariable[];
  omitted: number;
}

export interface RunContext extends ActionContext {
  readonly scope: OperatorScope;
  /** Hits of pure parts are known; false: every value is asked. */
  readonly hasHits: boolean;
  readonly outcomes: OutcomeMemo;
}

/** Whether the whole chain matched. Actions of parts that matched are done, the rule's own are not. */
export function runRule(context: RunContext, rule: CompiledRule, match: RuleMatch): boolean {
  const { state } = context;
  state.ruleIndex = rule.index;
  state.matchedNames.length = 0;
  state.matchedValues.length = 0;
  for (const part of rule.parts) if (!runPart(context, rule, part, match)) return false;
  return true;
}

function runPart(context: RunContext, rule: CompiledRule, part: CompiledPart, match: RuleMatch): boolean {
  if (part.source.variables.length === 0) {
    // A SecAction always matches, and says nothing about a variable.
    runActions(context, rule, part);
    return true;
  }
  let isMatched = false;
  for (const target of part.targets) if (runTarget(context, { rule, part, target, match })) isMatched = true;
  return isMatched;
}

interface TargetRun {
  readonly rule: CompiledRule;
  readonly part: CompiledPart;
  readonly target: CompiledTarget;
  readonly match: RuleMatch;
}

function runTarget(context: RunContext, run: TargetRun): boolean {
  const { state } = context;
  const { selector, read } = run.target;
  if (selector.isCount)
    return runMember(context, run, {
      name: `&${selector.name}${keyText(selector.argument)}`,
      key: "",
      text: String(count(context, run)),
    });
  let isMatched = false;
  if (read !== undefined) {
    read(state, (key, text) => {
      if (isLeftOut(state, run, key)) return;
      const name = selector.name.startsWith("MATCHED_VARS") ? key : key === "" ? selector.name : selector.prefix + key;
      if (runMember(context, run, { name, key, text })) isMatched = true;
    });
    return isMatched;
  }
  const values = context.hasHits && run.part.pure >= 0 ? hitValues(state, run.part.pure) : undefined;
  if (values !== undefined) {
    for (const value of values) if (runValue(context, run, value)) isMatched = true;
    return isMatched;
  }
  for (const source of selector.sources!) {
    for (let value = state.sourceHead[source]!; value >= 0; value = state.valueNext[value]!) {
      if (runValue(context, run, value)) isMatched = true;
    }
  }
  return isMatched;
}

function hitValues(state: State, pure: number): number[] {
  const values: number[] = [];
  for (let hit = state.partHead[pure]!; hit >= 0; hit = state.hitNext[hit]!) values.push(state.hitValue[hit]!);
  return values;
}

function runValue(context: RunContext, run: TargetRun, value: number): boolean {
  const { state } = context;
  const { selector } = run.target;
  const source = state.valueSource[value]!;
  const key = state.valueKey[value]!;
  if (!selector.sources!.includes(source) || !selector.hasKey(key) || isLeftOut(state, run, key)) return false;
  return runMember(context, run, { name: nameOfValue(selector, source, key), key, text: state.valueText[value]! });
}

function isLeftOut(state: State, run: TargetRun, key: string): boolean {
  const { selector, without } = run.target;
  if (without.some((other) => other.hasKey(key))) return true;
  return isTargetExcluded(state.exclusions, run.rule.index, selector.name, key);
}

function keyText(argument: string): string {
  return argument === "" ? "" : `:${argument}`;
}

function count(context: RunContext, run: TargetRun): number {
  const { state } = context;
  const { selector, read } = run.target;
  let members = 0;
  if (read !== undefined) {
    read(state, (key) => {
      if (!isLeftOut(state, run, key)) members++;
    });
    return members;
  }
  for (const source of selector.sources!) {
    for (let value = state.sourceHead[source]!; value >= 0; value = state.valueNext[value]!) {
      const key = state.valueKey[value]!;
      if (selector.hasKey(key) && !isLeftOut(state, run, key)) members++;
    }
  }
  return members;
}

interface Member {
  readonly name: string;
  readonly key: string;
  readonly text: string;
}

/** One member: its text after transformations, or with multiMatch each text on the way that differs from the one before. */
function runMember(context: RunContext, run: TargetRun, member: Member): boolean {
  const { part } = run;
  if (part.pure >= 0 && !part.isMultiMatch) {
    const outcome = context.outcomes.of(part, member.text, context.scope);
    return runOutcome(context, run, member, outcome);
  }
  let text = member.text;
  let isMatched = part.isMultiMatch && part.transformations.length > 0 && runText(context, run, member, text);
  for (const [step, transformation] of part.transformations.entries()) {
    const before = text;
    text = transformation.apply(text);
    const isLast = step === part.transformations.length - 1;
    if (part.isMultiMatch && !isLast && text !== before && runText(context, run, member, text)) isMatched = true;
    if (part.isMultiMatch && isLast && text === before) return isMatched;
  }
  return runText(context, run, member, text) || isMatched;
}

function runText(context: RunContext, run: TargetRun, member: Member, text: string): boolean {
  return runOutcome(context, run, member, { text, hit: run.part.operator.evaluate(text, context.scope) });
}

const noMatch: OperatorHit = { matched: "", captures: [] };

function runOutcome(context: RunContext, run: TargetRun, member: Member, outcome: Outcome): boolean {
  const { state } = context;
  const { part, rule, match } = run;
  const { text, hit } = outcome;
  if ((hit !== undefined) === part.isNegated) return false;
  if (part.isCapture && hit !== undefined) setCaptures(state, hit);
  setMatched(state, member.name, text);
  runActions(context, rule, part);
  note(context, run, member, { text, hit: hit ?? noMatch, match });
  return true;
}

function note(
  context: RunContext,
  run: TargetRun,
  member: Member,
  found: { readonly text: string; readonly hit: OperatorHit; readonly match: RuleMatch },
): void {
  const { match } = found;
  if (!run.rule.rule.isLogged) return;
  if (match.variables.length >= runLimits.variablesMax) {
    match.omitted++;
    return;
  }
  const isChain = run.rule.parts.length > 1;
  match.variables.push({
    name: member.name,
    value: member.text.slice(0, runLimits.valueBytesMax),
    matched: found.hit.matched.slice(0, runLimits.valueBytesMax),
    transformed: found.text.slice(0, runLimits.valueBytesMax),
    logData: isChain ? "" : expandMacro(context.state, run.part.logData),
  });
}

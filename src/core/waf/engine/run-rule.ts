// One rule, asked plainly: every member of its targets, transformed, against its operator; then the links of its chain. Hits that judge.ts found are only where to look:
// what comes of them is worked out here, the same way for all rules.
import { assert } from "../../../base/assert.ts";
import type { MatchedVariable } from "./engine.ts";
import type { OperatorScope } from "../operators/operator.ts";
import { runActions, setCaptures, setMatched, type ActionContext } from "./actions.ts";
import { chargeWork } from "./budget.ts";
import type { CompiledPart, CompiledRule, CompiledTarget } from "./compiled.ts";
import { isTargetExcluded } from "./exclusions.ts";
import { expandMacro } from "./macro.ts";
import type { Outcome, OutcomeMemo } from "./outcome-memo.ts";
import type { State } from "./state.ts";
import { nameOfValue } from "./variables.ts";

export const runLimits = {
  /** Variables told of one rule; more are counted. */
  variablesMax: 16,
  /** What asking about one member counts as, besides its bytes. */
  memberBytes: 64,
  /** Of a value in a report. */
  valueBytesMax: 4096,
} as const;

/** What a rule matched, for the report. One for all rules: what is told is taken out of it. */
export interface RuleMatch {
  variables: MatchedVariable[];
  omitted: number;
}

/** Where in the rules it stands: set as it goes on, so that asking a rule allocates nothing. */
export interface Place {
  rule: CompiledRule | undefined;
  part: CompiledPart | undefined;
  target: CompiledTarget | undefined;
  isMatched: boolean;
}

export interface RunContext extends ActionContext {
  readonly scope: OperatorScope;
  /** Hits of pure parts are known; false: every value is asked. */
  readonly hasHits: boolean;
  readonly outcomes: OutcomeMemo;
  readonly place: Place;
  readonly match: RuleMatch;
  /** Of variables that are read while rules run. */
  readonly emit: (key: string, text: string) => void;
  readonly countMember: (key: string) => void;
  members: number;
}

/** Callbacks of readers, made once for a transaction. */
export function createEmitters(contextOf: () => RunContext): Pick<RunContext, "emit" | "countMember"> {
  return {
    emit: (key, text) => {
      const context = contextOf();
      const { rule, target } = context.place;
      assert(rule !== undefined && target !== undefined, "a reader runs within a rule");
      if (isLeftOut(context.state, rule, target, key)) return;
      const { name, prefix } = target.selector;
      const told = name.startsWith("MATCHED_VARS") ? key : key === "" ? name : prefix + key;
      if (runMember(context, told, text)) context.place.isMatched = true;
    },
    countMember: (key) => {
      const context = contextOf();
      const { rule, target } = context.place;
      assert(rule !== undefined && target !== undefined, "a reader runs within a rule");
      if (!isLeftOut(context.state, rule, target, key)) context.members++;
    },
  };
}

/** Whether the whole chain matched. Actions of parts that matched are done, the rule's own are not. */
export function runRule(context: RunContext, rule: CompiledRule): boolean {
  const { state, place } = context;
  state.ruleIndex = rule.index;
  state.matchedCount = 0;
  place.rule = rule;
  const { parts } = rule;
  for (let index = 0; index < parts.length; index++) if (!runPart(context, rule, parts[index]!)) return false;
  return true;
}

function runPart(context: RunContext, rule: CompiledRule, part: CompiledPart): boolean {
  if (part.source.variables.length === 0) {
    // A SecAction always matches, and says nothing about a variable.
    runActions(context, rule, part);
    return true;
  }
  context.place.part = part;
  let isMatched = false;
  const { targets } = part;
  for (let index = 0; index < targets.length; index++) if (runTarget(context, part, targets[index]!)) isMatched = true;
  return isMatched;
}

function runTarget(context: RunContext, part: CompiledPart, target: CompiledTarget): boolean {
  const { state, place } = context;
  const { selector, read } = target;
  place.target = target;
  if (selector.isCount) return runMember(context, target.countName, smallNumber(count(context, target)));
  if (read !== undefined) {
    place.isMatched = false;
    read(state, context.emit);
    return place.isMatched;
  }
  let isMatched = false;
  if (context.hasHits && part.pure >= 0) {
    for (let hit = state.partHead[part.pure]!; hit >= 0; hit = state.hitNext[hit]!) {
      if (runValue(context, target, state.hitValue[hit]!)) isMatched = true;
    }
    return isMatched;
  }
  for (const source of selector.sources!) {
    for (let value = state.sourceHead[source]!; value >= 0; value = state.valueNext[value]!) {
      if (runValue(context, target, value)) isMatched = true;
    }
  }
  return isMatched;
}

function runValue(context: RunContext, target: CompiledTarget, value: number): boolean {
  const { state, place } = context;
  const { selector } = target;
  const source = state.valueSource[value]!;
  const key = state.valueKey[value]!;
  if (!selector.sources!.includes(source) || !selector.hasKey(key)) return false;
  if (isLeftOut(state, place.rule!, target, key)) return false;
  return runMember(context, nameOfValue(selector, source, key), state.valueText[value]!);
}

function isLeftOut(state: State, rule: CompiledRule, target: CompiledTarget, key: string): boolean {
  const { selector, without } = target;
  for (let index = 0; index < without.length; index++) if (without[index]!.hasKey(key)) return true;
  return state.exclusions !== undefined && isTargetExcluded(state.exclusions, rule.index, selector.name, key);
}

function count(context: RunContext, target: CompiledTarget): number {
  const { state, place } = context;
  const { selector, read } = target;
  context.members = 0;
  if (read !== undefined) {
    read(state, context.countMember);
    return context.members;
  }
  let members = 0;
  for (const source of selector.sources!) {
    for (let value = state.sourceHead[source]!; value >= 0; value = state.valueNext[value]!) {
      const key = state.valueKey[value]!;
      if (selector.hasKey(key) && !isLeftOut(state, place.rule!, target, key)) members++;
    }
  }
  return members;
}

const smallNumbers = Array.from({ length: 256 }, (_, number) => String(number));

function smallNumber(number: number): string {
  return smallNumbers[number] ?? String(number);
}

/** One member: its text after transformations, or with multiMatch each text on the way that differs from the one before. */
function runMember(context: RunContext, name: string, value: string): boolean {
  const { state } = context;
  chargeWork(state, runLimits.memberBytes + value.length);
  if (state.isOverBudget) return false;
  const part = context.place.part!;
  const { transformations, isMultiMatch } = part;
  if (part.pure >= 0 && !isMultiMatch) {
    return runOutcome(context, name, value, context.outcomes.of(part, value, context.scope));
  }
  let text = value;
  let isMatched = isMultiMatch && transformations.length > 0 && runText(context, name, value, text);
  for (let step = 0; step < transformations.length; step++) {
    const before = text;
    text = transformations[step]!.apply(text);
    const isLast = step === transformations.length - 1;
    if (isMultiMatch && !isLast && text !== before && runText(context, name, value, text)) isMatched = true;
    if (isMultiMatch && isLast && text === before) return isMatched;
  }
  return runText(context, name, value, text) || isMatched;
}

function runText(context: RunContext, name: string, value: string, text: string): boolean {
  const hit = context.place.part!.operator.evaluate(text, context.scope);
  return runOutcome(context, name, value, { text, hit });
}

function runOutcome(context: RunContext, name: string, value: string, outcome: Outcome): boolean {
  const { state, place } = context;
  const part = place.part!;
  const rule = place.rule!;
  const { text, hit } = outcome;
  if ((hit !== undefined) === part.isNegated) return false;
  if (part.isCapture && hit !== undefined) setCaptures(state, hit);
  setMatched(state, name, text);
  if (part.hasEffects) runActions(context, rule, part);
  if (rule.rule.isLogged) note(context, name, value, outcome);
  return true;
}

function note(context: RunContext, name: string, value: string, outcome: Outcome): void {
  const { state, place, match } = context;
  if (match.variables.length >= runLimits.variablesMax) {
    match.omitted++;
    return;
  }
  const isChain = place.rule!.parts.length > 1;
  match.variables.push({
    name,
    value: cut(value),
    matched: cut(outcome.hit?.matched ?? ""),
    transformed: cut(outcome.text),
    logData: isChain ? "" : expandMacro(state, place.part!.logData),
  });
}

function cut(text: string): string {
  return text.length > runLimits.valueBytesMax ? text.slice(0, runLimits.valueBytesMax) : text;
}

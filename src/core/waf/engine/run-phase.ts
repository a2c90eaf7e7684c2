// The rules of one phase, in file order: those that must be asked and those whose head was hit; skips, removals and exclusions; what the policy does with a rule that matched.
import { assert } from "../../../base/assert.ts";
import type { MatchedRule } from "./engine.ts";
import type { CompiledRule } from "./compiled.ts";
import { addBits } from "./exclusions.ts";
import { expandMacro, expandMasked } from "./macro.ts";
import { runRule, type RuleMatch, type RunContext } from "./run-rule.ts";
import { chargeTime } from "./budget.ts";
import type { State } from "./state.ts";
import { sources } from "./sources.ts";

export const phaseLimits = {
  /** Matched rules told of one transaction; more are counted. */
  rulesMax: 256,
} as const;

export interface PhaseContext extends RunContext {
  /** Rules that match without being logged are listed, too. */
  readonly isSilentListed: boolean;
}

export function runPhase(context: PhaseContext, phase: number): void {
  const { state } = context;
  state.phase = phase;
  if (state.allowed === "phase") state.allowed = "";
  if (phase !== 5 && (state.allowed === "all" || (state.allowed === "request" && phase <= 2))) return;
  const { compiled, program } = state;
  const bits = compiled.phaseBits[phase]!;
  let from = 0;
  for (let word = 0; word < bits.length; word++) {
    for (;;) {
      if (state.engineMode === "off") return;
      const next = nextRule(context, word, from, bits[word]! & program.active[word]!);
      if (next < 0) break;
      from = next + 1;
      const rule = compiled.rules[next]!;
      if (!isWorthAsking(context, rule)) continue;
      const isMatched = visit(context, rule);
      if (isMatched && state.interruption !== undefined && phase !== 5 && isStopped(state)) return;
      if (isMatched && state.allowed !== "" && phase !== 5) return;
      if (isMatched && rule.skipTo > from) from = rule.skipTo;
      if (state.isOverBudget) return;
    }
    if (from >= bits.length * 32) return;
  }
}

/** The next rule of a word that is to be asked, at or after `from`; -1: none. */
function nextRule(context: PhaseContext, word: number, from: number, phaseBits: number): number {
  const { state } = context;
  const base = word << 5;
  if (from >= base + 32) return -1;
  let bits = phaseBits;
  if (context.hasHits) bits &= state.program.always[word]! | state.pending[word]!;
  if (state.removed !== undefined) bits &= ~state.removed[word]!;
  if (from > base) bits &= -1 << (from - base);
  return bits === 0 ? -1 : base + 31 - Math.clz32(bits & -bits);
}

function isWorthAsking(context: PhaseContext, rule: CompiledRule): boolean {
  if (!context.hasHits) return true;
  for (const pure of rule.needs) if (context.state.partHead[pure]! < 0) return false;
  return true;
}

function visit(context: PhaseContext, rule: CompiledRule): boolean {
  const { state, points } = context;
  chargeTime(state);
  points.inbound = 0;
  points.outbound = 0;
  if (!runRule(context, rule)) {
    takeMatch(context);
    return false;
  }
  if (rule.rule.severity !== undefined) state.highestSeverity = Math.min(state.highestSeverity, rule.rule.severity);
  const disruptive = rule.rule.disruptive === "block" ? rule.rule.blockAction : rule.rule.disruptive;
  const isStopping = disruptive === "deny" || disruptive === "drop" || disruptive === "redirect";
  const match = takeMatch(context);
  if (rule.rule.isLogged || context.isSilentListed) list(context, rule, match, isStopping);
  if (disruptive === "allow") state.allowed = "all";
  if (disruptive === "allow:phase") state.allowed = "phase";
  if (disruptive === "allow:request") state.allowed = "request";
  if (isStopping && state.interruption === undefined && state.phase !== 5) {
    state.interruption = {
      action: disruptive,
      status: disruptive === "redirect" ? redirectStatus(rule.rule.status) : rule.rule.status || 403,
      location: disruptive === "redirect" ? expandMacro(state, rule.redirect) : "",
      ruleId: rule.rule.id,
      phase: state.phase,
      because: "rule",
    };
  }
  return true;
}

/** What was noted of a rule; the note is empty for the next one. */
function takeMatch(context: PhaseContext): RuleMatch {
  const { match } = context;
  if (match.variables.length === 0) return noMatch;
  const taken = { variables: match.variables, omitted: match.omitted };
  match.variables = [];
  match.omitted = 0;
  return taken;
}

const noMatch: RuleMatch = { variables: [], omitted: 0 };

function redirectStatus(status: number): number {
  return [301, 302, 303, 307, 308].includes(status) ? status : 302;
}

/** Detection goes on after what would have stopped the transaction. */
export function isStopped(state: State): boolean {
  return state.interruption !== undefined && state.policy.mode === "block" && state.engineMode === "on";
}

function list(context: PhaseContext, rule: CompiledRule, match: RuleMatch, isDisruptive: boolean): void {
  const { state, points } = context;
  if (state.rules.length >= phaseLimits.rulesMax) {
    state.rulesOmitted++;
    return;
  }
  const [head] = rule.parts;
  assert(head !== undefined, "a rule has a head");
  // The last link of a chain that says something speaks for all of it.
  const logData = rule.parts.map((part) => part.logData).findLast((macro) => macro.constant !== "");
  const first = match.variables[0];
  const isChain = rule.parts.length > 1;
  const matched: MatchedRule = {
    ruleId: rule.rule.id,
    phase: rule.phase,
    message: expandMacro(state, head.message),
    messageMasked: expandMasked(state, head.message),
    logDataMasked: logData === undefined ? "" : expandMasked(state, logData),
    secrets: state.secrets,
    logData:
      isChain || first === undefined ? (logData === undefined ? "" : expandMacro(state, logData)) : first.logData,
    severity: rule.rule.severity,
    tags: rule.rule.tags,
    paranoia: rule.paranoia,
    file: head.source.position.file,
    line: head.source.position.line,
    operator: head.operatorText,
    operatorArgument: head.source.operator.argument,
    variables: match.variables,
    variablesOmitted: match.omitted,
    score: points.inbound + points.outbound,
    isDisruptive,
    isLogged: rule.rule.isLogged,
    version: rule.rule.version,
    revision: rule.rule.revision,
    maturity: rule.rule.maturity,
    accuracy: rule.rule.accuracy,
  };
  state.rules.push(matched);
}

/** The policy's exclusions for this request: known as soon as path and method are. */
export function applyPolicyExclusions(state: State): void {
  const { exclusions } = state.program;
  if (exclusions.length === 0) return;
  const path = textOf(state, sources.requestFilename);
  const method = textOf(state, sources.requestMethod).toUpperCase();
  for (const { rules, target, path: isPath, methods, isOfBodyAsk } of exclusions) {
    if (methods.length > 0 && !methods.includes(method)) continue;
    if (isPath !== undefined && !isPath(path)) continue;
    if (isOfBodyAsk) state.isBodyAskExcluded = true;
    if (target === undefined) {
      state.removed ??= new Uint32Array(state.compiled.ruleWords);
      addBits(state.removed, rules);
    } else {
      state.exclusions ??= { targets: [] };
      state.exclusions.targets.push({ rules, target });
    }
  }
}

function textOf(state: State, source: number): string {
  const value = state.sourceHead[source]!;
  return value < 0 ? "" : state.valueText[value]!;
}

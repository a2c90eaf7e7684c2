// The walk of one direction: tiers, rules, ends of tiers, profiles. With a recorder it says each look; the verdict is the same, for it is the same walk.
import { mismatchWords } from "./mismatch-words.ts";
import type { TraceStep } from "../../../model/policy-verdict.ts";
import type { Check } from "./checks.ts";
import type { Program, TierProgram } from "./programs.ts";
import { maybe, no, yes, type Match, type Question } from "./question.ts";
import { does, doesAt, jumpAt, matchAt, type Step } from "./flat-program.ts";
import type { Decision, ReadyRule } from "./rules.ts";

export type Recorder = (step: TraceStep) => void;

export function walk(program: Program, question: Question, record?: Recorder): Decision {
  const { steps, decisions } = program;
  const count = decisions.length;
  for (let index = 0; index < count; index += 1) {
    const doing = doesAt(program, index);
    if (doing >= does.endOpen) {
      if (record !== undefined) recordEnd(steps[index]?.end as TierProgram, record);
      if (doing === does.endDenies) return decisions[index] as Decision;
      continue;
    }
    const match = matchAt(program, index, question);
    if (match === maybe) return walkInDoubt(program, question, { index, record });
    if (record !== undefined) record(stepOf(steps[index]?.rule as ReadyRule, match, question));
    if (match === no || doing === does.log) continue;
    if (doing !== does.pass) return decisions[index] as Decision;
    index = jumpAt(program, index) - 1;
  }
  if (record !== undefined) recordOtherwise(program, record);
  return program.otherwise;
}

interface Doubt {
  readonly index: number;
  readonly record: Recorder | undefined;
}

const canAllow = 1;
const canDeny = 2;

/**
 * From the first rule on that may or may not match: follows both ways. Where all ways end alike the verdict is known after all; else it is
 * unknown, for the first rule's reason. Each tier is walked once, however many ways lead to it.
 */
function walkInDoubt(program: Program, question: Question, { index, record }: Doubt): Decision {
  const doubts: ReadyRule[] = [];
  let last = program.otherwise;
  const bitOf = (decision: Decision) => {
    last = decision;
    return decision.verdict === "deny" ? canDeny : canAllow;
  };
  const known = new Map<number, number>();
  const fromTier = (start: number): number => {
    const mask = known.get(start) ?? waysFrom(start);
    known.set(start, mask);
    return mask;
  };
  const waysFrom = (start: number): number => {
    let mask = 0;
    for (let at = start; at < program.steps.length; at += 1) {
      const { rule, end } = program.steps[at] as Step;
      if (rule === undefined) {
        if (record !== undefined) recordEnd(end, record);
        return mask | (end.end === undefined ? fromTier(at + 1) : bitOf(end.end));
      }
      const match = matchAt(program, at, question);
      record?.(stepOf(rule, match, question));
      if (match === no || rule.action === "Log") continue;
      if (match === maybe) doubts.push(rule);
      mask |= rule.action === "Pass" ? fromTier(jumpAt(program, at)) : bitOf(rule.decision);
      if (match === yes) return mask;
    }
    if (record !== undefined) recordOtherwise(program, record);
    return mask | bitOf(program.otherwise);
  };
  const mask = waysFrom(index);
  const [first] = doubts;
  if (mask !== (canAllow | canDeny) || first === undefined) return last;
  const why =
    first
      .fields()
      .find((field) => field.test(question) === maybe)
      ?.why(question) ?? "";
  const what = `whether ${first.decision.because.replace(/ (allows|denies) it$/, "")} matches is not known`;
  return { verdict: "unknown", because: why === "" ? what : `${what}: ${why}`, by: first.ref };
}

function stepOf(ready: ReadyRule, match: Match, question: Question): TraceStep {
  if (match === yes) {
    const outcome = ({ Allow: "allow", Deny: "deny", Pass: "pass", Log: "log" } as const)[ready.action];
    return { at: ready.ref, outcome, failed: [], because: matchedWords[outcome] };
  }
  const open: Check[] = ready.fields().filter((field) => field.test(question) === (match === no ? no : maybe));
  const failed = open.map(({ field }) => field);
  if (match === no)
    return { at: ready.ref, outcome: "no-match", failed, because: mismatchWords(ready.rule, failed, question) };
  const because = open.map((field) => field.why(question)).find((why) => why !== "") ?? "not known";
  return { at: ready.ref, outcome: "unknown", failed, because };
}

const matchedWords = {
  allow: "all fields matched: allowed",
  deny: "all fields matched: denied",
  pass: "all fields matched: on to the next tier",
  log: "all fields matched: logged, and on to the next rule",
} as const;

function recordEnd(tier: TierProgram, record: Recorder): void {
  if (tier.isProfiles) return;
  const by = tier.end?.by ?? { ...endRef(tier), ruleId: 0 };
  const because =
    tier.end?.because ??
    (tier.endsTier ? "no rule decided: this tier passes on" : "no rule decided, and its policies do not end the tier");
  record({ at: by, outcome: tier.end === undefined ? "pass" : "end-of-tier", failed: [], because });
}

function endRef({ tier, rules }: TierProgram): Omit<TraceStep["at"], "ruleId"> {
  const direction = rules[0]?.ref.direction ?? "ingress";
  return { tier, policy: "", direction, rule: -1, ruleName: "", staged: false };
}

function recordOtherwise({ otherwise }: Program, record: Recorder): void {
  if (otherwise.by === undefined) return;
  record({ at: otherwise.by, outcome: "profile", failed: [], because: otherwise.because });
}

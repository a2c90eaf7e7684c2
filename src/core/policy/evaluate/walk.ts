// The walk of one direction: tiers, rules, ends of tiers, profiles. With a recorder it says each look; the verdict is the same, for it is the same walk.
import type { TraceStep } from "../../../model/policy-verdict.ts";
import type { Check } from "./checks.ts";
import type { Program, TierProgram } from "./programs.ts";
import { maybe, no, yes, type Match, type Question } from "./question.ts";
import { matchRule, type Decision, type ReadyRule } from "./rules.ts";

export type Recorder = (step: TraceStep) => void;

export function walk(program: Program, question: Question, record?: Recorder): Decision {
  const { tiers } = program;
  for (let at = 0; at < tiers.length; at += 1) {
    const tier = tiers[at] as TierProgram;
    const { rules } = tier;
    let isPassed = false;
    for (let index = 0; index < rules.length; index += 1) {
      const ready = rules[index] as ReadyRule;
      const match = matchRule(ready, question);
      if (match === maybe) return walkInDoubt(program, question, { at, index, record });
      if (record !== undefined) record(stepOf(ready, match, question));
      if (match === no || ready.action === "Log") continue;
      if (ready.action !== "Pass") return ready.decision;
      isPassed = true;
      break;
    }
    if (isPassed) continue;
    if (record !== undefined) recordEnd(tier, record);
    if (tier.end !== undefined) return tier.end;
  }
  if (record !== undefined) recordOtherwise(program, record);
  return program.otherwise;
}

interface Doubt {
  readonly at: number;
  readonly index: number;
  readonly record: Recorder | undefined;
}

const canAllow = 1;
const canDeny = 2;

/**
 * From the first rule on that may or may not match: follows both ways. Where all ways end alike the verdict is known after all; else it is
 * unknown, for the first rule's reason. Each tier is walked once, however many ways lead to it.
 */
function walkInDoubt(program: Program, question: Question, { at, index, record }: Doubt): Decision {
  const doubts: ReadyRule[] = [];
  let last = program.otherwise;
  const bitOf = (decision: Decision) => {
    last = decision;
    return decision.verdict === "deny" ? canDeny : canAllow;
  };
  const fromTier = new Map<number, number>();
  const restFrom = (tierAt: number): number => {
    const known = fromTier.get(tierAt);
    if (known !== undefined) return known;
    const mask = waysFrom(tierAt, 0);
    fromTier.set(tierAt, mask);
    return mask;
  };
  const waysFrom = (tierAt: number, ruleAt: number): number => {
    const tier = program.tiers[tierAt];
    if (tier === undefined) {
      if (record !== undefined) recordOtherwise(program, record);
      return bitOf(program.otherwise);
    }
    let mask = 0;
    for (const ready of tier.rules.slice(ruleAt)) {
      const match = matchRule(ready, question);
      record?.(stepOf(ready, match, question));
      if (match === no || ready.action === "Log") continue;
      if (match === maybe) doubts.push(ready);
      mask |= ready.action === "Pass" ? restFrom(tierAt + 1) : bitOf(ready.decision);
      if (match === yes) return mask;
    }
    if (record !== undefined) recordEnd(tier, record);
    return mask | (tier.end === undefined ? restFrom(tierAt + 1) : bitOf(tier.end));
  };
  const mask = waysFrom(at, index);
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
    return { at: ready.ref, outcome: "no-match", failed, because: `${failed.join(", ")} did not match` };
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

// A program as the walk reads it: all tiers in one list of steps, and what most rules ask about in one array of numbers, without a pointer to follow.
import { maybe, no, yes, hasPorts, type End, type Match, type Question } from "./question.ts";
import { isMember, type Members } from "./members.ts";
import { kindBits } from "./rows.ts";
import type { Decision, ReadyRule } from "./rules.ts";
import type { TierProgram } from "./programs.ts";
import type { SelectorEntry } from "./selector-index.ts";

/** A rule, or the end of a tier. */
export type Step =
  | { readonly rule: ReadyRule; readonly end: undefined }
  | { readonly rule: undefined; readonly end: TierProgram };

export interface FlatProgram {
  readonly steps: readonly Step[];
  /** Of steps that decide when they match. */
  readonly decisions: readonly (Decision | undefined)[];
  /** `stride` numbers per step. */
  readonly code: Int32Array;
  readonly members: Members;
}

/** What a step does; ends of tiers are the last two. */
export const does = { allow: 0, deny: 1, pass: 2, log: 3, endOpen: 4, endDenies: 5 } as const;
const doesOf = { Allow: does.allow, Deny: does.deny, Pass: does.pass, Log: does.log } as const;

/** Places in a step's numbers. -1: not asked. */
const at = {
  does: 0,
  protocol: 1,
  from: 2,
  to: 3,
  from2: 4,
  to2: 5,
  source: 6,
  destination: 7,
  others: 8,
  jump: 9,
} as const;
export const stride = 10;

export function flatten(tiers: readonly TierProgram[], members: Members): FlatProgram {
  const steps: Step[] = [];
  const numbers: number[] = [];
  for (const tier of tiers) {
    // Past this tier's end; profiles have no end of their own.
    const jump = steps.length + tier.rules.length + (tier.isProfiles ? 0 : 1);
    for (const rule of tier.rules) {
      const [from = -1, to = -1, from2 = -1, to2 = -1] = rule.ports ?? [];
      const source = rule.source?.number ?? -1;
      const destination = rule.destination?.number ?? -1;
      const others = rule.others.length > 0 ? 1 : -1;
      steps.push({ rule, end: undefined });
      numbers.push(doesOf[rule.action], rule.protocol, from, to, from2, to2, source, destination, others, jump);
    }
    if (tier.isProfiles) continue;
    steps.push({ rule: undefined, end: tier });
    numbers.push(tier.end === undefined ? does.endOpen : does.endDenies, -1, -1, -1, -1, -1, -1, -1, -1, jump);
  }
  const decisions = steps.map(({ rule, end }) => (rule === undefined ? end.end : rule.decision));
  return { steps, decisions, code: Int32Array.from(numbers), members };
}

export function doesAt({ code }: FlatProgram, index: number): number {
  return code[index * stride] as number;
}

export function jumpAt({ code }: FlatProgram, index: number): number {
  return code[index * stride + at.jump] as number;
}

/** Of a step that is a rule. */
export function matchAt(program: FlatProgram, index: number, question: Question): Match {
  const { code, members } = program;
  const base = index * stride;
  const protocol = code[base + at.protocol] as number;
  if (protocol >= 0 && protocol !== question.protocol) return no;
  const from = code[base + at.from] as number;
  if (from >= 0) {
    if (!hasPorts(question.protocol)) return no;
    const port = question.destinationPort;
    if (port < from || port > (code[base + at.to] as number)) {
      const from2 = code[base + at.from2] as number;
      if (from2 < 0 || port < from2 || port > (code[base + at.to2] as number)) return no;
    }
  }
  let result: Match = yes;
  const source = code[base + at.source] as number;
  if (source >= 0 && !holds(members, question.source, source)) {
    if (!isDoubtful(question.source, program.steps[index]?.rule?.source)) return no;
    result = maybe;
  }
  const destination = code[base + at.destination] as number;
  if (destination >= 0 && !holds(members, question.destination, destination)) {
    if (!isDoubtful(question.destination, program.steps[index]?.rule?.destination)) return no;
    result = maybe;
  }
  if ((code[base + at.others] as number) < 0) return result;
  for (const check of program.steps[index]?.rule?.others ?? []) {
    const match = check.test(question);
    if (match === no) return no;
    if (match === maybe) result = maybe;
  }
  return result;
}

function holds(members: Members, { slot, moreSlots }: End, number: number): boolean {
  if (slot < 0) return false;
  if (isMember(members, slot, number)) return true;
  if (moreSlots !== undefined) for (const other of moreSlots) if (isMember(members, other, number)) return true;
  return false;
}

/** Whether it could be selected after all, if only it were known who it is. */
export function isDoubtful({ unknown }: End, entry: SelectorEntry | undefined): boolean {
  return unknown !== "" && entry !== undefined && entry.kinds !== kindBits.networkSet;
}

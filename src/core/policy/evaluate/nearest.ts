// For a denied direction: which allow rules nearly matched, what would have to change in them, and the smallest new policy that allows the flow.
import type { NearestAllow, RuleRef } from "../../../model/policy-verdict.ts";
import { protocolName } from "../write/parts.ts";
import { printYamlDocuments } from "../write/print-yaml.ts";
import type { WrittenAllow } from "./new-allow.ts";
import { policyWords, type Program } from "./programs.ts";
import { no, yes, type Question } from "./question.ts";
import { endWords, portWords } from "./end-words.ts";
import { jumpAt, matchAt, type Step } from "./flat-program.ts";
import type { ReadyRule } from "./rules.ts";
import type { Direction, PolicySet } from "../model.ts";

export const nearestLimits = {
  /** More failing fields than these are not near. */
  failedMax: 2,
  /** Rules that are looked at. */
  rulesMax: 20_000,
  nearestMaxDefault: 3,
} as const;

export interface NearestQuestion {
  readonly direction: Direction;
  readonly program: Program;
  readonly question: Question;
  readonly decidedBy: RuleRef | undefined;
  readonly set: PolicySet;
  readonly nearestMax: number;
  /** Of new-allow.ts. */
  readonly written: WrittenAllow;
}

/** Nearest first: rules with fewest failing fields in the order of the walk, then the new policy. */
export function nearestAllows(asked: NearestQuestion): NearestAllow[] {
  const { direction, question, nearestMax, written } = asked;
  if (nearestMax <= 0) return [];
  const manifest = printYamlDocuments(written.manifests);
  const fresh: NearestAllow = { direction, failed: [], change: written.words, manifest };
  const seen = new Set<number>();
  const near = candidates(asked)
    .map((ready) => ({ ready, failed: failedOf(ready, question) }))
    .filter(({ failed }) => failed.length > 0 && failed.length <= nearestLimits.failedMax)
    .sort((a, b) => a.failed.length - b.failed.length)
    .filter(({ ready }) => !seen.has(ready.ref.ruleId) && seen.add(ready.ref.ruleId));
  const changes = near.slice(0, nearestMax - 1).map(({ ready, failed }): NearestAllow => ({
    direction,
    at: ready.ref,
    failed,
    change: changeWords(ready, failed, asked),
    // An edit of somebody's text: what is written for it would be the new policy below once more.
    manifest: "",
  }));
  return [...changes, fresh];
}

/** Allow rules that the walk looks at before it decides. */
function candidates({ program, question, decidedBy }: NearestQuestion): readonly ReadyRule[] {
  const found: ReadyRule[] = [];
  for (let index = 0; index < Math.min(program.steps.length, nearestLimits.rulesMax); index += 1) {
    const { rule, end } = program.steps[index] as Step;
    if (rule === undefined) {
      if (end.end !== undefined && end.end.by?.ruleId === decidedBy?.ruleId) break;
    } else if (rule.action === "Allow") found.push(rule);
    else if (rule.action === "Deny" && rule.ref.ruleId === decidedBy?.ruleId) break;
    else if (rule.action === "Pass" && matchAt(program, index, question) === yes) index = jumpAt(program, index) - 1;
  }
  return found;
}

function failedOf(ready: ReadyRule, question: Question): string[] {
  return ready.fields().flatMap((field) => (field.test(question) === no ? [field.field] : []));
}

/** "add port 5432/TCP to rule 0 of shop/db". */
function changeWords(ready: ReadyRule, failed: readonly string[], { question, set }: NearestQuestion): string {
  const changes = failed.map((field) => changeOf(field, question));
  const joint = changes.at(-1)?.startsWith("add ") === true ? "to" : "in";
  return `${changes.join(" and ")} ${joint} ${placeWords(ready, set)}`;
}

function placeWords({ ref }: ReadyRule, { policies }: PolicySet): string {
  const policy = policies.find(({ id }) => id === ref.policy);
  const name = ref.ruleName === "" ? "" : ` ("${ref.ruleName}")`;
  return policy === undefined ? `profile ${ref.policy}` : `rule ${ref.rule}${name} of ${policyWords(policy)}`;
}

function changeOf(field: string, question: Question): string {
  const [side, part] = field.split(".");
  const end = side === "source" ? question.source : question.destination;
  switch (part ?? field) {
    case "protocol":
    case "notProtocol":
      return `allow protocol ${protocolName(question.protocol)}`;
    case "ports":
    case "notPorts":
      return side === "source"
        ? `allow source port ${question.sourcePort}`
        : `add port ${portWords(question.destinationPort, question.protocol)}`;
    case "selector":
      return `let the ${side} also select ${endWords(end)}`;
    case "notSelector":
      return `stop excluding ${endWords(end)} as ${side}`;
    case "nets":
      return `add ${end.text} as ${side}`;
    case "notNets":
      return `take ${end.text} out of the excluded ${side} nets`;
    case "service":
      return `name a service of ${endWords(end)} as ${side}`;
    case "domains":
      return `add the name ${question.flow.domains?.[0] ?? "of the address"}`;
    default:
      return `let ${field} match`;
  }
}

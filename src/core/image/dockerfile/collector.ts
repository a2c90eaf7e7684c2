// Takes what rules tell, leaves out what comments ignore, and bounds how much there is; what falls out is told as a finding.
import type { AdviceFinding } from "../advice.ts";
import { placeAt, type Instruction } from "./parse/model.ts";
import { isNameOf, type Plan } from "./plan.ts";
import type { Rule, Tell } from "./rule.ts";
import type { ShellCommand } from "./shell/script.ts";

export const lintLimits = { findingsMax: 10_000, findingsPerRuleMax: 500 } as const;

export interface Collector {
  readonly tell: Tell;
  /** Whose findings come next. */
  rule: Rule | undefined;
  findings(): readonly AdviceFinding[];
}

export interface Ignores {
  readonly everywhere: readonly string[];
  readonly heedsComments: boolean;
}

interface Where {
  readonly line: number;
  readonly column: number;
  readonly instruction: Instruction | undefined;
  readonly message: string;
  readonly fix: string | undefined;
}

export function createCollector(plan: Plan, ignores: Ignores): Collector {
  const found: AdviceFinding[] = [];
  const counts = new Map<Rule, number>();
  const add = ({ line, column, instruction, message, fix }: Where): void => {
    const { rule } = collector;
    if (rule === undefined) return;
    if (ignores.heedsComments && isIgnored(rule, instruction, ignores)) return;
    const count = (counts.get(rule) ?? 0) + 1;
    counts.set(rule, count);
    if (count > lintLimits.findingsPerRuleMax || found.length >= lintLimits.findingsMax) return;
    const severity = plan.severities.get(rule) ?? rule.severity;
    const { id, hadolint, references = [] } = rule;
    found.push({
      rule: id,
      hadolint,
      severity,
      message,
      fix: fix ?? rule.fix,
      line,
      column,
      references,
      subject: "",
      layer: -1,
    });
  };
  const collector: Collector = { tell: tellWith(add), rule: undefined, findings: () => finish(found, counts) };
  return collector;
}

function tellWith(add: (where: Where) => void): Tell {
  return {
    instruction(instruction, message, details) {
      const place = details?.offset === undefined ? instruction : placeAt(instruction, details.offset);
      add({ line: place.line, column: place.column, instruction, message, fix: details?.fix });
    },
    command: (run, command, message, fix) => add({ ...placeOfCommand(run, command), instruction: run, message, fix }),
    place: ({ line, column }, message, fix) => add({ line, column, instruction: undefined, message, fix }),
  };
}

function placeOfCommand(run: Instruction, command: ShellCommand): { line: number; column: number } {
  const heredoc = run.heredocs[command.heredoc];
  if (heredoc === undefined) return placeAt(run, command.offset);
  const before = heredoc.content.slice(0, command.offset);
  const newline = before.lastIndexOf("\n");
  const lines = newline < 0 ? 0 : before.split("\n").length - 1;
  return { line: heredoc.line + lines, column: command.offset - newline };
}

function isIgnored(rule: Rule, instruction: Instruction | undefined, ignores: Ignores): boolean {
  if (ignores.everywhere.some((name) => isNameOf(rule, name))) return true;
  return instruction !== undefined && instruction.ignores.some((name) => isNameOf(rule, name));
}

function finish(found: AdviceFinding[], counts: ReadonlyMap<Rule, number>): readonly AdviceFinding[] {
  for (const [rule, count] of counts) {
    const kept = Math.min(count, lintLimits.findingsPerRuleMax);
    if (count === kept) continue;
    const message = `${count - kept} more findings of ${rule.id} are not shown`;
    const fix = "Mend the first ones.";
    found.push({
      rule: "dockerfile/limit",
      hadolint: "",
      severity: "info",
      message,
      fix,
      line: 1,
      column: 1,
      subject: "",
      layer: -1,
    });
  }
  return found.sort((one, other) => one.line - other.line || one.column - other.column);
}

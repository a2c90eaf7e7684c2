// How waf commands say what is wrong in rule files.
import type { WafProblem } from "../../../../core/waf/position.ts";
import type { Context } from "../../context.ts";
import { harmless } from "../../output/harmless.ts";

export function placeWords({ position }: Pick<WafProblem, "position">): string {
  const { file, line, column } = position;
  return column === 0 ? `${file}:${line}` : `${file}:${line}:${column}`;
}

/** A problem is a paragraph: messages are sentences, and sentences do not fit columns. */
export function problemText({ paint }: Context, problem: WafProblem): string {
  const { severity, code, message, hint, ruleId } = problem;
  const word = severity.padEnd(7);
  const painted = { error: paint.bad(word), warning: paint.odd(word), note: paint.dim(word) }[severity];
  const rule = ruleId === undefined || ruleId === 0 ? "" : `rule ${ruleId}  `;
  return [
    `${painted}  ${paint.bold(placeWords(problem))}  ${rule}${paint.dim(code)}`,
    `         ${message}`,
    ...(hint === "" ? [] : [`         ${paint.dim("fix:")} ${hint}`]),
  ]
    .map((line) => `${harmless(line)}\n`)
    .join("");
}

/** Errors and warnings on standard error, one line each; more than `max` are counted. */
export function sayProblems(context: Context, problems: readonly WafProblem[], max = 20): void {
  const told = problems.filter(({ severity }) => severity !== "note");
  for (const problem of told.slice(0, max)) {
    const hint = problem.hint === "" ? "" : ` (${problem.hint})`;
    context.say(harmless(`${placeWords(problem)}: ${problem.severity}: ${problem.message}${hint}`));
  }
  if (told.length > max) context.say(`${told.length - max} more: garrison waf lint shows all`);
}

export function isPartial(problems: readonly WafProblem[]): boolean {
  return problems.some(({ severity }) => severity === "error");
}

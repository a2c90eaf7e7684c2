// What `garrison waf lint` does: read, compile, print, gate.
import type { WafProblem } from "../../../../core/waf/position.ts";
import type { Context } from "../../context.ts";
import { counted, printDocument } from "../policy/words.ts";
import { problemSeverities, type WafLintFlags } from "./lint.ts";
import { engineOf, loadRules, systemRules } from "./load-rules.ts";
import { wafFormatOf } from "./format-of.ts";
import { placeWords, problemText } from "./problem-words.ts";

export async function runLint(
  context: Context,
  { args, options }: { readonly args: readonly string[]; readonly options: WafLintFlags },
): Promise<number> {
  const loaded = loadRules(args.length > 0 ? args : [systemRules()]);
  // Expressions and arguments are looked at when rules become closures, not before.
  const late = engineOf(loaded).problems;
  const problems = sorted([...loaded.problems, ...late]);
  const format = wafFormatOf(context, options);
  // One line may be wrong in more than one way.
  const refused = linesOf(problems);
  const rules = loaded.rules.length - linesOf(late);
  if (format === "table") {
    const shown = problems.filter(({ severity }) => options.notes === true || severity !== "note");
    await context.print(shown.map((problem) => `${problemText(context, problem)}\n`).join(""));
    context.say(summary(problems, rules, refused));
  } else await printDocument(context, format, { rules, refused, problems });
  return isAtGate(problems, options.failOn) ? 3 : 0;
}

function sorted(problems: readonly WafProblem[]): readonly WafProblem[] {
  return problems.toSorted(
    (one, other) => problemSeverities.indexOf(one.severity) - problemSeverities.indexOf(other.severity),
  );
}

/** Lines that are refused. */
function linesOf(problems: readonly WafProblem[]): number {
  return new Set(problems.filter(({ severity }) => severity === "error").map(placeWords)).size;
}

function isAtGate(problems: readonly WafProblem[], gate: WafLintFlags["failOn"]): boolean {
  if (gate === "never") return false;
  return problems.some(({ severity }) => problemSeverities.indexOf(severity) <= problemSeverities.indexOf(gate));
}

function summary(problems: readonly WafProblem[], rules: number, refused: number): string {
  const words = problemSeverities.map((severity) =>
    counted(problems.filter((one) => one.severity === severity).length, severity),
  );
  const lost = refused === 0 ? "" : `, ${counted(refused, "line")} refused`;
  return `${counted(rules, "rule")} taken${lost}: ${words.join(", ")}`;
}

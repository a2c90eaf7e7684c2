// What `garrison waf lint` does: read, compile, print, gate.
import type { WafProblem } from "../../../../core/waf/position.ts";
import type { Context } from "../../context.ts";
import { counted, printDocument } from "../policy/words.ts";
import { problemSeverities, type WafLintFlags } from "./lint.ts";
import { engineOf, loadRules } from "./load-rules.ts";
import { wafFormatOf } from "./format-of.ts";
import { problemText } from "./problem-words.ts";

export async function runLint(
  context: Context,
  { args, options }: { readonly args: readonly string[]; readonly options: WafLintFlags },
): Promise<number> {
  const loaded = loadRules(args);
  // Expressions and arguments are looked at when rules become closures, not before.
  const problems = sorted([...loaded.problems, ...engineOf(loaded).problems]);
  const format = wafFormatOf(context, options);
  const { rules, refused } = loaded.counts;
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

function isAtGate(problems: readonly WafProblem[], gate: WafLintFlags["failOn"]): boolean {
  if (gate === "never") return false;
  return problems.some(({ severity }) => problemSeverities.indexOf(severity) <= problemSeverities.indexOf(gate));
}

function summary(problems: readonly WafProblem[], rules: number, refused: number): string {
  const words = problemSeverities.map((severity) =>
    counted(problems.filter((one) => one.severity === severity).length, severity),
  );
  const lost = refused === 0 ? "" : `, ${refused} refused`;
  return `${counted(rules, "rule")} looked at${lost}: ${words.join(", ")}`;
}

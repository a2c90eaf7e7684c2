// What `garrison detect lint` does: read, compile, say what is wrong and what is blind, gate.
import type { RuleProblem, RuleState } from "../../../../core/detect/contract.ts";
import { createDetector } from "../../../../core/detect/create-detector.ts";
import { everySupply } from "../../../../core/detect/supply.ts";
import type { Context } from "../../context.ts";
import { fold } from "../../output/fold.ts";
import { harmless } from "../../output/harmless.ts";
import { counted, printDocument } from "../policy/words.ts";
import type { DetectLintFlags } from "./lint.ts";
import { loadRules } from "./load-rules.ts";

export async function runLint(
  context: Context,
  { args, options }: { readonly args: readonly string[]; readonly options: DetectLintFlags },
): Promise<number> {
  const { rules, problems } = loadRules(args);
  const states = createDetector({
    rules,
    supply: everySupply,
    onDetection: () => undefined,
    machine: { hostname: "", bootMs: 0, userName: () => undefined, groupName: () => undefined },
  }).rules();
  const errors = problems.filter(({ severity }) => severity === "error");
  const refused = refusedCount(errors);
  const { unusedMacros, unusedLists } = rules;
  if (states.length === 0 && errors.length === 0)
    context.say(
      `no rule in ${args.join(", ")}: a rule is an item of a list with \`rule:\`, a GarrisonRule, or a Sigma rule`,
    );
  const format = options.json === true ? "json" : context.flags.output;
  if (format === "json" || format === "yaml")
    await printDocument(context, format, {
      problems,
      rules: states,
      unusedMacros,
      unusedLists,
      refused,
      errors: errors.length,
    });
  else {
    const shown = problems.filter(({ severity }) => options.notes === true || severity !== "note");
    await context.print(shown.map((problem) => problemText(context, problem)).join(""));
    await context.print(
      states
        .filter(isWorthTelling)
        .map((state) => sightText(context, state))
        .join(""),
    );
    if (options.notes === true) await context.print(unusedText(unusedMacros, unusedLists));
    if (options.rules === true) await context.print(states.map((state) => ruleText(context, state)).join(""));
    const warnings = problems.filter(({ severity }) => severity === "warning").length;
    context.say(summary(states, { refused, errors: errors.length, warnings }));
  }
  return refused > 0 ? 3 : 0;
}

/** One rule with three mistakes is one rule; what has no name counts by its place. */
export function refusedCount(errors: readonly RuleProblem[]): number {
  return new Set(errors.map(({ file, line, item }) => `${file}\n${item === "" ? line : item}`)).size;
}

function isWorthTelling({ sight }: RuleState): boolean {
  return sight !== "sees";
}

/** Below a rule's place; a line break in a rule's own text is no line of ours. */
function folded(text: string, width: number): readonly string[] {
  return fold(harmless(text), { width, first: " ".repeat(9) }).split("\n");
}

/** A problem is a paragraph: where, what, how to fix it. */
function problemText(
  { paint, width }: Context,
  { severity, code, file, line, item, message, hint }: RuleProblem,
): string {
  const word = severity.padEnd(7);
  const painted = { error: paint.bad(word), warning: paint.odd(word), note: paint.dim(word) }[severity];
  return lines([
    `${painted}  ${paint.bold(`${file}:${line}`)}  ${item === "" ? "" : `${item}  `}${paint.dim(code)}`,
    ...folded(message, width),
    ...(hint === "" ? [] : folded(`${paint.dim("fix:")} ${hint}`, width)),
  ]);
}

function sightText({ paint, width }: Context, { name, file, line, sight, sightBecause }: RuleState): string {
  const word = sight === "blind" ? "blind" : "partly blind";
  return lines([
    `${paint.odd(word.padEnd(7))}  ${paint.bold(`${file}:${line}`)}  ${name}`,
    ...folded(sightBecause, width),
  ]);
}

function ruleText({ paint }: Context, state: RuleState): string {
  const { name, kind, source, priority, isEnabled, eventTypes, sight, techniques } = state;
  const events =
    source === "k8s_audit" ? "audit events" : eventTypes.length === 0 ? "every event" : eventTypes.join(", ");
  const facts = [
    priority,
    kind,
    ...techniques,
    ...(isEnabled ? [] : ["disabled"]),
    ...(sight === "sees" ? [] : [sight]),
  ];
  return lines([`${paint.bold(name)}  ${paint.dim(facts.join(", "))}`, `         ${events}`]);
}

function unusedText(macros: readonly string[], lists: readonly string[]): string {
  return lines([
    ...(macros.length === 0 ? [] : [`unused macros: ${macros.join(", ")}`]),
    ...(lists.length === 0 ? [] : [`unused lists: ${lists.join(", ")}`]),
  ]);
}

function summary(
  states: readonly RuleState[],
  { refused, errors, warnings }: { readonly refused: number; readonly errors: number; readonly warnings: number },
): string {
  const count = (holds: (state: RuleState) => boolean): number => states.filter(holds).length;
  const parts = [
    `${counted(states.length, "rule")} taken`,
    `${count(({ isEnabled }) => !isEnabled)} disabled`,
    `${count(({ sight }) => sight === "blind")} blind`,
    `${count(({ sight }) => sight === "partly-blind")} partly blind`,
    errors > refused ? `${refused} refused for ${counted(errors, "error")}` : `${refused} refused`,
    counted(warnings, "warning"),
  ];
  return parts.join(", ");
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${harmless(text)}\n`).join("");
}

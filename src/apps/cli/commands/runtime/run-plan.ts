// What `garrison runtime plan` does: read, parse, ask the kernel, print, gate.
import type { GuardPlanes } from "../../../../core/runtime-policy/guard-port.ts";
import { parseRuntimeText } from "../../../../core/runtime-policy/parse/parse-policy.ts";
import { planPolicy, type Guarantee, type PlannedRule } from "../../../../core/runtime-policy/plan.ts";
import { readYaml } from "../../../../edge/manifests/read-yaml.ts";
import type { Context } from "../../context.ts";
import { readInputText } from "../../input-file.ts";
import { fold } from "../../output/fold.ts";
import { harmless } from "../../output/harmless.ts";
import { table } from "../../output/table.ts";
import { counted, formatOf, printDocument } from "../policy/words.ts";
import type { RuntimePlanFlags } from "./plan.ts";
import { isError, problemWords } from "./problem-words.ts";

export async function runPlan(
  context: Context,
  { args, options }: { readonly args: readonly string[]; readonly options: RuntimePlanFlags },
): Promise<number> {
  const parsed = (
    await Promise.all(
      args.map(async (file) =>
        parseRuntimeText(file, await readInputText(file, { hint: "give files with policies" }), readYaml),
      ),
    )
  ).flat();
  const planes = await planesHere();
  const plans = parsed.flatMap(({ policy }) => (policy === undefined ? [] : [planPolicy(policy, planes)]));
  const problems = parsed.flatMap((each) => each.problems);
  const refused = parsed.filter(({ policy }) => policy === undefined).length;
  const format = options.json === true ? "json" : formatOf(context);
  if (format === "table") {
    for (const { policy, mode, rules } of plans)
      await context.print(`${policy} (${mode})\n${tableOf(context, rules)}\n`);
    for (const problem of problems) context.say(problemWords(problem));
    context.say(
      `${counted(plans.length, "policy").replace(/policys/, "policies")}, ${refused} refused${leftOutWords(problems.filter(isError).length)}; this node: ${planeWords(planes)}`,
    );
  } else await printDocument(context, format, { planes, policies: plans, refused, problems });
  if (refused > 0) return 2;
  const isPart = problems.some(isError);
  const rules = plans.flatMap((plan) => plan.rules);
  // What is left out is not even detected: no gate lets it pass, and without one it is a part, as with `apply`.
  if ((isPart && options.failOn !== "never") || isAtGate(rules, options.failOn)) return 3;
  return isPart ? 7 : 0;
}

function leftOutWords(errors: number): string {
  return errors === 0 ? "" : `, ${counted(errors, "error")}: what they name is left out`;
}

/** A platform without koffi's native part can plan too: everything is detect only, because. */
async function planesHere(): Promise<GuardPlanes> {
  try {
    return (await import("../../../../edge/sensor/guard/load-guard.ts")).probeGuard();
  } catch {
    const because = "native calls (koffi) cannot be loaded on this platform";
    return { kill: because, killAtCall: because, killAtOpen: because, cgroup: because, lsm: because, lsmMissing: {} };
  }
}

/** In a terminal reasons, which are long and mostly the same, stand below the table, each once. */
function tableOf({ width }: Pick<Context, "width">, rules: readonly PlannedRule[]): string {
  const reasons = [...new Set(rules.map(({ because }) => because))];
  const isWide = width === Number.POSITIVE_INFINITY;
  const noteOf = (because: string): string =>
    isWide || because === "" ? because : `[${reasons.indexOf(because) + 1}]`;
  const notes = reasons.flatMap((because, index) =>
    because === "" || isWide ? [] : [`${fold(harmless(because), { width, first: `[${index + 1}] ` })}\n`],
  );
  const columns = ["rule", "what", "action", "guarantee", "because"].map((title) => ({ title, wraps: true as const }));
  return table(
    columns,
    rules.map(({ place, what, action, guarantee, because }) => [place, what, action, guarantee, noteOf(because)]),
    { width, header: true },
  ).concat(...notes);
}

function planeWords({ kill, cgroup, lsm }: GuardPlanes): string {
  const word = (name: string, because: string): string => (because === "" ? `${name} yes` : `${name} no (${because})`);
  return [word("kill at exec", kill), word("cgroup hooks", cgroup), word("LSM", lsm)].join(", ");
}

const order: readonly Guarantee[] = ["detect", "kill-late", "kill", "prevent"];

function isAtGate(rules: readonly PlannedRule[], gate: RuntimePlanFlags["failOn"]): boolean {
  if (gate === "never") return false;
  return rules.some(({ action, guarantee }) => action === "Block" && order.indexOf(guarantee) <= order.indexOf(gate));
}

// What `garrison policy explain` prints: the walk of both directions, and what would allow a denied flow.
import type { DirectionVerdict, Explanation, FlowVerdict, TraceStep } from "../../../../model/policy-verdict.ts";
import type { PolicyFlow } from "../../../../core/policy/world.ts";
import { harmless } from "../../output/harmless.ts";
import { type Paint, paintVerdict } from "../../output/paint.ts";
import { table } from "../../output/table.ts";
import type { Context } from "../../context.ts";
import { askedFlow } from "./ask-flow.ts";
import { loadPolicies } from "./input.ts";
import { flowWords, formatOf, policyWords, printDocument, ruleWords } from "./words.ts";
import type { ExplainFlags } from "./explain.ts";
import { needFiles } from "./flags.ts";

export async function runExplain(
  context: Context,
  { args, options }: { readonly args: readonly string[]; readonly options: ExplainFlags },
): Promise<number | void> {
  const loaded = await loadPolicies(context, needFiles(args), options);
  const flow = askedFlow(context, options, loaded);
  const nearestMax = Math.min(20, Math.max(0, Math.trunc(Number(options.nearest)) || 0));
  const explanation = loaded.engine.explain(flow, { nearestMax });
  const format = formatOf(context);
  if (format === "table") await context.print(explainedText(context, flow, explanation));
  else await printDocument(context, format, { flow, ...explanation });
  return loaded.code;
}

/** The whole trace as a text for people. */
export function explainedText(context: Context, flow: PolicyFlow, explanation: Explanation): string {
  const { paint, width } = context;
  const { now, staged, nearest } = explanation;
  const parts = [
    `${paint.bold(harmless(flowWords(flow)))}: ${verdictWords(paint, now)}\n`,
    tracesOf(now, paint, width),
  ];
  if (staged !== undefined && !sameVerdict(now, staged)) {
    parts.push(`\n${paint.bold("as if staged policies were enforced")}: ${verdictWords(paint, staged)}\n`);
    parts.push(tracesOf(staged, paint, width));
  }
  for (const [index, near] of nearest.entries()) {
    if (index === 0) parts.push(`\n${paint.bold("what would allow it")}\n`);
    parts.push(`  ${near.direction}: ${harmless(near.change)}\n`);
    if (near.manifest === "") continue;
    parts.push(
      near.manifest
        .trimEnd()
        .split("\n")
        .map((line) => `    ${paint.dim(harmless(line))}\n`)
        .join(""),
    );
  }
  return parts.join("");
}

function sameVerdict(one: FlowVerdict, other: FlowVerdict): boolean {
  return one.verdict === other.verdict && one.because === other.because;
}

function verdictWords(paint: Paint, { verdict, because }: FlowVerdict): string {
  return `${paintVerdict(paint, verdict)}${because === "" ? "" : `, because ${harmless(because)}`}`;
}

function tracesOf(verdict: FlowVerdict, paint: Paint, width: number): string {
  return [verdict.egress, verdict.ingress].map((one) => traceOf(one, paint, width)).join("");
}

function traceOf(trace: DirectionVerdict, paint: Paint, width: number): string {
  const { direction, endpoint, verdict, because, steps } = trace;
  const whose = endpoint === "" ? "" : ` of ${endpoint.replace(/^pod\//, "")}`;
  const head = `\n${direction}${harmless(whose)}: ${paintVerdict(paint, verdict)}${because === "" ? "" : `, ${harmless(because)}`}\n`;
  if (steps.length === 0) return head;
  const columns = [
    { title: "tier" },
    { title: "policy" },
    { title: "rule" },
    { title: "outcome" },
    { title: "because" },
  ];
  const rows = steps.map((step) => stepRow(step, paint));
  const text = table(columns, rows, { width: Math.max(40, width - 2), header: true });
  return (
    head +
    text
      .split("\n")
      .map((line) => (line === "" ? line : `  ${line}`))
      .join("\n")
  );
}

function stepRow({ at, outcome, failed, because }: TraceStep, paint: Paint): readonly string[] {
  const why = because === "" ? failed.join(", ") : because;
  return [
    at.tier === "" ? "-" : at.tier,
    at.policy === "" || at.rule < -1 ? "-" : policyWords(at.policy),
    ruleWords(at),
    outcomeWords(outcome, paint),
    why || "-",
  ];
}

function outcomeWords(outcome: TraceStep["outcome"], paint: Paint): string {
  if (outcome === "allow" || outcome === "deny" || outcome === "unknown") return paintVerdict(paint, outcome);
  return outcome === "no-match" || outcome === "not-selected" ? paint.dim(outcome) : outcome;
}

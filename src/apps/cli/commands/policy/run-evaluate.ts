// What `garrison policy evaluate` does: one flow, or each of a file.
import type { FlowVerdict } from "../../../../model/policy-verdict.ts";
import type { PolicyFlow } from "../../../../core/policy/world.ts";
import { render, type Sheet } from "../../output/format.ts";
import { paintVerdict } from "../../output/paint.ts";
import type { Context } from "../../context.ts";
import { askedFlow } from "./ask-flow.ts";
import { readFlows } from "./flow-lines.ts";
import { loadPolicies } from "./input.ts";
import { decidedWords, endWords, formatOf, portWords, printDocument } from "./words.ts";
import type { EvaluateFlags } from "./evaluate.ts";
import { needFiles } from "./flags.ts";

interface Row {
  readonly flow: PolicyFlow;
  readonly verdict: FlowVerdict;
}

export async function runEvaluate(
  context: Context,
  { args, options }: { readonly args: readonly string[]; readonly options: EvaluateFlags },
): Promise<number | void> {
  const loaded = await loadPolicies(context, needFiles(args), options);
  const flows =
    options.flows === undefined
      ? [askedFlow(context, options, loaded)]
      : (await readFlows(context, options.flows, loaded.world)).flows;
  const lane = options.staged === true ? "staged" : "enforced";
  const rows = flows.map((flow) => ({ flow, verdict: loaded.engine.evaluate(flow, lane) }));
  await print(context, rows);
  const isOther = options.expect !== undefined && rows.some(({ verdict }) => verdict.verdict !== options.expect);
  return isOther ? 3 : loaded.code;
}

async function print(context: Context, rows: readonly Row[]): Promise<void> {
  const format = formatOf(context);
  if (format !== "table")
    return printDocument(context, format, { items: rows.map(({ flow, verdict }) => ({ flow, ...verdict })) });
  const { paint } = context;
  const sheet: Sheet<Row> = {
    name: ({ verdict }) => verdict.verdict,
    columns: [
      { title: "source", value: ({ flow }) => endWords(flow.source) },
      { title: "destination", value: ({ flow }) => endWords(flow.destination) },
      { title: "port", value: ({ flow }) => portWords(flow), align: "right" },
      { title: "verdict", value: ({ verdict }) => paintVerdict(paint, verdict.verdict) },
      { title: "because", value: ({ verdict }) => becauseWords(verdict) },
    ],
  };
  await context.print(render(rows, sheet, { format, width: context.width }));
}

/** For an allow the rules that let it through, one for each direction that has policies; else the reason. */
function becauseWords({ verdict, because, egress, ingress }: FlowVerdict): string {
  if (verdict !== "allow") return because;
  const rules = [egress, ingress].flatMap(({ decidedBy }) =>
    decidedBy === undefined || decidedBy.rule < -1 ? [] : [decidedWords(decidedBy)],
  );
  return rules.length === 0 ? "no policy applies" : rules.join(", ");
}

// garrison policy evaluate: allowed, denied or unknown; for one flow, or for each of a file of recorded ones.
import { Option } from "commander";
import type { FlowVerdict, PolicyVerdict } from "../../../../model/policy-verdict.ts";
import type { PolicyFlow } from "../../../../core/policy/world.ts";
import { render, type Sheet } from "../../output/format.ts";
import { paintVerdict } from "../../output/paint.ts";
import type { Context } from "../../context.ts";
import type { CommandUnit } from "../command.ts";
import { flowOf, withFlow, type FlowFlags } from "./ask-flow.ts";
import { readFlows } from "./flow-lines.ts";
import { loadPolicies, needFiles, withInput, type WorldFlags } from "./input.ts";
import { decidedWords, endWords, formatOf, portWords, printDocument } from "./words.ts";

interface EvaluateFlags extends WorldFlags, FlowFlags {
  readonly flows?: readonly string[];
  readonly staged?: boolean;
  readonly expect?: PolicyVerdict;
}

interface Row {
  readonly flow: PolicyFlow;
  readonly verdict: FlowVerdict;
}

export const policyEvaluate: CommandUnit = {
  name: "evaluate",
  add(group, run) {
    withInput(
      withFlow(
        group
          .command("evaluate")
          .summary("is this flow allowed? (or each flow of a file)")
          .argument("[files...]", "files, folders or -; policies and pods may stand together"),
      ),
    )
      .option("--flows <file...>", "JSON lines: recorded flows, or rows of garrison flows -o jsonl")
      .option("--staged", "as if staged policies were enforced")
      .addOption(
        new Option("--expect <verdict>", "exit 3 when a verdict is another").choices(["allow", "deny", "unknown"]),
      )
      .addHelpText(
        "after",
        "\nExamples:\n  garrison policy evaluate policies/ --world pods.yaml --from shop/web --to shop/db --port 5432" +
          "\n  garrison policy evaluate policies/ --from shop/web --to 203.0.113.9 --port 443 --name api.example.com --expect allow",
      )
      .action(
        run<EvaluateFlags>(async (context, { args, options }) => {
          const loaded = await loadPolicies(context, needFiles(args), options);
          const flows =
            options.flows === undefined
              ? [flowOf(options, loaded.world, loaded.set)]
              : (await readFlows(context, options.flows, loaded.world)).flows;
          const lane = options.staged === true ? "staged" : "enforced";
          const rows = flows.map((flow) => ({ flow, verdict: loaded.engine.evaluate(flow, lane) }));
          await print(context, rows);
          const isOther =
            options.expect !== undefined && rows.some(({ verdict }) => verdict.verdict !== options.expect);
          return isOther ? 3 : loaded.code;
        }),
      );
  },
};

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

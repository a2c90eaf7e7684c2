// garrison policy evaluate: allowed, denied or unknown; for one flow, or for each of a file of recorded ones.
import { Option } from "commander";
import type { PolicyVerdict } from "../../../../model/policy-verdict.ts";
import type { CommandUnit } from "../command.ts";
import { type FlowFlags, type WorldFlags, withFlow, withInput } from "./flags.ts";

export interface EvaluateFlags extends WorldFlags, FlowFlags {
  readonly flows?: readonly string[];
  readonly staged?: boolean;
  readonly expect?: PolicyVerdict;
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
        run<EvaluateFlags>(async (context, input) => (await import("./run-evaluate.ts")).runEvaluate(context, input)),
      );
  },
};

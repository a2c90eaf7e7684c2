// garrison policy explain: which rule decided about a flow, step by step, and what would allow it.
import type { CommandUnit } from "../command.ts";
import { type FlowFlags, type WorldFlags, withFlow, withInput } from "./flags.ts";

export interface ExplainFlags extends WorldFlags, FlowFlags {
  readonly nearest: string;
}

export const policyExplain: CommandUnit = {
  name: "explain",
  add(group, run) {
    withInput(
      withFlow(
        group
          .command("explain")
          .summary("why a flow is allowed or denied, step by step, and what would allow it")
          .argument("[files...]", "files, folders or -; policies and pods may stand together"),
      ),
    )
      .option("--nearest <n>", "how many ways to allow a denied flow are shown for each direction", "3")
      .addHelpText(
        "after",
        "\nExample:\n  garrison policy explain policies/ --world pods.yaml --from shop/web --to shop/db --port 5432",
      )
      .action(
        run<ExplainFlags>(async (context, input) => (await import("./run-explain.ts")).runExplain(context, input)),
      );
  },
};

// garrison policy simulate: what a change of policies would have done to recorded flows. Nothing is applied.
import type { CommandUnit } from "../command.ts";
import { type FlowSourceFlags, type WorldFlags, withFlowSource, withInput } from "./flags.ts";

export interface SimulateFlags extends WorldFlags, FlowSourceFlags {
  readonly with?: readonly string[];
  readonly without?: readonly string[];
  readonly instead?: readonly string[];
  readonly max: string;
  readonly failOnDeny?: boolean;
}

export const policySimulate: CommandUnit = {
  name: "simulate",
  add(group, run) {
    withFlowSource(
      withInput(
        group
          .command("simulate")
          .summary("what a change would have done to recorded flows, by workload pair and port")
          .argument("[files...]", "the policies as they are now: files, folders or -"),
      ),
    )
      .option(
        "--with <file...>",
        "add these policies; one of the same dialect, kind, namespace and name takes the place of the old one",
      )
      .option("--without <policy...>", "take these away: namespace/name, or ids such as calico/NetworkPolicy/shop/web")
      .option("--instead <file...>", "these policies in place of all of now's")
      .option("--max <n>", "most rows", "200")
      .option("--fail-on-deny", "exit 3 when the change denies what was allowed")
      .addHelpText(
        "after",
        "\nWithout --with, --without and --instead: what staged policies would do.\n\nExamples:\n" +
          "  garrison policy simulate policies/ --world pods.yaml --with proposed.yaml --flows flows.jsonl\n" +
          "  garrison policy simulate policies/ --world pods.yaml --without shop/web --flows flows.jsonl\n" +
          "  garrison policy simulate policies/ --world pods.yaml --flows flows.jsonl --fail-on-deny",
      )
      .action(
        run<SimulateFlags>(async (context, input) => (await import("./run-simulate.ts")).runSimulate(context, input)),
      );
  },
};

// garrison waf bench: what rules cost on this machine, by kind of request.
import type { CommandUnit } from "../command.ts";
import { withOutput, withRuleFlags, type RuleFlags } from "./flags.ts";

export interface WafBenchFlags extends RuleFlags {
  readonly rounds: string;
  readonly memo: boolean;
  readonly json?: boolean;
}

export const wafBench: CommandUnit = {
  name: "bench",
  add(group, run) {
    withRuleFlags(
      withOutput(
        group
          .command("bench")
          .summary("CPU per request by kind of request, time to load, memory")
          .argument("<rules...>", "a rule folder, or .conf files"),
      ),
      "1",
    )
      .option("--rounds <n>", "passes over the requests, each with fresh values; the median is shown", "5")
      .option("--no-memo", "nothing is remembered between requests")
      .addHelpText("after", "\nExample:\n  garrison waf bench crs/ --paranoia 2")
      .action(run<WafBenchFlags>(async (context, input) => (await import("./run-bench.ts")).runBench(context, input)));
  },
};

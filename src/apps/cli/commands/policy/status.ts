// garrison policy status: what this node enforces, policy by policy, with receipts and counters. Without a server: what the kernel itself says.
import type { CommandUnit } from "../command.ts";
import { type TargetFlags, withTarget } from "./target-flags.ts";

export interface StatusFlags extends TargetFlags {
  readonly kernel?: true;
}

export const policyStatus: CommandUnit = {
  name: "status",
  add(group, run) {
    withTarget(
      group
        .command("status")
        .summary("what this node enforces: per policy state, receipt and counters")
        .option("--kernel", "ask this machine's kernel only: no server is needed"),
    )
      .addHelpText("after", "\nExamples:\n  garrison policy status\n  garrison policy status --kernel")
      .action(
        run<StatusFlags>(async (context, { options }) => (await import("./run-status.ts")).runStatus(context, options)),
      );
  },
};

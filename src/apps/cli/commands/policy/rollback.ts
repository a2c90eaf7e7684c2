// garrison policy rollback: takes the newest change of this node back; what was in force before it comes again.
import type { CommandUnit } from "../command.ts";
import { type TargetFlags, withTarget } from "./target-flags.ts";

export interface RollbackFlags extends TargetFlags {
  readonly waitSeconds: string;
}

export const policyRollback: CommandUnit = {
  name: "rollback",
  add(group, run) {
    withTarget(
      group
        .command("rollback")
        .summary("take the newest change on this node back")
        .argument("[digest]", "the change; default: the one that the node is at"),
    )
      .option("--wait-seconds <n>", "how long to wait for the node's word", "30")
      .addHelpText(
        "after",
        "\nThe resources stay as they are: the next change of any of them is a new change, and `garrison policy apply --confirm DIGEST` brings this one again.\n\nExample:\n  garrison policy rollback",
      )
      .action(
        run<RollbackFlags>(async (context, input) => (await import("./run-rollback.ts")).runRollback(context, input)),
      );
  },
};

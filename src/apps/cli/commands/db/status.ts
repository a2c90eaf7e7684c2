// garrison db status: what is in the database, how old it is, what was refused.
import type { CommandUnit } from "../command.ts";
import { withPlace, type DbPlaceFlags } from "./flags.ts";

export interface DbStatusFlags extends DbPlaceFlags {
  readonly check?: boolean;
}

export const dbStatus: CommandUnit = {
  name: "status",
  add(group, run) {
    withPlace(
      group
        .command("status")
        .summary("feeds, their counts and age, what was refused and why")
        .option("--check", "read every shard and compare its digest"),
    )
      .addHelpText("after", "\nExamples:\n  garrison db status\n  garrison db status --check -o json")
      .action(
        run<DbStatusFlags>(async (context, input) => (await import("./run-status.ts")).runStatus(context, input)),
      );
  },
};

// garrison db update: from a folder or an https address where somebody publishes a database.
import type { CommandUnit } from "../command.ts";
import { withPlace, type DbGateFlags, type DbPlaceFlags } from "./flags.ts";

export interface DbUpdateFlags extends DbPlaceFlags, DbGateFlags {
  readonly from: string;
}

export const dbUpdate: CommandUnit = {
  name: "update",
  add(group, run) {
    withPlace(
      group
        .command("update")
        .summary("fetch what changed from a published database")
        .requiredOption("--from <place>", "folder, or https address of one")
        .option("--shrink-max <percent>", "refuse when a feed lost more records than this", "20")
        .option("--force", "take it even when it is older or a feed does not pass"),
    )
      .addHelpText(
        "after",
        "\nExamples:\n  garrison db update --from /mnt/share/advisories --public-key advisories.pub",
      )
      .action(
        run<DbUpdateFlags>(async (context, input) => (await import("./run-update.ts")).runUpdate(context, input)),
      );
  },
};

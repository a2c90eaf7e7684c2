// garrison db export: the database as one file, or a folder, for a machine without a network.
import type { CommandUnit } from "../command.ts";
import { withPlace, type DbPlaceFlags } from "./flags.ts";

export const dbExport: CommandUnit = {
  name: "export",
  add(group, run) {
    withPlace(
      group
        .command("export")
        .summary("write the database as one plain file, or a folder to copy or publish")
        .argument("<path>", "a file that ends in .tar, else a folder"),
    )
      .addHelpText(
        "after",
        "\nExamples:\n  garrison db export advisories.tar\n  garrison db export /srv/www/advisories",
      )
      .action(run<DbPlaceFlags>(async (context, input) => (await import("./run-export.ts")).runExport(context, input)));
  },
};

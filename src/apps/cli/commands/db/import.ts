// garrison db import: a bundle file, or a folder, into this machine's database.
import type { CommandUnit } from "../command.ts";
import { withPlace, type DbGateFlags, type DbPlaceFlags } from "./flags.ts";

export interface DbImportFlags extends DbPlaceFlags, DbGateFlags {}

export const dbImport: CommandUnit = {
  name: "import",
  add(group, run) {
    withPlace(
      group
        .command("import")
        .summary("take a database that was exported elsewhere")
        .argument("<path>", "the bundle (.tar) or folder")
        .option("--shrink-max <percent>", "refuse when a feed lost more records than this", "20")
        .option("--force", "take it even when it is older or a feed does not pass"),
    )
      .addHelpText("after", "\nExamples:\n  garrison db import advisories.tar --public-key advisories.pub")
      .action(
        run<DbImportFlags>(async (context, input) => (await import("./run-update.ts")).runImport(context, input)),
      );
  },
};

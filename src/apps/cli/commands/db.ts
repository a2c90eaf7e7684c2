// garrison db: the advisory database that images are matched with. Built from feeds that the user has, or fetched from where somebody built it. Each sub-command is a file in db/.
import type { CommandUnit } from "./command.ts";
import { dbCommands } from "./db/list.ts";

export const db: CommandUnit = {
  name: "db",
  add(program, run) {
    const group = program
      .command("db")
      .summary("the advisory database: build it from feeds, update, look at it, carry it to an air gap")
      .description(
        "Vulnerability advisories that images are matched with, as plain files in a folder (default: advisories in the data folder). Nothing is fetched unless a command names where from.",
      );
    for (const unit of dbCommands) unit.add(group, run);
  },
};

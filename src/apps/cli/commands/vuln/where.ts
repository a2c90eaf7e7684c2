// garrison vuln where: what the database knows of a vulnerability, and which images of the server have it.
import { withPlace, type DbPlaceFlags } from "../db/flags.ts";
import type { CommandUnit } from "../command.ts";

export interface VulnWhereFlags extends DbPlaceFlags {
  readonly offline?: boolean;
}

export const vulnWhere: CommandUnit = {
  name: "where",
  add(group, run) {
    withPlace(
      group
        .command("where")
        .summary("where a vulnerability is: packages that have it by the advisories, images of the server")
        .argument("<id>", "a CVE or any other name of it")
        .option("--offline", "do not ask the server"),
    )
      .addHelpText(
        "after",
        "\nExamples:\n  garrison vuln where CVE-2021-44228\n  garrison vuln where GHSA-jfh8-c2jp-5v3q -o json",
      )
      .action(run<VulnWhereFlags>(async (context, input) => (await import("./run-where.ts")).runWhere(context, input)));
  },
};

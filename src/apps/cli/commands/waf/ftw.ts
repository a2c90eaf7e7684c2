// garrison waf ftw: a rule set's regression tests (ftw-tests-schema), in this process or over a socket through our proxy.
import type { CommandUnit } from "../command.ts";
import { withOutput } from "./flags.ts";

export interface WafFtwFlags {
  readonly socket?: boolean;
  readonly overrides?: string;
  readonly include?: string;
  readonly exclude?: string;
  readonly paranoia: string;
  readonly setting?: readonly string[];
  readonly chunkBytes?: string;
  readonly multiline?: boolean;
  readonly json?: boolean;
}

export const wafFtw: CommandUnit = {
  name: "ftw",
  add(group, run) {
    withOutput(
      group
        .command("ftw")
        .summary("run regression tests of a rule set; exit 3 when one fails")
        .argument("<rules>", "a rule folder, or a .conf file")
        .argument("<tests...>", "test files or folders (.yaml), more .conf files"),
    )
      .option("--socket", "over a socket through our proxy, instead of in this process")
      .option("--overrides <file>", "other expectations for named tests, in the schema of platform overrides")
      .option("--include <expression>", "only tests whose id (920100-3) matches")
      .option("--exclude <expression>", "not those")
      .option("--paranoia <level>", "1 to 4", "4")
      .option(
        "--setting <name=value...>",
        "variables of crs-setup over those of the suite: arg_length=400 total_arg_length=6400 max_file_size=64100 combined_file_sizes=65535",
      )
      .option("--chunk-bytes <n>", "bodies are handed over in pieces of so many bytes")
      .option(
        "--multiline",
        "^ and $ match at line ends too, as in libmodsecurity 3; the Core Rule Set expects that they do not",
      )
      .addHelpText(
        "after",
        "\nThe suite's own settings are applied: level 4, nothing blocked, answers looked at; /reflect answers as its JSON body says." +
          "\nThe last line is: N passed, N failed\n\nExamples:\n  garrison waf ftw crs/ crs/tests\n  garrison waf ftw crs/ crs/tests --include '^942' --socket",
      )
      .action(run<WafFtwFlags>(async (context, input) => (await import("./run-ftw.ts")).runFtw(context, input)));
  },
};

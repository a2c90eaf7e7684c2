// garrison waf test: one request against rules, each matched rule explained.
import { Option } from "commander";
import type { CommandUnit } from "../command.ts";
import { withOutput, withRuleFlags, type RuleFlags } from "./flags.ts";

export interface WafTestFlags extends RuleFlags {
  readonly request?: string;
  readonly url?: string;
  readonly method?: string;
  readonly header?: readonly string[];
  readonly body?: string;
  readonly mode: "detect" | "block";
  readonly expect?: "pass" | "block";
  readonly all?: boolean;
  readonly multiline?: boolean;
  readonly json?: boolean;
}

export const wafTest: CommandUnit = {
  name: "test",
  add(group, run) {
    withRuleFlags(
      withOutput(
        group
          .command("test")
          .summary("what rules say about a request: each matched rule, what it saw, the score, the verdict")
          .argument("<rules...>", "a rule folder, or .conf files"),
      ),
      "1",
    )
      .option("--request <file>", "a raw HTTP request; - for standard input")
      .option("--url <url>", "instead of a file: an address or a path with its query")
      .option("--method <method>", "with --url (default: GET, POST with --body)")
      .option("--header <line...>", "with --url: 'Name: value'")
      .option("--body <text>", "with --url: the body; @FILE reads it from a file")
      .addOption(new Option("--mode <mode>", "what is done with it").choices(["detect", "block"]).default("block"))
      .addOption(new Option("--expect <verdict>", "exit 3 when the verdict is another").choices(["pass", "block"]))
      .option("--all", "show rules that matched without being logged too")
      .option(
        "--multiline",
        "^ and $ match at line ends too, as in libmodsecurity 3; the Core Rule Set expects that they do not",
      )
      .addHelpText(
        "after",
        "\nExamples:\n  garrison waf test crs/ --url \"/items?id=1' or '1'='1\"\n  garrison waf test crs/ my.conf --request request.txt --paranoia 2 --expect pass",
      )
      .action(run<WafTestFlags>(async (context, input) => (await import("./run-test.ts")).runTest(context, input)));
  },
};

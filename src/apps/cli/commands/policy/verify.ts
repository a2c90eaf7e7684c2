// garrison policy verify: does the engine agree with truth tables that others made? Prints "N agreed, M disagreed".
import { Option } from "commander";
import type { CommandUnit } from "../command.ts";
import { policyFormats } from "./flags.ts";

export const policyVerify: CommandUnit = {
  name: "verify",
  add(group, run) {
    group
      .command("verify")
      .summary('compare the engine with truth tables (.json, .json.gz): "N agreed, M disagreed"')
      .argument(
        "<files...>",
        "truth tables: cases of namespaces, pods, policies and probes with expected answers; files, folders or -",
      )
      .addOption(new Option("-o, --output <format>", "how it is printed").choices(policyFormats))
      .addHelpText(
        "after",
        "\nA probe agrees when ingress, egress and their sum do. Exit 3 when one does not, 7 when a file is no truth table.\n\nExample:\n  garrison policy verify reachability.json.gz",
      )
      .action(run(async (context, input) => (await import("./run-verify.ts")).runVerify(context, input)));
  },
};

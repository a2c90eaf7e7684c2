// garrison policy compile: the rules that a node's kernel would be given, as nft text for people. Nothing is applied.
import { Option } from "commander";
import type { CompileSettings } from "../../../../core/policy/compile/settings.ts";
import type { CommandUnit } from "../command.ts";
import { type WorldFlags, withInput } from "./flags.ts";

export interface CompileFlags extends WorldFlags {
  readonly node?: string;
  readonly log: CompileSettings["log"];
}

export const policyCompile: CommandUnit = {
  name: "compile",
  add(group, run) {
    withInput(
      group
        .command("compile")
        .summary("the kernel's rules for a node, as nft text; nothing is applied")
        .argument("[files...]", "files, folders or -; policies and pods may stand together"),
    )
      .option(
        "--node <name>",
        "for the pods of this node; without: for all pods of the world, as if one kernel had them",
      )
      .addOption(
        new Option("--log <which>", "first packets that are reported")
          .choices(["all", "denied", "none"])
          .default("all"),
      )
      .addHelpText(
        "after",
        "\nExamples:\n  garrison policy compile policies/ --world pods.yaml --node node-a\n  garrison policy compile policies/ --world pods.yaml | nft -c -f -",
      )
      .action(
        run<CompileFlags>(async (context, input) => (await import("./run-compile.ts")).runCompile(context, input)),
      );
  },
};

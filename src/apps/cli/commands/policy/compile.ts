// garrison policy compile: the rules that a node's kernel would be given, as nft text for people. Nothing is applied.
import { Option } from "commander";
import { Enforcement } from "../../../../model/enforcement.ts";
import { createNftCompiler } from "../../../../core/policy/compile/create-compiler.ts";
import { printRuleset } from "../../../../core/policy/compile/nft/print.ts";
import type { CompileSettings } from "../../../../core/policy/compile/settings.ts";
import { harmlessLines } from "../../output/harmless.ts";
import type { CommandUnit } from "../command.ts";
import { usage } from "./ask-flow.ts";
import { isPartial, loadPolicies, needFiles, sayProblems, withInput, type Loaded, type WorldFlags } from "./input.ts";
import { counted, formatOf, printDocument } from "./words.ts";

interface CompileFlags extends WorldFlags {
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
        run<CompileFlags>(async (context, { args, options }) => {
          const loaded = await loadPolicies(context, needFiles(args), options);
          const settings = settingsOf(loaded, options);
          const compiled = createNftCompiler().compile(loaded.engine, settings);
          sayProblems(context, compiled.problems);
          const format = formatOf(context);
          if (format === "table")
            await context.print(harmlessLines(printRuleset(compiled.ruleset).replaceAll("\t", "  ")));
          else await printDocument(context, format, { ...compiled });
          context.say(
            `${counted(settings.local.length, "endpoint")}, ${counted(loaded.set.policies.length, "policy object")}`,
          );
          return isPartial(compiled.problems) ? 7 : loaded.code;
        }),
      );
  },
};

function settingsOf({ world }: Loaded, { node, log }: CompileFlags): CompileSettings {
  const local = world.endpoints.filter(
    (one) => one.kind === "workload" && one.addresses.length > 0 && (node === undefined || one.node === node),
  );
  if (local.length === 0) {
    const where = node === undefined ? "in the world" : `on node "${node}"`;
    throw usage(`there is no pod with an address ${where}`, "give pods with --world, and --node as in spec.nodeName");
  }
  const { failsafe, workloadToHost } = Enforcement.parse({});
  return {
    node: node ?? "",
    local: local.map(({ id, interfaceName }) => ({ endpoint: id, interfaceName })),
    nodeAddresses: world.endpoints.flatMap((one) => (one.kind === "node" && one.name === node ? one.addresses : [])),
    failsafe,
    workloadToHost,
    alwaysAllowed: [],
    log,
    workloadInterfacePrefixes: [],
  };
}

// What `garrison policy compile` does: the world as one node (or the named one), compiled and printed.
import { Enforcement } from "../../../../model/enforcement.ts";
import { createNftCompiler } from "../../../../core/policy/compile/create-compiler.ts";
import { printRuleset } from "../../../../core/policy/compile/nft/print.ts";
import type { CompileSettings } from "../../../../core/policy/compile/settings.ts";
import { harmlessLines } from "../../output/harmless.ts";
import { usage } from "./ask-flow.ts";
import { isPartial, loadPolicies, sayProblems, type Loaded } from "./input.ts";
import { counted, formatOf, printDocument } from "./words.ts";
import type { Context } from "../../context.ts";
import type { CompileFlags } from "./compile.ts";
import { needFiles } from "./flags.ts";

export async function runCompile(
  context: Context,
  { args, options }: { readonly args: readonly string[]; readonly options: CompileFlags },
): Promise<number | void> {
  const loaded = await loadPolicies(context, needFiles(args), options);
  const settings = settingsOf(loaded, options);
  const compiled = createNftCompiler().compile(loaded.engine, settings);
  sayProblems(context, compiled.problems);
  const format = formatOf(context);
  if (format === "table") await context.print(harmlessLines(printRuleset(compiled.ruleset).replaceAll("\t", "  ")));
  else await printDocument(context, format, { ...compiled });
  context.say(`${counted(settings.local.length, "endpoint")}, ${counted(loaded.set.policies.length, "policy object")}`);
  return isPartial(compiled.problems) ? 7 : loaded.code;
}

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

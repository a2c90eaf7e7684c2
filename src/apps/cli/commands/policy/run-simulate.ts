// What `garrison policy simulate` does: the change as a second engine, and the flows that turn.
import type { RuleRef } from "../../../../model/policy-verdict.ts";
import { createPolicyEngine } from "../../../../core/policy/evaluate/create-engine.ts";
import { simulate, type Simulation, type SimulatedGroup } from "../../../../core/policy/simulate/simulate.ts";
import { parsePolicies } from "../../../../core/policy/parse/parse-policies.ts";
import { readYaml } from "../../../../edge/manifests/read-yaml.ts";
import { render, type Sheet } from "../../output/format.ts";
import { paintVerdict } from "../../output/paint.ts";
import type { Context } from "../../context.ts";
import { usage } from "./ask-flow.ts";
import { recordedFlows } from "./flow-source.ts";
import { isPartial, loadPolicies, readFiles, sayProblems, type Loaded } from "./input.ts";
import { counted, decidedWords, formatOf, portText, printDocument } from "./words.ts";
import type { SimulateFlags } from "./simulate.ts";
import { needFiles } from "./flags.ts";
import { joinedSets, namesakes, withoutPolicies } from "./change-set.ts";

export async function runSimulate(
  context: Context,
  { args, options }: { readonly args: readonly string[]; readonly options: SimulateFlags },
): Promise<number | void> {
  const files = options.instead === undefined ? needFiles(args) : args;
  const now = await loadPolicies(context, files, options);
  const change = await changeOf(context, now, options);
  const { flows, code } = await recordedFlows(context, options, now.world);
  const groupsMax = Math.max(1, Math.trunc(Number(options.max)) || 200);
  const found = simulate({ ...change, current: now.engine, flows, groupsMax });
  await print(context, found);
  if (options.failOnDeny === true && found.totals.newlyDenied > 0) return 3;
  return Math.max(now.code, change.code, code);
}

async function changeOf(context: Context, now: Loaded, flags: SimulateFlags) {
  const given = flags.with ?? flags.instead;
  if (flags.instead !== undefined && (flags.with !== undefined || flags.without !== undefined))
    throw usage("--instead excludes --with and --without", "it replaces all of now's policies");
  if (given === undefined && flags.without === undefined) {
    if (!now.set.policies.some(({ staged }) => staged !== undefined))
      throw usage(
        "nothing is proposed",
        "--with FILE, --without POLICY, --instead FILE, or staged policies among the files",
      );
    return { proposed: now.engine, proposedLane: "staged" as const, code: 0 };
  }
  const rest = withoutPolicies(now.set, flags.without ?? []);
  const parsed = parsePolicies(await readFiles(given ?? []), readYaml);
  sayProblems(context, parsed.problems);
  if (flags.instead === undefined)
    for (const { old, added } of namesakes(rest, parsed.set))
      context.say(`${added} comes beside ${old}; if it is meant to replace it: --without ${old}`);
  const set = flags.instead === undefined ? joinedSets(rest, parsed.set) : parsed.set;
  return { proposed: createPolicyEngine({ set, world: now.world }), code: isPartial(parsed.problems) ? 7 : 0 };
}

async function print(context: Context, found: Simulation): Promise<void> {
  const format = formatOf(context);
  if (format !== "table") return printDocument(context, format, { ...found });
  const { paint } = context;
  const by = (at: RuleRef | undefined): string => decidedWords(at);
  const sheet: Sheet<SimulatedGroup> = {
    name: ({ source, destination }) => `${source} ${destination}`,
    columns: [
      { title: "source", value: ({ source }) => source },
      { title: "destination", value: ({ destination }) => destination },
      { title: "port", value: ({ protocol, port }) => portText({ protocol, from: port, to: port }), align: "right" },
      { title: "connections", value: ({ connections }) => String(connections), align: "right" },
      {
        title: "verdict",
        value: ({ before, after }) => `${paintVerdict(paint, before)} -> ${paintVerdict(paint, after)}`,
      },
      {
        title: "by",
        value: ({ decidedAfter, uncertain }) => (uncertain === "" ? by(decidedAfter) : paint.odd(uncertain)),
      },
    ],
  };
  if (found.groups.length > 0) await context.print(render(found.groups, sheet, { format, width: context.width }));
  const { keys, connections, same, newlyAllowed, newlyDenied, uncertain, recordedOtherwise } = found.totals;
  context.say(
    `${counted(connections, "connection")} of ${counted(keys, "flow key")}: ${same} the same, ${newlyAllowed} newly allowed, ${newlyDenied} newly denied, ${uncertain} uncertain`,
  );
  if (recordedOtherwise > 0)
    context.say(`${recordedOtherwise} were decided otherwise when they were recorded than today's policies would`);
  if (found.more.groups > 0)
    context.say(`${found.more.groups} more rows with ${counted(found.more.connections, "connection")}: --max`);
}

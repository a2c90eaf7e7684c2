// garrison demo: runs the simulated cluster beside a running server, and says what goes wrong in it.
import { Fault } from "../../../base/fault.ts";
import { nearest } from "../../../base/nearest.ts";
import { demoFailures, DemoStory } from "../../../model/demo-story.ts";
import type { Resource } from "../../../model/resource.ts";
import { ask, type Context } from "../context.ts";
import { demoCluster } from "../up-config.ts";
import type { CommandUnit } from "./command.ts";
import { runByItself } from "./run.ts";

const scope = `cluster/${demoCluster}`;
const name = "default";

export const demo: CommandUnit = {
  name: "demo",
  add(program, run) {
    const group = program
      .command("demo")
      .summary("the simulated shop: run it, break it, attack it")
      .addHelpText(
        "after",
        "\nExamples:\n  garrison demo failure slow-payments\n  garrison demo attack on\n  garrison demo failure none\n  garrison demo run --visits-per-second 8",
      );
    group
      .command("run", { isDefault: true })
      .summary("run it beside the server of this data folder, until Ctrl-C (`npm start` does it by itself)")
      .argument("[flags...]", "any setting of `garrison config explain --app demo`, and --config FILE")
      .allowUnknownOption()
      .action(
        run((context, { args }) => {
          const [first = "--"] = args;
          if (!first.startsWith("--")) chosen(first, ["run", "attack", "failure", "status"]);
          return runByItself(context, "demo", args);
        }),
      );
    group
      .command("attack")
      .summary("an intruder in the web shop: download, scan, a look at the database, data sent out")
      .argument("<on|off>")
      .action(
        run(async (context, { args }) => {
          const word = chosen(args[0] ?? "", ["on", "off"]);
          await change(context, { attack: word === "on" });
        }),
      );
    group
      .command("failure")
      .summary("what is broken: slow-payments, crash-loop or none")
      .argument("<failure>", demoFailures.join(", "))
      .action(
        run(async (context, { args }) => {
          await change(context, { failure: chosen(args[0] ?? "", demoFailures) });
        }),
      );
    group.command("status").summary("whether it runs, and what goes wrong in it").action(run(showStatus));
  },
};

function chosen<Word extends string>(given: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === given);
  if (found !== undefined) return found;
  const close = nearest(given, words);
  throw new Fault(`"${given}" is none of ${words.join(", ")}${close === undefined ? "" : `; did you mean ${close}?`}`, {
    code: "cli/usage",
    kind: "usage",
    hint: "garrison demo --help",
  });
}

/** The story as it is, and its generation (0: nobody has written one yet). */
async function current(context: Context): Promise<{ readonly story: DemoStory; readonly generation: number }> {
  const { resources } = await ask(context, "listResources", { params: { kind: "DemoStory" } });
  const found: Resource | undefined = resources.find((one) => one.scope === scope && one.name === name && !one.deleted);
  return { story: DemoStory.parse(found?.spec ?? {}), generation: found?.generation ?? 0 };
}

async function change(context: Context, wanted: Partial<DemoStory>): Promise<void> {
  const { story, generation } = await current(context);
  const spec = { ...story, ...wanted };
  const body = { apiVersion: "garrison/v1" as const, kind: "DemoStory", scope, name, spec };
  // Without a story of its own there is nothing to lose: a deleted one may lie below with a generation.
  const query = generation === 0 ? {} : { ifGeneration: generation };
  const { outcome } = await ask(context, "applyResource", { params: { kind: "DemoStory", name }, query, body });
  await context.print(`${inWords(spec)}${outcome === "unchanged" ? " (as before)" : ""}\n`);
  if (!(await isRunning(context)))
    context.say("the demo does not run: `garrison demo` starts it, `npm start` has it by itself");
}

function inWords({ attack, failure }: DemoStory): string {
  return `failure ${failure}, attack ${attack ? "on" : "off"}`;
}

async function demoNodes(context: Context) {
  const { nodes } = await ask(context, "listNodes", {});
  return nodes.filter((node) => node.cluster === demoCluster);
}

async function isRunning(context: Context): Promise<boolean> {
  return (await demoNodes(context)).some((node) => node.state === "connected");
}

async function showStatus(context: Context): Promise<void> {
  const [{ story }, nodes] = await Promise.all([current(context), demoNodes(context)]);
  const connected = nodes.filter((node) => node.state === "connected").length;
  const found = { cluster: demoCluster, nodes: nodes.length, connected, ...story };
  if (context.flags.output === "json") return context.print(`${JSON.stringify(found, undefined, 2)}\n`);
  const state =
    nodes.length === 0
      ? "has not run here yet"
      : connected === 0
        ? "does not run"
        : `runs, ${connected} of ${nodes.length} nodes connected`;
  await context.print(`demo cluster "${demoCluster}" ${state}\n${inWords(story)}\n`);
}

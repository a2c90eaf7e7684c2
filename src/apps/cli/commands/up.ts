// garrison up: server, store, console and the agent of this machine with one command. What `npm start` runs.
import { rm, stat } from "node:fs/promises";
import path from "node:path";
import { Fault } from "../../../base/fault.ts";
import { cliFile, defaultDataFolder, makeDataFolder } from "../../../edge/config/data-folder.ts";
import { fieldsOf } from "../../../edge/config/fields.ts";
import { loadConfig } from "../../../edge/config/load.ts";
import { apps } from "../apps.ts";
import { ask, readLocal, type Context } from "../context.ts";
import { parseFlags } from "../flags.ts";
import { FirstStartFailed, supervise, type Supervised } from "../supervise.ts";
import { demoCluster, existingFile, partFor, upSchema } from "../up-config.ts";
import { version } from "../version.ts";
import type { CommandUnit } from "./command.ts";

export const up: CommandUnit = {
  name: "up",
  add(program, run) {
    program
      .command("up")
      .summary("everything on this machine: server, store, console, agent, demo")
      .argument("[flags...]", "any setting of `garrison config explain`, and --config FILE")
      .allowUnknownOption()
      .addHelpText(
        "after",
        "\nExamples:\n  garrison up\n  garrison up --console-port 9000 --data /var/lib/garrison\n  npm start -- --no-watch --no-demo\n  npm start -- --kubeconfig ~/.kube/shop.yaml",
      )
      .action(run((context, { args }) => runUp(stoppedBySignals(context), args)));
  },
};

async function runUp(context: Context, words: readonly string[]): Promise<number> {
  const schema = await upSchema();
  const { flags, file } = parseFlags(fieldsOf(schema), words);
  const given = context.flags.data === undefined ? {} : { data: context.flags.data };
  const loaded = await loadConfig(schema, { file, environment: context.environment, flags: { ...given, ...flags } });
  const config = loaded.config as Record<string, unknown> & UpConfig;
  if (config.kubeconfig !== "") config.kubeconfig = await existingFile(config.kubeconfig, context.environment);
  const data = path.resolve(config.data === "" ? defaultDataFolder(context.environment) : config.data);
  await makeDataFolder(data);
  // A demo that was killed could not take its kubeconfig away.
  await rm(path.join(data, "clusters", `${demoCluster}.kubeconfig`), { force: true });
  context.say(`${context.paint.bold("garrison")} ${version}`);
  const codeCache = await codeCacheIn(data);
  const running: Supervised[] = [];
  try {
    const serverPart = { ...(await partFor("server", config)), data };
    const server = supervise({
      app: "server",
      codeCache,
      config: async () => serverPart,
      say: (line) => context.say(line),
    });
    running.push(server);
    const ready = await firstOf(server, context);
    if (ready === undefined) return 0;
    const isDefault = data === path.resolve(defaultDataFolder(context.environment));
    const dataFlag = isDefault ? "" : ` --data ${data}`;
    context.say(
      `  console  ${context.paint.bold(ready.url ?? "")}   (works once; \`npx garrison console${dataFlag}\` prints another)`,
    );
    for (const notice of ready.notices) context.say(`  note     ${notice}`);
    if (config.watch) {
      const introduced = Promise.withResolvers<void>();
      const agent = supervise({
        app: "agent",
        codeCache,
        config: async () => ({
          ...(await partFor("agent", config)),
          data,
          ...(await joinPart(context, data, config.cluster)),
        }),
        say: (line) => context.say(line),
        // Never before the lines of its start, which wait for the first message.
        notice: (line) => void introduced.promise.then(() => context.say(`  ${line}`)),
      });
      running.push(agent);
      await sayAgent(agent, context);
      introduced.resolve();
    } else context.say("  note     this machine is not watched (--no-watch)");
    if (config.demo && config.kubeconfig === "" && !config.kubernetes.inCluster)
      running.push(await startDemo(context, data, codeCache));
    context.say("  stop with Ctrl-C; the history stays in the data folder");
    if (!context.signal.aborted)
      await new Promise((resolve) => context.signal.addEventListener("abort", resolve, { once: true }));
    return 0;
  } finally {
    context.say("stopping ...");
    for (const child of running.toReversed()) await child.stop();
  }
}

interface UpConfig extends Record<string, unknown> {
  data: string;
  watch: boolean;
  demo: boolean;
  cluster: string;
  kubeconfig: string;
  readonly kubernetes: { readonly inCluster: boolean };
}

/** Everything else works without the demo: its failure is said, not fatal. */
async function startDemo(context: Context, data: string, codeCache: string | undefined): Promise<Supervised> {
  const demo = supervise({
    app: "demo",
    codeCache,
    config: async () => (await apps.demo.schema()).parse({ data, cluster: demoCluster }),
    say: (line) => context.say(line),
    notice: (line) => context.say(`  ${line}`),
  });
  try {
    const ready = await firstOf(demo, context);
    for (const notice of ready?.notices ?? []) context.say(`  ${notice}`);
  } catch (error) {
    context.say(`  note     the demo does not run: ${error instanceof Error ? error.message : String(error)}`);
  }
  return demo;
}

/** The first ready of a child, or undefined when Ctrl-C came before it. A failed start ends with the child's exit code. */
async function firstOf(child: Supervised, context: Context): Promise<Awaited<Supervised["first"]> | undefined> {
  const aborted = new Promise<undefined>((resolve) => {
    context.signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  try {
    return await Promise.race([child.first, aborted]);
  } catch (error) {
    if (error instanceof FirstStartFailed) {
      throw new Fault(error.message, {
        code: "cli/start-failed",
        kind: error.exitCode === 2 ? "usage" : "internal",
        hint: "see the lines above",
      });
    }
    throw error;
  }
}

/** The console works without an agent: its failure is said, not fatal. */
async function sayAgent(agent: Supervised, context: Context): Promise<void> {
  try {
    const ready = await firstOf(agent, context);
    for (const notice of ready?.notices ?? []) context.say(`  ${notice}`);
  } catch (error) {
    context.say(`  note     this machine is not watched: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The agents' door and a fresh token, used only when the agent has no valid certificate. */
async function joinPart(context: Context, data: string, cluster: string): Promise<Record<string, unknown>> {
  // GARRISON_SERVER and GARRISON_TOKEN are for commands: this one is for the server that was just started.
  const local: Context = { ...context, flags: { data }, environment: {} };
  const { token } = await ask(local, "createJoinToken", { body: { cluster } });
  const door = (await readLocal(cliFile(data)))?.agents ?? "";
  // A door that listens everywhere is reached on loopback from here.
  const address = door.replace(/^(0\.0\.0\.0|\[?::\]?)(?=:\d+$)/, "127.0.0.1");
  return { cluster, join: { token }, server: { address } };
}

/**
 * Where the children keep compiled code: in the data folder when it is this user's own. In another user's folder they keep none: what
 * root runs must not come from where somebody else can write.
 */
async function codeCacheIn(data: string): Promise<string | undefined> {
  const { uid } = await stat(data);
  return uid === process.getuid?.() ? path.join(data, "run", "code") : undefined;
}

/** Ends with Ctrl-C, and in good order with SIGTERM (service managers, containers) and SIGHUP (the terminal is gone) too. */
function stoppedBySignals(context: Context): Context {
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.once(signal, () => stop.abort());
  return { ...context, signal: AbortSignal.any([context.signal, stop.signal]) };
}

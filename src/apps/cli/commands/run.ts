// garrison run APP: one process by itself, as containers and `garrison up` start it.
import pino from "pino";
import { Fault } from "../../../base/fault.ts";
import { nearest } from "../../../base/nearest.ts";
import { defaultDataFolder, makeDataFolder } from "../../../edge/config/data-folder.ts";
import { fieldsOf, type ConfigField } from "../../../edge/config/fields.ts";
import { loadConfig } from "../../../edge/config/load.ts";
import { appNames, apps, type AppName, type Notice, type Ready } from "../apps.ts";
import type { Context } from "../context.ts";
import { parseFlags } from "../flags.ts";
import { applyRuntimeFlags } from "../runtime-flags.ts";
import type { CommandUnit } from "./command.ts";

/** Set by `up`: the configuration comes as the first message of the parent, and the parent's end is ours. */
export const supervisedVariable = "GARRISON_SUPERVISED";

export const run: CommandUnit = {
  name: "run",
  add(program, wrap) {
    program
      .command("run")
      .summary("one process by itself: server, agent, store or demo")
      .argument("<app>", appNames.join(", "))
      .argument("[flags...]", "any setting of `garrison config explain --app APP`, and --config FILE")
      .allowUnknownOption()
      .addHelpText(
        "after",
        "\nWithout --data: GARRISON_DATA, else ~/.local/share/garrison, as `garrison up`.\n\nExample:\n  garrison run agent --server-address garrison.example:8687 --join-token TOKEN --data /var/lib/garrison",
      )
      .action(
        wrap(async (context, { args }) => {
          const name = appNamed(args[0] ?? "");
          if (context.environment[supervisedVariable] === "1") await runApp(context, name, await fromParent());
          else await runByItself(context, name, args.slice(1));
        }),
      );
  },
};

export function appNamed(name: string): AppName {
  const found = appNames.find((candidate) => candidate === name);
  if (found !== undefined) return found;
  const close = nearest(name, appNames);
  throw new Fault(`there is no app "${name}"${close === undefined ? "" : `, did you mean "${close}"?`}`, {
    code: "cli/usage",
    kind: "usage",
    hint: `one of ${appNames.join(", ")}`,
  });
}

/** An app in this process, configured by flags, environment and file; until Ctrl-C. */
export async function runByItself(context: Context, name: AppName, words: readonly string[]): Promise<void> {
  await runApp(context, name, await ownConfig(context, name, words));
}

async function ownConfig(context: Context, name: AppName, words: readonly string[]): Promise<unknown> {
  const schema = await apps[name].schema();
  const fields = fieldsOf(schema);
  const { flags, file } = parseFlags(fields, words, name);
  // --data is every command's; the store calls its own setting by another name.
  const dataKey = dataKeyOf(fields);
  const data = context.flags.data === undefined ? {} : { [dataKey]: context.flags.data };
  const { config, origins } = await loadConfig(schema, {
    file,
    environment: context.environment,
    flags: { ...data, ...flags },
    defaults: appDefaults(fields, context.environment),
    app: name,
  });
  // Nobody named it, so nobody made it. A folder that was named is the app's to judge.
  if (origins.get(dataKey) === "default") await makeDataFolder(defaultDataFolder(context.environment));
  return config;
}

function dataKeyOf(fields: readonly ConfigField[]): string {
  return fields.some(({ key }) => key === "data") ? "data" : "dataFolder";
}

/** What an app by itself takes where its schema has no default: the data folder of `garrison up`. */
export function appDefaults(
  fields: readonly ConfigField[],
  environment: Context["environment"],
): Readonly<Record<string, string>> {
  return { [dataKeyOf(fields)]: defaultDataFolder(environment) };
}

/** The first message of the supervisor is the configuration, already validated by the same code. */
async function fromParent(): Promise<unknown> {
  return await new Promise((resolve, reject) => {
    process.once("message", resolve);
    process.once("disconnect", () =>
      reject(
        new Fault("the supervisor went away before it sent a configuration", { code: "cli/orphan", kind: "internal" }),
      ),
    );
  });
}

/** The address with its one-time token is for a person at a terminal. Elsewhere standard error is a log that others read. */
export function consoleLine(url: string, isPerson = process.stderr.isTTY): string {
  return isPerson ? `console: ${url}` : `console: ${new URL(url).origin} (sign in: garrison console)`;
}

async function runApp(context: Context, name: AppName, config: unknown): Promise<void> {
  applyRuntimeFlags(name);
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  process.on("disconnect", () => stop.abort());
  process.on("SIGTERM", () => stop.abort());
  const logger = pino(
    { name, level: context.environment["GARRISON_LOG"] ?? "warn", base: { app: name } },
    pino.destination({ fd: 2, sync: true }),
  );
  const ready = (said: Ready): void => {
    if (process.connected) process.send?.(said);
    else {
      if (said.url !== undefined) context.say(consoleLine(said.url));
      for (const notice of said.notices) context.say(notice);
    }
  };
  const notice = (line: string): void => {
    if (process.connected) process.send?.({ type: "notice", line } satisfies Notice);
    else context.say(line);
  };
  try {
    await apps[name].run(config, { logger, signal, ready, notice });
  } finally {
    // The supervisor's channel would keep this process alive after its work is done.
    if (process.connected) process.disconnect?.();
  }
}
